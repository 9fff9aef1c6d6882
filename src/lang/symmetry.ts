// SPDX-License-Identifier: MIT
import { FIRST_ARRAY_SLOT } from './builder.ts';
import { fieldAt, type Field, type Layout } from './layout.ts';
import { placeOf, maskOf, type Words } from './packed_spelling.ts';
import { type Code, extentOf, type Program } from './program.ts';
import { type Domain, sizeOf } from './types.ts';

/**
 * Elements of a domain that are alike, a scalarset: whoever exchanges two of them, with the tasks that belong to them,
 * changes nothing that a property can tell. That the codes of these tasks are each other's copies, that no memory
 * holds such an element as its value, and that properties treat them alike is the program's word; what can
 * be seen of it is checked.
 */
export interface Symmetry {
  readonly domain: Domain;
  readonly members: readonly number[];
  /** The task of each member. */
  readonly tasks: readonly number[];
}

/** Bits of the state that belong to one member. */
interface Part {
  readonly word: number;
  readonly shift: number;
  readonly bits: number;
}

/** Bits of a key: it has to stay a small integer. */
const MOST_BITS = 30;

/**
 * JavaScript that replaces the state in `words` by the one that stands for all that differ from it by an exchange of
 * members: their parts of the state, taken as numbers, ascend.
 * @throws Error where the program is not symmetric, or a member's part takes more than 30 bits.
 */
export function canonicalizing(
  { domain, members, tasks }: Symmetry,
  program: Program,
  codes: readonly Code[],
  layout: Layout,
  words: Words,
): string {
  const parts = members.map((member, i) => [
    ...partsOfMember(domain, member, program, layout),
    ...partsOfTask(tasks[i] ?? -1, codes, layout),
  ]);
  const [first = []] = parts;
  const widths = (of: readonly Part[]): string => of.map(({ bits }) => bits).join();
  if (parts.some((part) => widths(part) !== widths(first)))
    throw new Error(`the tasks of the domain '${domain.name}' are not alike`);
  const total = first.reduce((sum, { bits }) => sum + bits, 0);
  if (total > MOST_BITS) throw new Error(`an element of '${domain.name}' takes ${total} bits, at most ${MOST_BITS}`);

  const keys = parts.map((part, i) => `let k${i}=${gather(part, words)};`);
  const swaps = members.flatMap((_, last) =>
    Array.from({ length: last }, (__, j) => last - 1 - j).map(
      (i) => `if(k${i}>k${i + 1}){const k=k${i};k${i}=k${i + 1};k${i + 1}=k;}`,
    ),
  );
  const sorted = members.slice(1).map((_, i) => `k${i}<=k${i + 1}`);
  if (sorted.length === 0) return '';
  return `${keys.join('')}if(!(${sorted.join('&&')})){${swaps.join('')}${scatter(parts, words)}}`;
}

function partsOfMember(domain: Domain, member: number, program: Program, layout: Layout): readonly Part[] {
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

function scatter(parts: readonly (readonly Part[])[], words: Words): string {
  const masks = new Map<number, number>();
  const values = new Map<number, string[]>();
  for (const [member, of] of parts.entries()) {
    let at = 0;
    for (const { word, shift, bits } of of) {
      masks.set(word, (masks.get(word) ?? 0) | (maskOf(bits) << shift));
      values.set(word, [...(values.get(word) ?? []), `(k${member}>>>${at}&${maskOf(bits)})<<${shift}`]);
      at += bits;
    }
  }
  return [...masks]
    .map(([word, mask]) => `${words.word(word)}=${words.word(word)}&${~mask}|${(values.get(word) ?? []).join('|')};`)
    .join('');
}
