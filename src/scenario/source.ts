// SPDX-License-Identifier: MIT
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import { InputError } from '../ledger/index.ts';

/** Path to a part of a document: keys and list positions from the top. */
export type Path = readonly PropertyKey[];

/** A document's value, and the place of each of its parts in the text. */
export interface Source {
  readonly value: unknown;
  /** An error about the value at `path`, or about its key. */
  error(path: Path, message: string, of?: 'value' | 'key'): InputError;
}

/** A path as text, such as `threads.T0[0].convert`. */
const spell = (path: Path): string =>
  path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`)).join('');

/** Message for a mistake in YAML. It replaces those messages of the library that say how to call the library. */
function syntaxMessage(error: YAMLError): string {
  if (error.code === 'MULTIPLE_DOCS') return 'a second document begins, expected one scenario a file';
  if (error.code === 'DUPLICATE_KEY') return 'a second key of this name, expected each key once';
  return `not YAML: ${error.message.replaceAll(/\s+/g, ' ')}`;
}

/**
 * Reads YAML 1.2, which includes JSON. Whole numbers beyond 2^53 become strings of their decimal digits.
 * @throws InputError if the text is not YAML, or is empty.
 * @example
 * import { readSource, suggestion, textNamesModel } from 'folioscope/scenario';
 * const source = readSource('t.yaml', 'title: A\ntasks: [1]');
 * source.value; // => { title: 'A', tasks: [1] }
 * source.error(['tasks', 0], `no task '1', ${suggestion('1', ['T0'])}`).message; // => "t.yaml:2:9: tasks[0]: no task '1', expected one of T0"
 * textNamesModel('t.yaml', 'model: peer-protocol'); // => true
 */
export function readSource(file: string, text: string): Source {
  const lines = new LineCounter();
  const fail = (offset: number, message: string): InputError => {
    const { line, col } = lines.linePos(offset);
    return new InputError(`${file}:${Math.max(1, line)}:${Math.max(1, col)}: ${message}`);
  };
  let document: Document.Parsed;
  let value: unknown;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, intAsBigInt: true, stringKeys: true });
    const [error] = document.errors;
    if (error?.code === 'RESOURCE_EXHAUSTION') throw new RangeError(error.message);
    if (error !== undefined) throw fail(error.pos[0], syntaxMessage(error));
    visit(document, {
      Pair: (_, { key }) => {
        // No record read from the document would have this key: its value would be ignored silently.
        if (isScalar(key) && key.value === '__proto__') throw fail(startOf(key) ?? 0, 'no name, expected another key');
      },
    });
    value = exactNumbers(document.toJS());
  } catch (error) {
    if (error instanceof InputError) throw error;
    // The library's own limits: nesting too deep for the stack, aliases that multiply.
    throw fail(0, `not a scenario: ${error instanceof RangeError ? 'nested too deeply' : 'too many aliases'}`);
  }
  if (document.contents === null || value === null) throw fail(0, 'empty, expected a scenario');
  return {
    value,
    error: (path, message, of = 'value') => {
      const where = spell(path);
      return fail(offsetOf(document.contents, path, of), where === '' ? message : `${where}: ${message}`);
    },
  };
}

function exactNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (Array.isArray(value)) return value.map(exactNumbers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, exactNumbers(of)]));
}

/** Offset of the value at `path`, or of its key; if it is missing, offset of the part that lacks it. */
function offsetOf(root: Node | null, path: Path, of: 'value' | 'key'): number {
  let node: unknown = root;
  let offset = startOf(root) ?? 0;
  for (const [i, part] of path.entries()) {
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === part);
      if (pair === undefined) return offset;
      const key = startOf(pair.key);
      if (of === 'key' && i === path.length - 1) return key ?? offset;
      next = pair.value;
      offset = startOf(next) ?? key ?? offset;
    } else if (isSeq(node) && typeof part === 'number') {
      next = node.items[part];
      offset = startOf(next) ?? offset;
    } else return offset;
    node = next;
  }
  return offset;
}

const startOf = (node: unknown): number | undefined =>
  isMap(node) || isSeq(node) || isScalar(node) ? node.range?.[0] : undefined;
