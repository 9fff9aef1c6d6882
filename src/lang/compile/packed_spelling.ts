// SPDX-License-Identifier: MIT
import type { Claim } from '../text/body.ts';
import { FIRST_ARRAY_SLOT } from '../text/builder.ts';
import { Emitter, sameAsBit, type Spelling } from './emit.ts';
import type { JsIndex } from './js_index.ts';
import type { Local, Variable } from '../text/expr.ts';
import { claimsAt, type FlowNode } from '../program/flow.ts';
import { type Field, fieldAt, type Layout } from '../program/layout.ts';
import type { Code, Program } from '../program/program.ts';
import { sizeOf, type Sizes } from '../text/types.ts';

/** Access of generated code to the words of a state. */
export interface Words {
  /** Word `i`, for reading and assigning. */
  readonly word: (i: number) => string;
  /** Reads the `offset`-th of `count` words from `first` on. */
  readonly read: (first: number, count: number, offset: string) => string;
  /** A statement: clears `mask` in one of these words and sets `bits`; both may be used only once. */
  readonly write: (first: number, count: number, offset: string, mask: string, bits: string) => string;
}

/** The words of an array. */
export const wordsInArray = (array: string): Words => ({
  word: (i) => `${array}[${i}]`,
  read: (first, _, offset) => `${array}[${first}+${offset}]`,
  write: (first, _, offset, mask, bits) => `{const w=${first}+${offset};${array}[w]=${array}[w]&~${mask}|${bits};}`,
});

/** The words in variables `name0`, `name1`, ...: in registers, while a step is computed. */
export const wordsInVariables = (name: string): Words => ({
  word: (i) => `${name}${i}`,
  read: (first, count, offset) => {
    const words = Array.from({ length: count }, (_, i) => `${name}${first + i}`);
    const last = words.pop() ?? '0';
    return words.length === 0 ? last : `(${words.map((word, i) => `${offset}===${i}?${word}:`).join('')}${last})`;
  },
  write: (first, count, offset, mask, bits) => {
    const cases = Array.from({ length: count }, (_, i) => {
      const word = `${name}${first + i}`;
      return `${i === count - 1 ? '' : `if(w===${i})`}${word}=${word}&~m|d;`;
    });
    return `{const w=${offset},m=${mask},d=${bits};${cases.join('else ')}}`;
  },
});

/** A mask of so many low bits. */
export const maskOf = (bits: number): number => (bits === 32 ? -1 : (1 << bits) - 1);

const at = (js: string, known: number | undefined): JsIndex => ({ js, known });

/** One number for several indexes. */
function flatten(index: readonly JsIndex[], extents: readonly number[]): JsIndex {
  return index.reduce(
    (row, next, i) => {
      if (i === 0) return next;
      const extent = extents[i] ?? 1;
      const known = row.known === undefined || next.known === undefined ? undefined : row.known * extent + next.known;
      return at(known === undefined ? `((${row.js})*${extent}+${next.js})` : String(known), known);
    },
    at('0', 0),
  );
}

const extents = (domains: readonly { readonly name: string }[], sizes: Sizes): readonly number[] =>
  domains.map(({ name }) => sizeOf(sizes, name));

/** Place of an element with a constant number. */
export const placeOf = (field: Field, i: number): { readonly word: number; readonly shift: number } => ({
  word: field.word + Math.floor(i / field.perWord),
  shift: field.shift + (i % field.perWord) * field.bits,
});

const shiftIn = (field: Field, index: JsIndex): string =>
  field.length <= field.perWord
    ? `(${field.shift}+${index.js}*${field.bits})`
    : `((${index.js}&${field.perWord - 1})*${field.bits})`;

const wordsOf = (field: Field): number => Math.ceil(field.length / field.perWord);
const offsetIn = (field: Field, index: JsIndex): string => `(${index.js}>>${Math.log2(field.perWord)})`;

