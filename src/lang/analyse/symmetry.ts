// SPDX-License-Identifier: MIT
import { FIRST_ARRAY_SLOT, TASK } from '../text/builder.ts';
import { fieldAt, type Field, type Layout } from '../program/layout.ts';
import { placeOf, maskOf, type Words } from '../compile/packed_spelling.ts';
import { type Code, extentOf, type Program } from '../program/program.ts';
import { type Domain, sizeOf } from '../text/types.ts';

/** An element of a domain that belongs to exactly one task. */
interface Owned {
  readonly domain: Domain;
  readonly element: number;
}

/** A task with its elements, in the same order for all members of a class. */
export interface Member {
  readonly task: number;
  readonly owned: readonly Owned[];
}

/**
 * Symmetric tasks, in classes (scalarsets): swapping two members of a class, with their elements, maps runs to runs and changes
 * no property. Three things are assumed here, and `alikeTasks` establishes them: the members' codes are copies of each other, no
 * variable holds a member's element as its value, and the properties are symmetric. What is visible here is checked.
 */
export interface Symmetry {
  readonly classes: readonly (readonly Member[])[];
}

/** A part of a state that belongs to one member. */
interface Part {
  readonly word: number;
  readonly shift: number;
  readonly bits: number;
}

/** Limit of the bits of a digit: it has to stay a small integer. */
const MOST_BITS = 30;

/**
 * JavaScript that replaces the state in `words` by the representative of its equivalence class: the members' parts of the
 * state, read as numbers, are in ascending order.
 * @throws Error if the program is not symmetric.
 */
export const canonicalizing = (
  { classes }: Symmetry,
  program: Program,
  codes: readonly Code[],
  layout: Layout,
  words: Words,
): string => classes.map((members) => `{${sorting(members, program, codes, layout, words)}}`).join('');

function sorting(
  members: readonly Member[],
  program: Program,
  codes: readonly Code[],
  layout: Layout,
  words: Words,
): string {
  const parts = members.map(({ task, owned }) => [
    ...[{ domain: TASK, element: task }, ...owned].flatMap((element) => partsOfElement(element, program, layout)),
    ...partsOfTask(task, codes, layout),
  ]);
  const [first = []] = parts;
  const widths = (of: readonly Part[]): string => of.map(({ bits }) => bits).join();
  const [{ task: named } = { task: -1 }] = members;
  if (parts.some((part) => widths(part) !== widths(first)))
    throw new Error(`a task that is said to be like task ${named} is not`);
  const digits = digitsOf(first);
  if (members.length < 2 || digits.length === 0) return '';

  const key = (member: number, digit: number): string => `k${member}d${digit}`;
  const loads = parts.map((part, i) =>
    digits.map(({ from, to }, d) => `let ${key(i, d)}=${gather(part.slice(from, to), words)};`).join(''),
  );
  const above = (i: number, d = 0): string => {
    const [a, b] = [key(i, d), key(i + 1, d)];
    return d === digits.length - 1 ? `${a}>${b}` : `(${a}>${b}||${a}===${b}&&${above(i, d + 1)})`;
  };
  const exchange = (i: number): string =>
    digits.map((_, d) => `const k${d}=${key(i, d)};${key(i, d)}=${key(i + 1, d)};${key(i + 1, d)}=k${d};`).join('');
  const swaps = members.flatMap((_, last) =>
    Array.from({ length: last }, (__, j) => last - 1 - j).map((i) => `if(${above(i)}){${exchange(i)}}`),
  );
  const unsorted = members.slice(1).map((_, i) => above(i));
  const digitAt = (part: number): number => digits.findIndex(({ to }) => part < to);
  const scattered = scatter(parts, digits, (member, part) => key(member, digitAt(part)), words);
  return `${loads.join('')}if(${unsorted.join('||')}){${swaps.join('')}${scattered}}`;
}

/** Adjacent parts that form one small integer. */
interface Digit {
  readonly from: number;
  readonly to: number;
}

function digitsOf(parts: readonly Part[]): readonly Digit[] {
  const digits: Digit[] = [];
  for (let from = 0, at = 0; at < parts.length; from = at) {
    for (let bits = 0; at < parts.length; at++) {
      bits += parts[at]?.bits ?? 0;
      if (bits > MOST_BITS && at > from) break;
    }
    digits.push({ from, to: at });
  }
  return digits;
}

function partsOfElement({ domain, element: member }: Owned, program: Program, layout: Layout): readonly Part[] {
  return program.variables.flatMap((variable) => {
    const field = layout.variables.get(variable);
    if (variable.type.kind === domain.name)
      throw new Error(`'${variable.name}' holds an element of '${domain.name}', so that its elements are not alike`);
    const place = variable.domains.findIndex(({ name }) => name === domain.name);
    if (field === undefined || place === -1) return [];
    const size = sizeOf(program.sizes, domain.name);
    const inner = variable.domains.slice(place + 1).reduce((all, { name }) => all * sizeOf(program.sizes, name), 1);
    return [...Array(extentOf(variable, program.sizes)).keys()]
      .filter((element) => Math.floor(element / inner) % size === member)
      .flatMap((element) => partOf(field, element));
  });
}

function partsOfTask(task: number, codes: readonly Code[], layout: Layout): readonly Part[] {
  const code = codes[task];
  if (code === undefined) throw new Error(`a symmetric element has no task ${task}`);
  const arrays = fieldAt(layout.arrays, task);
  return [
    ...partOf(fieldAt(layout.pcs, task), 0),
    ...(layout.values[task] ?? []).flatMap((field) => (field === undefined ? [] : partOf(field, 0))),
    ...code.slotMax.slice(FIRST_ARRAY_SLOT).flatMap((_, i) => partOf(arrays, i)),
  ];
}

const partOf = (field: Field, element: number): readonly Part[] =>
  field.bits === 0 ? [] : [{ ...placeOf(field, element), bits: field.bits }];

function gather(parts: readonly Part[], words: Words): string {
  let at = 0;
  return parts
    .map(({ word, shift, bits }) => {
      const to = at;
      at += bits;
      return `(${words.word(word)}>>>${shift}&${maskOf(bits)})<<${to}`;
    })
    .join('|');
}

function scatter(
  parts: readonly (readonly Part[])[],
  digits: readonly Digit[],
  key: (member: number, part: number) => string,
  words: Words,
): string {
  const masks = new Map<number, number>();
  const values = new Map<number, string[]>();
  for (const [member, of] of parts.entries())
    for (const { from, to } of digits) {
      let at = 0;
      for (const [i, { word, shift, bits }] of of.slice(from, to).entries()) {
        masks.set(word, (masks.get(word) ?? 0) | (maskOf(bits) << shift));
        const value = `(${key(member, from + i)}>>>${at}&${maskOf(bits)})<<${shift}`;
        values.set(word, [...(values.get(word) ?? []), value]);
        at += bits;
      }
    }
  return [...masks]
    .map(([word, mask]) => `${words.word(word)}=${words.word(word)}&${~mask}|${(values.get(word) ?? []).join('|')};`)
    .join('');
}
