// SPDX-License-Identifier: MIT
import { FIRST_ARRAY_SLOT, TASK } from '../text/builder.ts';
import { fieldAt, type Field, type Layout } from '../program/layout.ts';
import { placeOf, maskOf, type Words } from '../compile/packed_spelling.ts';
import { type Code, extentOf, type Program } from '../program/program.ts';
import { type Domain, sizeOf } from '../text/types.ts';

/** An element of a domain that belongs to one task and to nobody else. */
interface Owned {
  readonly domain: Domain;
  readonly element: number;
}

/** A task, with the elements that belong to it, in the order that all members of its class have them in. */
export interface Member {
  readonly task: number;
  readonly owned: readonly Owned[];
}

/**
 * Tasks that are alike, in classes (scalarsets): whoever exchanges two members of a class, with what belongs to them, changes
 * nothing that a property can tell. That the codes of these tasks are each other's copies, that no memory holds an
 * element that belongs to one as its value, and that properties treat them alike is the word of whoever says so; `alikeTasks` finds
 * out. What can be seen of it here is checked.
 */
export interface Symmetry {
  readonly classes: readonly (readonly Member[])[];
}

/** Bits of the state that belong to one member. */
interface Part {
  readonly word: number;
  readonly shift: number;
  readonly bits: number;
}

/** Bits of a part of a key: it has to stay a small integer. */
const MOST_BITS = 30;

/**
 * JavaScript that replaces the state in `words` by the one that stands for all that differ from it by an exchange of
 * members: their parts of the state, taken as numbers, ascend.
 * @throws Error where the program is not symmetric.
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

/** Neighbouring parts that make one small integer together. */
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
