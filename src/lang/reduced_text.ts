// SPDX-License-Identifier: MIT
import { FIRST_ARRAY_SLOT } from './builder.ts';
import { FUSABLE, type Independence } from './independence.ts';
import { type Field, fieldAt, type Layout } from './layout.ts';
import type { LocalState } from './local_states.ts';
import { maskOf, placeOf } from './packed_spelling.ts';
import type { Code } from './program.ts';

/** JavaScript about the words `n0`, `n1`, ... of a state. */
interface StateText {
  /** The words, to be declared as parameters or passed on. */
  readonly parameters: () => string;
  /** Loads them from the state at `a` in `A`. */
  readonly load: () => string;
  /** Puts them onto the heap of their hash. */
  readonly row: () => string;
  /** Hands back whether a task can step where it rests, as a number. */
  readonly enabled: (code: Code, task: number) => string;
}

/** Where a task's local state stands in the words of a state: a mask of each word that has some of it. */
interface Place {
  readonly words: readonly number[];
  readonly masks: readonly number[];
}

/** Local states by the words that they have in a state: an open-addressing table. */
interface Table {
  /** Slots: a local state's number plus 1, or 0. */
  readonly slots: Int32Array;
  /** By local state: its words. */
  readonly keys: Int32Array;
}

/** The parts of the generated source that take only the steps which a reduction asks for. */
export class ReducedText {
  readonly #places: readonly Place[];
  readonly #tables: readonly Table[];
  readonly #reduction: Independence;
  readonly #codes: readonly Code[];
  readonly #layout: Layout;
  readonly #generator: StateText;

  constructor(reduction: Independence, codes: readonly Code[], layout: Layout, generator: StateText) {
    this.#reduction = reduction;
    this.#codes = codes;
    this.#layout = layout;
    this.#generator = generator;
    this.#places = codes.map((code, task) => placeOfTask(code, task, layout));
    this.#tables = reduction.tasks.map((states, task) => tableOf(states, task, layout, this.#place(task)));
  }

  /** What the source uses by name. */
  get given(): Readonly<Record<string, unknown>> {
    const tables = this.#tables.flatMap(({ slots, keys }, task): readonly [string, Int32Array][] => [
      [`T${task}`, slots],
      [`K${task}`, keys],
    ]);
    const { at, choose } = this.#reduction;
    const scratch = new Int32Array(this.#layout.words);
    return Object.fromEntries<unknown>([['S', scratch], ['I', at], ['C', choose], ...tables]);
  }

  /** `choose` of a state, `fuse`, which goes on from the state in `S` while there is one step to take that nobody notices. */
  source(calls: readonly (readonly string[])[]): string {
    const parameters = this.#generator.parameters();
    const loaded = this.#each((i) => `n${i}=S[${i}]`, ',');
    const first = calls.map(([call = ''], task) => `case ${1 << task}:${call};break;`);
    return [
      ...this.#places.map((_, task) => this.#look(task)),
      ...this.#codes.map((code, task) => `const g${task}=(${parameters})=>{${this.#generator.enabled(code, task)}};`),
      `const chosen=(${parameters})=>{${this.#codes
        .map((_, task) => `I[${task}]=look${task}(${this.#key(task)});`)
        .join('')}return C(${this.#codes.map((_, task) => `g${task}(${parameters})<<${task}`).join('|')});};`,
      `const choose=(A,a)=>{${this.#generator.load()}const m=chosen(${parameters});return m>=${FUSABLE}&&violatedIn(${parameters})>=0?m&${FUSABLE - 1}:m;};`,
      `const fuse=(O,E)=>{let ${loaded};for(;;){if(violatedIn(${parameters})>=0)break;const m=chosen(${parameters});if(m<${FUSABLE})break;switch(m&${FUSABLE - 1}){${first.join('')}}${loaded};}${this.#generator.row()}};`,
    ].join('\n');
  }

  expand(calls: readonly (readonly string[])[]): string {
    const parameters = this.#generator.parameters();
    const takes = calls.map(
      (options, task) => `if(m&${1 << task}){${options.map((call) => `if(${call})c+=fuse(O,E);`).join('')}}`,
    );
    return `(A,a,O,E)=>{${this.#generator.load()}const m=chosen(${parameters});let c=0;${takes.join('')}return c;}`;
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
    const mask = (this.#tables[task]?.slots.length ?? 1) - 1;
    const equal = keys.map((key, i) => `K${task}[b+${i}]===${key}`).join('&&') || 'true';
    const missing = `throw new Error('task ${task} is in a local state that was not foreseen');`;
    return `const look${task}=(${keys.join(',')})=>{let h=${SEED};${keys.map((key) => `h=Math.imul(h^${key},${MIX});h^=h>>>15;`).join('')}for(let s=h&${mask};;s=s+1&${mask}){const e=T${task}[s];if(e===0){${missing}}const b=(e-1)*${keys.length};if(${equal})return e-1;}};`;
  }

  #each(text: (i: number) => string, between: string): string {
    return Array.from({ length: this.#layout.words }, (_, i) => text(i)).join(between);
  }
}

const SEED = 0x9e3779b9 | 0;
const MIX = 0x85ebca6b | 0;

function fieldsOf(task: number, layout: Layout): readonly Field[] {
  const values = (layout.values[task] ?? []).flatMap((field) => field ?? []);
  return [fieldAt(layout.pcs, task), ...values];
}

function placeOfTask(code: Code, task: number, layout: Layout): Place {
  const masks = new Map<number, number>();
  const add = (field: Field, i: number): void => {
    if (field.bits === 0) return;
    const { word, shift } = placeOf(field, i);
    masks.set(word, (masks.get(word) ?? 0) | (maskOf(field.bits) << shift));
  };
  for (const field of fieldsOf(task, layout)) add(field, 0);
  const arrays = fieldAt(layout.arrays, task);
  for (let i = 0; i < code.slotMax.length - FIRST_ARRAY_SLOT; i++) add(arrays, i);
  return { words: [...masks.keys()], masks: [...masks.values()] };
}

function tableOf(states: readonly LocalState[], task: number, layout: Layout, { words }: Place): Table {
  const size = 2 ** Math.ceil(Math.log2(2 * states.length + 2));
  const slots = new Int32Array(size);
  const keys = new Int32Array(states.length * words.length);
  const packed = new Int32Array(layout.words);
  const arrays = fieldAt(layout.arrays, task);
  const put = (field: Field, i: number, value: number): void => {
    if (field.bits === 0) return;
    const { word, shift } = placeOf(field, i);
    packed[word] = (packed[word] ?? 0) | (value << shift);
  };
  for (const [id, { pc, slots: values }] of states.entries()) {
    packed.fill(0);
    put(fieldAt(layout.pcs, task), 0, pc);
    for (const [slot, field] of (layout.values[task] ?? []).entries())
      if (field !== undefined) put(field, 0, values[slot] ?? 0);
    for (let slot = FIRST_ARRAY_SLOT; slot < values.length; slot++)
      put(arrays, slot - FIRST_ARRAY_SLOT, values[slot] ?? 0);
    let hash = SEED;
    for (const [i, word] of words.entries()) {
      const key = packed[word] ?? 0;
      keys[id * words.length + i] = key;
      hash = Math.imul(hash ^ key, MIX);
      hash ^= hash >>> 15;
    }
    let slot = hash & (size - 1);
    while (slots[slot] !== 0) slot = (slot + 1) & (size - 1);
    slots[slot] = id + 1;
  }
  return { slots, keys };
}
