// SPDX-License-Identifier: MIT

/**
 * The result of generated JavaScript. `given` are the names that it may use.
 * @typeParam T type of the source's `return` value, which is not checked.
 * @example
 * import { generated } from 'folioscope/lang';
 * generated<number>('return given + 1;', { given: 2 }); // => 3
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- who generates the text knows its type
export const generated = <T>(source: string, given: Readonly<Record<string, unknown>> = {}): T =>
  new Function(...Object.keys(given), `'use strict';${source}`)(...Object.values(given)) as T;
