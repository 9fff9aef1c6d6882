// SPDX-License-Identifier: MIT
import { evaluate } from '../run/evaluate.ts';

let compiles: boolean | undefined;

/**
 * Whether this context compiles generated JavaScript. A page whose content security policy has no `unsafe-eval` forbids
 * it, as `node --disallow-code-generation-from-strings` does: the text is interpreted then, with equal results, some tens
 * of times slower.
 * @example
 * import { compilesText } from 'folioscope/lang';
 * compilesText(); // => true
 */
export function compilesText(): boolean {
  if (compiles === undefined) {
    try {
      compiles = new Function('return true')() === true;
    } catch (error) {
      if (!(error instanceof EvalError)) throw error;
      compiles = false;
    }
  }
  return compiles;
}

/**
 * The result of generated JavaScript. `given` are the names that it may use.
 * @typeParam T type of the source's `return` value, which is not checked.
 * @example
 * import { generated } from 'folioscope/lang';
 * generated<number>('return given + 1;', { given: 2 }); // => 3
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- who generates the text knows its type
export const generated = <T>(source: string, given: Readonly<Record<string, unknown>> = {}): T =>
  (compilesText()
    ? new Function(...Object.keys(given), `'use strict';${source}`)(...Object.values(given))
    : evaluate(source, given)) as T;