/** JavaScript that reads an element of a field. */
export function loading(field: Field, index: JsIndex, words: Words): string {
  if (field.bits === 0) return '0';
  const mask = maskOf(field.bits);
  if (index.known !== undefined) {
    const { word, shift } = placeOf(field, index.known);
    return `(${words.word(word)}>>>${shift}&${mask})`;
  }
  const count = wordsOf(field);
  const word = count <= 1 ? words.word(field.word) : words.read(field.word, count, offsetIn(field, index));
  return `(${word}>>>${shiftIn(field, index)}&${mask})`;
}

/** A statement that stores a value known to fit. */
function storing(field: Field, index: JsIndex, value: string, words: Words): string {
  if (field.bits === 0) return '';
  const mask = maskOf(field.bits);
  if (index.known !== undefined) {
    const { word, shift } = placeOf(field, index.known);
    return `${words.word(word)}=${words.word(word)}&${~(mask << shift)}|${value}<<${shift};`;
  }
  const count = wordsOf(field);
  if (count <= 1) {
    const word = words.word(field.word);
    return `{const h=${shiftIn(field, index)};${word}=${word}&~(${mask}<<h)|${value}<<h;}`;
  }
  const write = words.write(field.word, count, offsetIn(field, index), `(${mask}<<h)`, `${value}<<h`);
  return `{const h=${shiftIn(field, index)};${write}}`;
}

/**
 * The spelling of packed memory in a task's code. Values that are not stored in states become variables: `passing`
 * receives their names, for `declare`.
 */
export function packedSpelling(
  task: number,
  program: Program,
  layout: Layout,
  words: Words,
  passing: Set<string>,
): Spelling {
  const fieldOf = (local: Local, index: JsIndex | undefined): readonly [Field, JsIndex] | undefined => {
    if (local.length === undefined) {
      const field = layout.values[task]?.[local.slot];
      return field === undefined ? undefined : [field, at('0', 0)];
    }
    const first = local.slot - FIRST_ARRAY_SLOT;
    const known = index?.known === undefined ? undefined : first + index.known;
    const js = known === undefined ? `(${first}+${index?.js})` : String(known);
    return [fieldAt(layout.arrays, task), at(js, known)];
  };
  const shared = (variable: Variable, index: readonly JsIndex[]): readonly [Field, JsIndex] => {
    const field = layout.variables.get(variable);
    if (field === undefined) throw new Error(`no field for '${variable.name}'`);
    return [field, flatten(index, extents(variable.domains, program.sizes))];
  };
  const variableFor = (local: Local): string => {
    const name = `l${local.slot}`;
    passing.add(name);
    return name;
  };
  return {
    self: at(String(task), task),
    read: (variable, index) => loading(...shared(variable, index), words),
    write: (variable, index, value) => storing(...shared(variable, index), value, words),
    readLocal: (local, index) => {
      const field = fieldOf(local, index);
      return field === undefined ? variableFor(local) : loading(...field, words);
    },
    writeLocal: (local, index, value) => {
      const field = fieldOf(local, index);
      return field === undefined ? `${variableFor(local)}=${value};` : storing(...field, value, words);
    },
  };
}

/** Declares the variables that a spelling has used. */
export const declare = (passing: ReadonlySet<string>): string =>
  passing.size === 0 ? '' : `let ${[...passing].map((name) => `${name}=0`).join(',')};`;

/** Sets the task's pc, and clears the slots that are not read again, word by word. */
export function restIn(
  node: Extract<FlowNode, { kind: 'step' | 'either' | 'done' }>,
  code: Code,
  task: number,
  layout: Layout,
  words: Words,
): string {
  const pc = node.kind === 'done' ? code.flow.steps.length : node.pc;
  const live: ReadonlySet<number> = (node.kind === 'done' ? undefined : code.live[node.pc]) ?? new Set();
  const clear = new Map<number, number>();
  const set = new Map<number, number>();
  const drop = (field: Field, i: number): void => {
    if (field.bits === 0) return;
    const { word, shift } = placeOf(field, i);
    clear.set(word, (clear.get(word) ?? 0) | (maskOf(field.bits) << shift));
  };
  for (const [slot, field] of (layout.values[task] ?? []).entries())
    if (field !== undefined && !live.has(slot)) drop(field, 0);
  const arrays = fieldAt(layout.arrays, task);
  for (let i = 0; i < arrays.length; i++) if (!live.has(FIRST_ARRAY_SLOT + i)) drop(arrays, i);
  const pcField = fieldAt(layout.pcs, task);
  drop(pcField, 0);
  if (pcField.bits > 0) set.set(pcField.word, pc << pcField.shift);
  return [...clear]
    .map(([word, bits]) => `${words.word(word)}=${words.word(word)}&${~bits}|${set.get(word) ?? 0};`)
    .join('');
}

