// SPDX-License-Identifier: MIT
import { FIRST_ARRAY_SLOT } from '../text/builder.ts';
import type { Variable } from '../text/expr.ts';
import { extentOf, type Program, rangeOf } from './program.ts';

/**
 * Place of an array of equal numbers in a state's 32-bit words. Elements never straddle words: `perWord` of them are in
 * each word from `word` on, the first at bit `shift`. 0 bits: always 0.
 */
export interface Field {
  readonly word: number;
  readonly shift: number;
  readonly bits: number;
  readonly perWord: number;
  readonly length: number;
}

/** The fields of a packed state. */
export interface Layout {
  readonly words: number;
  readonly variables: ReadonlyMap<Variable, Field>;
  /** By task: the step at which it rests; the number of steps stands for "done". */
  readonly pcs: readonly Field[];
  /** By task: its values, by slot; undefined if no rest needs the slot, so that states do not store it. */
  readonly values: readonly (readonly (Field | undefined)[])[];
  /** By task: all its arrays, which are contiguous from FIRST_ARRAY_SLOT on and share a width. */
  readonly arrays: readonly Field[];
}

/** The field of a task. */
export function fieldAt(fields: readonly Field[], task: number): Field {
  const field = fields[task];
  if (field === undefined) throw new Error(`no field ${task}`);
  return field;
}

const bitsFor = (max: number): number => 32 - Math.clz32(max);

/** Places every field, filling gaps in earlier words first. `codeOf[task]` is the code of each task. */
export function layOut(program: Program, codeOf: readonly number[]): Layout {
  const used: number[] = [];
  const place = (max: number, length: number): Field => {
    const bits = bitsFor(max);
    if (bits === 0 || length === 0) return { word: 0, shift: 0, bits: 0, perWord: 1, length };
    if (bits * length <= 32) {
      let word = used.findIndex((taken) => taken + bits * length <= 32);
      if (word === -1) word = used.push(0) - 1;
      const shift = used[word] ?? 0;
      used[word] = shift + bits * length;
      return { word, shift, bits, perWord: length, length };
    }
    const perWord = 2 ** Math.floor(Math.log2(32 / bits));
    const word = used.length;
    for (let rest = length; rest > 0; rest -= perWord) used.push(Math.min(rest, perWord) * bits);
    return { word, shift: 0, bits, perWord, length };
  };
  const variables = new Map(
    program.variables.map((variable) => [
      variable,
      place(rangeOf(variable, program.sizes).max, extentOf(variable, program.sizes)),
    ]),
  );
  const codes = codeOf.map((number) => {
    const code = program.codes[number];
    if (code === undefined) throw new Error(`no code ${number}`);
    return code;
  });
  const pcs = codes.map((code) => place(code.flow.steps.length, 1));
  const values = codes.map((code) => {
    const remembered = new Set(code.live.flatMap((slots) => [...slots]));
    const widths = code.slotMax.slice(0, FIRST_ARRAY_SLOT);
    return widths.map((max, slot) => (remembered.has(slot) ? place(max, 1) : undefined));
  });
  const arrays = codes.map((code) => {
    const widths = code.slotMax.slice(FIRST_ARRAY_SLOT);
    return place(Math.max(0, ...widths), widths.length);
  });
  return { words: used.length, variables, pcs, values, arrays };
}
