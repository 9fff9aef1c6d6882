// SPDX-License-Identifier: MIT
import { FIRST_ARRAY_SLOT } from '../text/builder.ts';
import { optionsAt } from '../program/flow.ts';
import type { Independence } from '../analyse/independence.ts';
import type { Dependences } from '../analyse/task_view.ts';
import { Choice, FUSABLE } from '../analyse/choice.ts';
import { type Field, fieldAt, type Layout } from '../program/layout.ts';
import type { LocalState } from '../analyse/local_state.ts';
import { maskOf, placeOf } from '../compile/packed_spelling.ts';
import type { Code } from '../program/program.ts';
import type { StateWords } from './state_words.ts';
import type { StepFunctions } from './step_functions.ts';

/** The place of a task's local state in the words of a state: a mask for each word with bits of it, and its parts. */
interface Place {
  readonly words: readonly number[];
  readonly masks: readonly number[];
  readonly parts: readonly Part[];
  /** Number of bits of all parts. */
  readonly bits: number;
}

interface Part {
  readonly word: number;
  readonly shift: number;
  readonly bits: number;
}

/** Kinds of local state: the task can always step, never, or its guards decide. */
const Kind = { always: 1, never: 2, asks: 3 } as const;
const KIND_BITS = 2;
const KIND_MASK = 2 ** KIND_BITS - 1;

/** Limit of the bits of a local state for a direct table, with an entry for each value. */
const MOST_DIRECT_BITS = 14;
/** Largest load factor of the hash tables. */
const MOST_FILLED = 0.75;
/** Binary logarithm of the size of the cache of choices. */
const REMEMBERED_BITS = 18;
/** Numbers below this fit into a word of a key. */
const MOST_IN_KEY = 2 ** 31;

/** A table of local states by their words in a state: open addressing, or an entry for each value. */
interface Table {
  /** Slots: the words of a local state (in a hash table only), then its class plus 1 with its kind in the low bits; 0 is empty. */
  readonly slots: Int32Array;
  /** The number of slots minus 1. */
  readonly mask: number;
}

/** The data that the source of a reduction uses; other threads can be given it. */
export interface ReducedGiven {
  readonly tables: readonly Table[];
  readonly dependences: Dependences;
  /** Words of a state. */
  readonly words: number;
  /** Words of the cache of choices. */
  readonly remembered: number;
}

/** The same, by the names in the source. */
export function namesOf({ tables, dependences, words, remembered }: ReducedGiven): Readonly<Record<string, unknown>> {
  const named = tables.map(({ slots }, task): readonly [string, Int32Array] => [`table${task}`, slots]);
  const { at, choose } = new Choice(dependences);
  return Object.fromEntries<unknown>([
    ['scratch', new Int32Array(words)],
    ['classAt', at],
    ['chooseTasks', choose],
    ['remembered', new Int32Array(remembered).fill(-1)],
    ...named,
  ]);
}

/** The parts of the generated source that take the chosen steps only. */
export class ReducedText {
  readonly #places: readonly Place[];
  readonly #tables: readonly Table[];
  readonly #reduction: Independence;
  readonly #codes: readonly Code[];
  readonly #layout: Layout;
  readonly #words: StateWords;
  readonly #functions: Pick<StepFunctions, 'enabled'>;

  constructor(
    reduction: Independence,
    codes: readonly Code[],
    layout: Layout,
    words: StateWords,
    functions: Pick<StepFunctions, 'enabled'>,
  ) {
    this.#reduction = reduction;
    this.#codes = codes;
    this.#layout = layout;
    this.#words = words;
    this.#functions = functions;
    this.#places = codes.map((code, task) => placeOfTask(code, task, layout));
    this.#tables = reduction.tasks.map((states, task) =>
      tableOf(states, reduction.dependences.views[task]?.classOf, codes[task], task, layout, this.#place(task)),
    );
  }

  /** The data that the source uses. */
  get given(): ReducedGiven {
    return {
      tables: this.#tables,
      dependences: this.#reduction.dependences,
      words: this.#layout.words,
      remembered: (this.#remembering.length + 2) << REMEMBERED_BITS,
    };
  }

  /** Groups of tasks whose classes fit into one word of a key together. */
  get #remembering(): readonly (readonly number[])[] {
    const groups: number[][] = [];
    let product = MOST_IN_KEY;
    for (const task of this.#codes.keys()) {
      const classes = this.#classesOf(task) + 1;
      product *= classes;
      if (product < MOST_IN_KEY) groups.at(-1)?.push(task);
      else {
        groups.push([task]);
        product = classes;
      }
    }
    return groups;
  }

