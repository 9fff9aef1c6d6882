// SPDX-License-Identifier: MIT
import { evaluate } from './evaluate.ts';

let compiles: boolean | undefined;

/**
 * Whether this context compiles generated JavaScript. A page whose content security policy has no `unsafe-eval` forbids it, as
 * `node --disallow-code-generation-from-strings` does: the text is interpreted then, with the same results, some tens of times
 * slower.
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
 * The value that generated JavaScript returns. `given` are the names that it may use.
 * @typeParam T what the source's `return` hands back; nobody checks it.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- who generates the text knows its type
export const generated = <T>(source: string, given: Readonly<Record<string, unknown>> = {}): T =>
  (compilesText()
    ? new Function(...Object.keys(given), `'use strict';${source}`)(...Object.values(given))
    : evaluate(source, given)) as T;
