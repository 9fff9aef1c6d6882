// SPDX-License-Identifier: MIT
import { StreamLanguage, type StringStream } from '@codemirror/language';

const KEYWORDS: ReadonlySet<string> = new Set(
  'break case const continue do else enum extern for goto if inline return sizeof static struct switch typedef union volatile while'.split(
    ' ',
  ),
);
const TYPES: ReadonlySet<string> = new Set('void bool char short int long signed unsigned'.split(' '));
const VALUES: ReadonlySet<string> = new Set(['true', 'false', 'NULL']);

/** State between two tokens: whether a comment continues on the next line. */
interface State {
  isInComment: boolean;
}

/** Consumes a pattern, if the text matches here. */
function took(stream: StringStream, pattern: string | RegExp): boolean {
  const found = typeof pattern === 'string' ? stream.match(pattern) : stream.match(pattern);
  return found === true || Array.isArray(found);
}

function comment(stream: StringStream, state: State): string {
  state.isInComment = true;
  while (!stream.eol())
    if (took(stream, '*/')) {
      state.isInComment = false;
      break;
    } else stream.next();
  return 'comment';
}

/** C as a check uses it: comments, words, numbers, strings. The translator is in the worker; this is for highlighting only. */
export const C = StreamLanguage.define<State>({
  name: 'c',
  startState: () => ({ isInComment: false }),
  token: (stream, state) => {
    if (state.isInComment) return comment(stream, state);
    if (stream.eatSpace()) return null;
    if (took(stream, '//')) {
      stream.skipToEnd();
      return 'comment';
    }
    if (took(stream, '/*')) return comment(stream, state);
    if (took(stream, /^"(?:[^"\\\n]|\\.)*"?/)) return 'string';
    if (took(stream, /^(?:0x[\da-f]+|\d[\w.]*)/i)) return 'number';
    if (stream.sol() && took(stream, /^#\s*\w+/)) return 'meta';
    const word = stream.match(/^[A-Za-z_]\w*/);
    if (Array.isArray(word)) {
      const [text = ''] = word;
      if (KEYWORDS.has(text)) return 'keyword';
      if (TYPES.has(text) || text.endsWith('_t')) return 'typeName';
      return VALUES.has(text) ? 'atom' : null;
    }
    stream.next();
    return null;
  },
  languageData: { commentTokens: { block: { open: '/*', close: '*/' }, line: '//' } },
});