  /**
   * A choice depends only on the tasks' local states and on which tasks can step, and the same combinations recur: recent choices
   * are cached.
   */
  #chosen(parameters: string): string {
    const tasks = this.#codes.map((_, task) => task);
    const groups = this.#remembering;
    const keys = groups.map((group, i) => {
      const number = group.reduce(
        (so, task) => `${so === '' ? '' : `(${so})*${this.#classesOf(task) + 1}+`}(v${task}>>>${KIND_BITS})`,
        '',
      );
      return `k${i}=${number}|0`;
    });
    const size = groups.length + 2;
    const mix = groups.map((_, i) => `h=Math.imul(h^k${i},${MIX});h^=h>>>15;`).join('');
    const known = [...groups.map((_, i) => `remembered[b+${i}]===k${i}`), `remembered[b+${groups.length}]===e`].join(
      '&&',
    );
    const remember = [
      ...groups.map((_, i) => `remembered[b+${i}]=k${i};`),
      `remembered[b+${groups.length}]=e;remembered[b+${size - 1}]=m;`,
    ];
    const enabled = tasks.map(
      (task) =>
        `((v${task}&${KIND_MASK})===${Kind.asks}?enabled${task}(${parameters}):v${task}&${Kind.always})<<${task}`,
    );
    return [
      `const chosen=(${parameters})=>{`,
      ...tasks.map((task) => `const v${task}=${this.#looked(task)};`),
      ...tasks.filter((task) => this.#isDirect(task)).map((task) => `if(v${task}===0)missing(${task});`),
      `const e=${enabled.join('|')},${keys.join(',')};`,
      `let h=e;${mix}const b=Math.imul(h>>>${32 - REMEMBERED_BITS},${size});`,
      `if(${known})return remembered[b+${size - 1}];`,
      ...tasks.map((task) => `classAt[${task}]=(v${task}>>>${KIND_BITS})-1;`),
      `const m=chooseTasks(e);${remember.join('')}return m;};`,
    ].join('');
  }

  #classesOf(task: number): number {
    return this.#reduction.dependences.views[task]?.classes ?? 0;
  }

  /** JavaScript for the class of a task's local state plus 1, and its kind. */
  #looked(task: number): string {
    const { parts } = this.#place(task);
    if (!this.#isDirect(task)) return `look${task}(${this.#key(task)})`;
    const index = parts.map(
      ({ word, shift, bits }, i) => `(n${word}>>>${shift}&${maskOf(bits)})<<${startOf(parts, i)}`,
    );
    return `table${task}[${index.join('|') || '0'}]`;
  }

  #isDirect(task: number): boolean {
    return this.#place(task).bits <= MOST_DIRECT_BITS;
  }

  /** `choose`, and `fuse`, which continues from the state in `scratch` while the only step is invisible. */
  source(calls: readonly (readonly string[])[]): string {
    const parameters = this.#words.parameters;
    const loaded = this.#words.each((i) => `n${i}=scratch[${i}]`, ',');
    const first = calls.map(([call = ''], task) => `case ${1 << task}:${call};break;`);
    return [
      `const missing=(task)=>{throw new Error('task '+task+' is in a local state that was not foreseen');};`,
      ...this.#places.flatMap((_, task) => (this.#isDirect(task) ? [] : [this.#look(task)])),
      ...this.#codes.map(
        (code, task) => `const enabled${task}=(${parameters})=>{${this.#functions.enabled(code, task)}};`,
      ),
      this.#chosen(parameters),
      `const choose=(states,at)=>{${this.#words.load}const m=chosen(${parameters});return m>=${FUSABLE}&&violatedIn(${parameters})>=0?m&${FUSABLE - 1}:m;};`,
      `const fuse=(rows,ends)=>{let ${loaded};for(;;){const m=chosen(${parameters});if(m<${FUSABLE}||violatedIn(${parameters})>=0)break;switch(m&${FUSABLE - 1}){${first.join('')}}${loaded};}${this.#words.row}};`,
    ].join('\n');
  }

  expand(calls: readonly (readonly string[])[]): string {
    const parameters = this.#words.parameters;
    const takes = calls.map(
      (options, task) => `if(m&${1 << task}){${options.map((call) => `if(${call})c+=fuse(rows,ends);`).join('')}}`,
    );
    return `(states,at,rows,ends)=>{${this.#words.load}const m=chosen(${parameters});let c=0;${takes.join('')}return c;}`;
  }

  #place(task: number): Place {
    const place = this.#places[task];
    if (place === undefined) throw new Error(`no task ${task}`);
    return place;
  }

  #key(task: number): string {
    const { words, masks } = this.#place(task);
    return words.map((word, i) => `n${word}&${masks[i] ?? 0}`).join(',');
  }

  #look(task: number): string {
    const { words } = this.#place(task);
    const keys = words.map((_, i) => `k${i}`);
    const mask = this.#tables[task]?.mask ?? 0;
    const equal = keys.map((key, i) => `table${task}[b+${i}]===${key}`).join('&&') || 'true';
    const stride = keys.length + 1;
    return `const look${task}=(${keys.join(',')})=>{let h=${SEED};${keys.map((key) => `h=Math.imul(h^${key},${MIX});h^=h>>>15;`).join('')}for(let s=h&${mask};;s=s+1&${mask}){const b=s*${stride},e=table${task}[b+${keys.length}];if(e===0)missing(${task});if(${equal})return e;}};`;
  }
}

