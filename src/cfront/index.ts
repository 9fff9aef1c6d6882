// SPDX-License-Identifier: MIT
import { Language, Parser } from 'web-tree-sitter';
import type { CSource } from './source.ts';
import { type TranslateOptions, translateWith, type Translation } from './translate.ts';

export { failureIn } from './failure.ts';
export { type Known, STEPS, type Table, TABLE, type Word, WORDS } from './known.ts';
export { type CLine, type CSource, type LineOrigin, wholeFile } from './source.ts';
export { CHECK_FUNCTION, type TranslateOptions, type Translation } from './translate.ts';

/** The parser's WebAssembly modules as bytes: the caller reads files, this room does not. */
export interface GrammarBytes {
  /** tree-sitter-c's grammar, `tree-sitter-c.wasm`. */
  readonly grammar: Uint8Array;
  /** web-tree-sitter's own module, `web-tree-sitter.wasm`; if absent, it is loaded from web-tree-sitter's own directory. */
  readonly runtime?: Uint8Array;
}

/** Translates C into the kernel language. */
export interface CFront {
  translate(source: CSource, options: TranslateOptions): Translation;
}

/**
 * Loads the parser, once.
 * @example
 * import { readFile } from 'node:fs/promises';
 * import { cFront, CHECK_FUNCTION, failureIn, STEPS, TABLE, WORDS, wholeFile } from 'folioscope/cfront';
 * const grammar = await readFile('node_modules/tree-sitter-c/tree-sitter-c.wasm');
 * const { translate } = await cFront({ grammar });
 * const text = `static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start,
 *                                                    size_t nr_pages, pgoff_t *err_index)
 * {
 * 	return true;
 * }`;
 * const translation = translate(wholeFile('mine.c', text), { name: 'mine' });
 * translation.kind === 'form' ? translation.form.name : translation.errors; // => 'mine'
 * CHECK_FUNCTION; // => 'kvm_gmem_is_safe_for_conversion'
 * // What a check may call:
 * STEPS.every(({ name }) => TABLE.steps.has(name)); // => true
 * WORDS.map(({ name }) => name).includes('likely'); // => true
 * failureIn('mine.c:3:5: expected an expression'); // => 'mine.c:3:5: expected an expression'
 */
export async function cFront({ grammar, runtime }: GrammarBytes): Promise<CFront> {
  await Parser.init(runtime === undefined ? undefined : { wasmBinary: runtime });
  const parser = new Parser();
  parser.setLanguage(await Language.load(grammar));
  return { translate: (source, options) => translateWith(parser, source, options) };
}
