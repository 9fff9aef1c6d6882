// SPDX-License-Identifier: MIT
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { C } from './c-mode.ts';
import type { Mistake } from './protocol.ts';

/** The editor of the playground. */
export interface Editor {
  readonly text: string;
  /** Replaces the text, without reporting it as typed. */
  set(text: string): void;
  /** Marks mistakes at their lines. */
  mark(mistakes: readonly Mistake[]): void;
  focus(): void;
  end(): void;
}

/** Words differ by weight and shade, not by colour: colours are for holders. */
const STYLE = HighlightStyle.define([
  { tag: [tags.keyword, tags.typeName, tags.controlKeyword], fontWeight: '400', color: 'var(--focus)' },
  { tag: tags.comment, color: 'var(--dim)', fontStyle: 'italic' },
  { tag: [tags.string, tags.number, tags.bool, tags.atom], color: 'var(--good)' },
  { tag: tags.meta, color: 'var(--dim)' },
]);

const LOOK = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--raised)', color: 'var(--ink)', fontSize: 'var(--size-small)' },
  '.cm-scroller': { fontFamily: 'var(--code)', fontVariantLigatures: 'none', lineHeight: '1.6' },
  '.cm-gutters': { backgroundColor: 'var(--raised)', color: 'var(--dim)', border: '0' },
  '.cm-activeLineGutter': { backgroundColor: 'transparent', color: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)', borderLeftWidth: '2px' },
  '&.cm-focused': { outline: '2px solid var(--focus)', outlineOffset: '-2px' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--focus) 22%, transparent)',
  },
  '.cm-tooltip': { backgroundColor: 'var(--ground)', color: 'var(--ink)', border: '1px solid var(--line-strong)' },
  '.cm-diagnostic-error': { borderLeft: '3px solid var(--bad)' },
});

/** Makes an editor for C of the kernel in `host`. @param changed called with every text that is typed. */
export function makeEditor(host: HTMLElement, text: string, changed: (text: string) => void): Editor {
  let isOurs = false;
  const view = new EditorView({
    parent: host,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        lintGutter(),
        highlightActiveLineGutter(),
        history(),
        drawSelection(),
        bracketMatching(),
        indentUnit.of('\t'),
        EditorState.tabSize.of(8),
        C,
        syntaxHighlighting(STYLE),
        LOOK,
        EditorView.contentAttributes.of({ 'aria-label': 'C of the check', tabindex: '0' }),
        // Tab leaves the editor, so that the page can be used with the keyboard alone. Enter indents as the line before.
        keymap.of([...defaultKeymap, ...historyKeymap]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !isOurs) changed(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    get text() {
      return view.state.doc.toString();
    },
    set: (next) => {
      isOurs = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
      isOurs = false;
    },
    mark: (mistakes) => {
      const { doc } = view.state;
      const diagnostics = mistakes.map(({ line, column, what }): Diagnostic => {
        const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
        return { from: Math.min(at.from + column - 1, at.to), to: at.to, severity: 'error', message: what };
      });
      view.dispatch(setDiagnostics(view.state, diagnostics));
    },
    focus: () => view.focus(),
    end: () => view.destroy(),
  };
}