/** What properties and asserts see of the tasks: their claims, and whether they have finished. */
export function positionsIn(
  program: Program,
  codes: readonly Code[],
  layout: Layout,
  words: Words,
  fail: (name: string) => string,
): NonNullable<Spelling['positions']> {
  const pcOf = (task: number): string => loading(fieldAt(layout.pcs, task), at('0', 0), words);
  const amountOf = (claim: Claim, of: string, emitter: Emitter, task: number): string => {
    const prelude: string[] = [];
    const amount: Amount = {
      js: emitter.value(claim.amount, prelude),
      isOne: claim.amount.op === 'const' && claim.amount.value === 1,
    };
    const parts: string[] = [];
    if ('list' in claim.of) {
      const from = emitter.value(claim.of.from, prelude);
      const to = emitter.value(claim.of.to, prelude);
      const first = claim.of.list.slot - FIRST_ARRAY_SLOT;
      for (let i = 0; i < (claim.of.list.length ?? 0); i++) {
        const element = loading(fieldAt(layout.arrays, task), at(String(first + i), first + i), words);
        parts.push(`(${from}<=${i}&&${i}<${to}?${amountIf(element, of, amount)}:0)`);
      }
    } else parts.push(amountIf(emitter.value(claim.of, prelude), of, amount));
    if (prelude.length > 0) throw new Error(`the claim '${claim.label}' searches: it cannot be compiled`);
    return parts.join('+');
  };
  return {
    fail,
    finished: (task) => `(${pcOf(task)}===${codes[task]?.flow.steps.length})`,
    claimed: (label, of) => {
      const sums = codes.flatMap((code, task) => {
        const emitter = new Emitter(packedSpelling(task, program, layout, words, new Set()));
        const restsBySum = new Map<string, number[]>();
        for (const pc of code.flow.steps.keys()) {
          const claims = claimsAt(code.flow, pc).filter((claim) => label === undefined || claim.label === label);
          if (claims.length === 0) continue;
          const sum = claims.map((claim) => amountOf(claim, of, emitter, task)).join('+');
          restsBySum.set(sum, [...(restsBySum.get(sum) ?? []), pc]);
        }
        const { bits } = fieldAt(layout.pcs, task);
        return [...restsBySum].map(([sum, pcs]) => amountAt(pcOf(task), bits, pcs, sum));
      });
      return sums.length === 0 ? '0' : `(${sums.join('+')})`;
    },
  };
}

/** JavaScript for an amount. */
interface Amount {
  readonly js: string;
  readonly isOne: boolean;
}

/** An amount where two numbers are the same, else 0. */
const amountIf = (one: string, other: string, { js, isOne }: Amount): string =>
  isOne ? sameAsBit(one, other) : `(-${sameAsBit(one, other)}&(${js}))`;

/** An amount if a number of so many bits is one of these, otherwise 0. */
function amountAt(js: string, bits: number, numbers: readonly number[], amount: string): string {
  if (bits > 5) return `(${isOneOf(js, numbers)}?${amount}:0)`;
  const mask = numbers.reduce((set, number) => set | (1 << number), 0);
  return `(-(${mask}>>>${js}&1)&(${amount}))`;
}

/** JavaScript for whether a small number is one of these. */
function isOneOf(js: string, numbers: readonly number[]): string {
  const masks = Array.from({ length: Math.floor(Math.max(...numbers) / 32) + 1 }, () => 0);
  for (const number of numbers) masks[number >>> 5] = (masks[number >>> 5] ?? 0) | (1 << (number & 31));
  const tests = masks.map((mask, i) => `${js}<${(i + 1) * 32}?${mask}:`);
  return `((${tests.join('')}0)>>>(${js}&31)&1)!==0`;
}
