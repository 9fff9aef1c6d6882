// SPDX-License-Identifier: MIT
import { TASK } from '../text/builder.ts';
import type { Value } from '../text/expression.ts';
import { columnOf, IDLE, type Memory } from '../program/memory.ts';
import { NormalText, NotByName, type Renaming } from '../text/normal_text.ts';
import { type Code, extentOf, type Program } from '../program/program.ts';
import { simplify } from '../text/simplify.ts';
import type { Member, Symmetry } from './symmetry.ts';
import { type Domain, sizeOf } from '../text/types.ts';

/** Properties of the states; symmetric tasks must be symmetric in all of them. */
interface Asked {
  readonly properties: readonly Named[];
  readonly sometimes?: readonly Named[] | undefined;
  readonly mayEnd: Value<'bool'>;
}
interface Named {
  readonly name: string;
  readonly holds: Value<'bool'>;
}

/**
 * The symmetric tasks of a program, in classes. Two tasks are symmetric if swapping them, with the elements that belong to them,
 * maps runs to runs and properties to themselves. Then one state may stand for all that differ by such swaps.
 *
 * The analysis requires three things. The texts of the two tasks are equal, except for elements that each names for itself (its
 * pin, say). The tasks and these elements start with equal values. The swap leaves every other text, every assert and every
 * property unchanged. Two texts count as equal if they differ only in the order of summands, of conditions joined by "and" or
 * "or", and of the sides of an equation. An element can belong to a task if texts name it by its number only, and no variable
 * holds such elements. CPUs, folios and pages do not qualify: texts count through them and store them.
 *
 * @returns undefined if no two tasks are symmetric.
 * @example
 * import { alikeTasks, buildCode, createMemory, int, Interpreter, literal, program, sharedScalar } from 'folioscope/lang';
 * const total = sharedScalar('total', int(9));
 * const sizes = { task: 2 };
 * const adding = buildCode('adding', null, sizes, 0, (k) => k.step('add', () => total.add(1)));
 * const counting = program(sizes, [total], [adding]);
 * const memory = createMemory(counting);
 * const interpreter = new Interpreter(counting, memory);
 * for (const task of [0, 1]) interpreter.start(task, 0);
 * const asked = { properties: [], mayEnd: literal<'bool'>(1) };
 * alikeTasks(counting, [0, 0], memory, asked)?.classes.map((members) => members.map(({ task }) => task)); // => [[0, 1]]
 */
export function alikeTasks(
  program: Program,
  codeOf: readonly number[],
  initial: Memory,
  asked: Asked,
): Symmetry | undefined {
  // Texts are compared by the names of their variables.
  if (new Set(program.variables.map(({ name }) => name)).size !== program.variables.length) return undefined;
  const finder = new Finder(program, codeOf, initial, asked);
  const classes: Member[][] = [];
  for (let task = 0; task < codeOf.length; task++)
    if (!classes.some((members) => joins(finder, members, task))) classes.push([{ task, owned: [] }]);
  const found = classes.filter((members) => members.length > 1);
  return found.length === 0 ? undefined : { classes: found };
}

/** Adds a task to a class if it is symmetric to the first member. */
function joins(finder: Finder, members: Member[], task: number): boolean {
  const [first] = members;
  const exchanged = first && finder.exchange(first.task, task);
  if (first === undefined || exchanged === undefined) return false;
  const own = exchanged.map(({ domain, from }) => ({ domain, element: from }));
  if (members.length === 1) members[0] = { task: first.task, owned: own };
  // A third member must swap the same elements with the first as the second does.
  else if (!isSame(first.owned, own)) return false;
  members.push({ task, owned: exchanged.map(({ domain, to }) => ({ domain, element: to })) });
  return true;
}

const isSame = (some: Member['owned'], others: Member['owned']): boolean =>
  some.length === others.length &&
  some.every(({ domain, element }, i) => others[i]?.domain.name === domain.name && others[i].element === element);

/** An element of one task that is swapped with another task's. */
interface Exchanged {
  readonly domain: Domain;
  readonly from: number;
  readonly to: number;
}

class Finder {
  readonly #program: Program;
  readonly #codes: readonly Code[];
  readonly #initial: Memory;
  readonly #asked: Asked;