/** The first bit of a part in the number of all parts. */
const startOf = (parts: readonly Part[], i: number): number =>
  parts.slice(0, i).reduce((sum, { bits }) => sum + bits, 0);

const SEED = 0x9e3779b9 | 0;
const MIX = 0x85ebca6b | 0;

function fieldsOf(task: number, layout: Layout): readonly Field[] {
  const values = (layout.values[task] ?? []).flatMap((field) => field ?? []);
  return [fieldAt(layout.pcs, task), ...values];
}

function placeOfTask(code: Code, task: number, layout: Layout): Place {
  const masks = new Map<number, number>();
  const parts: Part[] = [];
  const add = (field: Field, i: number): void => {
    if (field.bits === 0) return;
    const { word, shift } = placeOf(field, i);
    parts.push({ word, shift, bits: field.bits });
    masks.set(word, (masks.get(word) ?? 0) | (maskOf(field.bits) << shift));
  };
  for (const field of fieldsOf(task, layout)) add(field, 0);
  const arrays = fieldAt(layout.arrays, task);
  for (let i = 0; i < code.slotMax.length - FIRST_ARRAY_SLOT; i++) add(arrays, i);
  return { words: [...masks.keys()], masks: [...masks.values()], parts, bits: startOf(parts, parts.length) };
}

function kindOf(code: Code | undefined, pc: number): number {
  if (code === undefined) throw new Error('a task has no code');
  if (pc === code.flow.steps.length) return Kind.never;
  return optionsAt(code.flow, pc).every(({ step }) => step.guard !== undefined) ? Kind.asks : Kind.always;
}

function tableOf(
  states: readonly LocalState[],
  classOf: Int32Array | undefined,
  code: Code | undefined,
  task: number,
  layout: Layout,
  { words, parts, bits }: Place,
): Table {
  const isDirect = bits <= MOST_DIRECT_BITS;
  const size = 2 ** (isDirect ? bits : Math.ceil(Math.log2((states.length + 1) / MOST_FILLED)));
  const stride = isDirect ? 1 : words.length + 1;
  const slots = new Int32Array(size * stride);
  const packed = new Int32Array(layout.words);
  const arrays = fieldAt(layout.arrays, task);
  const put = (field: Field, i: number, value: number): void => {
    if (field.bits === 0) return;
    const { word, shift } = placeOf(field, i);
    packed[word] = (packed[word] ?? 0) | (value << shift);
  };
  for (const [id, { pc, slots: values }] of states.entries()) {
    packed.fill(0);
    const entry = (((classOf?.[id] ?? id) + 1) << KIND_BITS) | kindOf(code, pc);
    put(fieldAt(layout.pcs, task), 0, pc);
    for (const [slot, field] of (layout.values[task] ?? []).entries())
      if (field !== undefined) put(field, 0, values[slot] ?? 0);
    for (let slot = FIRST_ARRAY_SLOT; slot < values.length; slot++)
      put(arrays, slot - FIRST_ARRAY_SLOT, values[slot] ?? 0);
    if (isDirect) {
      const index = parts.reduce(
        (sum, part, i) => sum | ((((packed[part.word] ?? 0) >>> part.shift) & maskOf(part.bits)) << startOf(parts, i)),
        0,
      );
      slots[index] = entry;
      continue;
    }
    let hash = SEED;
    for (const word of words) {
      hash = Math.imul(hash ^ (packed[word] ?? 0), MIX);
      hash ^= hash >>> 15;
    }
    let slot = hash & (size - 1);
    while (slots[slot * stride + words.length] !== 0) slot = (slot + 1) & (size - 1);
    for (const [i, word] of words.entries()) slots[slot * stride + i] = packed[word] ?? 0;
    slots[slot * stride + words.length] = entry;
  }
  return { slots, mask: size - 1 };
}