  constructor(program: Program, codeOf: readonly number[], initial: Memory, asked: Asked) {
    this.#program = program;
    this.#codes = codeOf.map((number) => {
      const code = program.codes[number];
      if (code === undefined) throw new Error(`no code ${number}`);
      return code;
    });
    this.#initial = initial;
    this.#asked = asked;
  }

  /** The elements to swap along with two tasks; undefined if the tasks are not symmetric. */
  exchange(a: number, b: number): readonly Exchanged[] | undefined {
    // A task without steps adds no states.
    if (this.#code(a).flow.steps.length === 0) return undefined;
    if (!this.#restAlike(a, b) || !this.#beginAlike({ domain: TASK, from: a, to: b })) return undefined;
    try {
      const exchanged = this.#differences(a, b);
      if (exchanged === undefined || !exchanged.every((each) => this.#beginAlike(each))) return undefined;
      const renaming = new Map<string, ReadonlyMap<number, number>>([[TASK.name, swap(a, b)]]);
      for (const { domain, from, to } of exchanged)
        renaming.set(domain.name, new Map([...(renaming.get(domain.name) ?? []), ...swap(from, to)]));
      return this.#moves(renaming) && this.#keepsTexts(renaming) && this.#keepsAsked(renaming) ? exchanged : undefined;
    } catch (thrown) {
      if (thrown instanceof NotByName) return undefined;
      throw thrown;
    }
  }

  /** Whether two tasks start at the same place of their texts, with the same values. */
  #restAlike(a: number, b: number): boolean {
    const { code, pc, slots, slotsPerTask } = this.#initial;
    const values = (task: number): string => slots.subarray(task * slotsPerTask, (task + 1) * slotsPerTask).join();
    return (code[a] === IDLE) === (code[b] === IDLE) && pc[a] === pc[b] && values(a) === values(b);
  }

  /** Whether shared memory starts with the same values for two elements. */
  #beginAlike({ domain, from, to }: Exchanged): boolean {
    const { sizes, variables } = this.#program;
    return variables.every((variable) => {
      const place = variable.domains.findIndex(({ name }) => name === domain.name);
      if (place === -1) return true;
      const column = columnOf(this.#initial, { variable });
      const inner = variable.domains.slice(place + 1).reduce((all, { name }) => all * sizeOf(sizes, name), 1);
      const isOf = (i: number, element: number): boolean =>
        Math.floor(i / inner) % sizeOf(sizes, domain.name) === element;
      const elements = [...Array(extentOf(variable, sizes)).keys()].filter((i) => isOf(i, from));
      return elements.every((i) => column[i] === column[i + (to - from) * inner]);
    });
  }

  /** Whether a swap only moves values: no variable holds a swapped element as its value, and none is indexed by two of them. */
  #moves(renaming: Renaming): boolean {
    return this.#program.variables.every(
      ({ type, domains }) => !renaming.has(type.kind) && domains.filter(({ name }) => renaming.has(name)).length <= 1,
    );
  }

  /** The elements that two texts name at the same places; undefined if one would be swapped with two. */
  #differences(a: number, b: number): readonly Exchanged[] | undefined {
    const [ofA, ofB] = [a, b].map((task) => {
      const text = new NormalText(new Map([[TASK.name, swap(a, b)]]), task);
      text.body(this.#code(task).body);
      return text.named;
    });
    if (ofA === undefined || ofB === undefined || ofA.length !== ofB.length) return undefined;
    const found = new Map<string, Exchanged>();
    for (const [i, { domain, element: from }] of ofA.entries()) {
      const to = ofB[i]?.element;
      if (to === undefined || ofB[i]?.domain.name !== domain.name) return undefined;
      if (from === to) continue;
      const known = found.get(`${domain.name} ${from}`);
      if (known !== undefined && known.to !== to) return undefined;
      found.set(`${domain.name} ${from}`, { domain, from, to });
    }
    const exchanged = [...found.values()];
    const touched = exchanged.flatMap(({ domain, from, to }) => [`${domain.name} ${from}`, `${domain.name} ${to}`]);
    return new Set(touched).size === touched.length ? exchanged : undefined;
  }

  /** Whether the swap maps every task's text to that of the task in whose place it comes. */
  #keepsTexts(renaming: Renaming): boolean {
    return this.#codes.every(({ body, slotMax }, task) => {
      const to = renaming.get(TASK.name)?.get(task) ?? task;
      const target = this.#code(to);
      const text = new NormalText(renaming, task).body(body);
      return slotMax.join() === target.slotMax.join() && text === new NormalText(still(renaming), to).body(target.body);
    });
  }

  /** Whether the swap maps the properties to themselves: those of one name together, everything else singly. */
  #keepsAsked(renaming: Renaming): boolean {
    const { properties, sometimes = [], mayEnd } = this.#asked;
    const text = (of: Renaming, { expr }: Value<'bool'>): string =>
      new NormalText(of, undefined).expr(simplify(expr, this.#program.sizes));
    const together = (of: Renaming): string =>
      JSON.stringify(properties.map(({ name, holds }) => `${name}: ${text(of, holds)}`).toSorted());
    const unmoved = still(renaming);
    return (
      together(renaming) === together(unmoved) &&
      [...sometimes.map(({ holds }) => holds), mayEnd].every((each) => text(renaming, each) === text(unmoved, each))
    );
  }

  #code(task: number): Code {
    const code = this.#codes[task];
    if (code === undefined) throw new Error(`no task ${task}`);
    return code;
  }
}

const swap = (a: number, b: number): ReadonlyMap<number, number> =>
  new Map([
    [a, b],
    [b, a],
  ]);

/** The identity: it swaps nothing, and makes the same demands on a text as a swap. */
const still = (renaming: Renaming): Renaming =>
  new Map([...renaming].map(([domain, swaps]) => [domain, new Map([...swaps.keys()].map((key) => [key, key]))]));
