// SPDX-License-Identifier: MIT
import type { Question } from '../../src/check/index.ts';
import {
  columnOf,
  compilePacked,
  IDLE,
  type Memory,
  type Symmetry,
  TASK,
  type Variable,
} from '../../src/lang/index.ts';

/** States that exchanges of alike tasks make of each other. */
export interface Orbit {
  /** How many there are if every exchange leads to a state of the program. */
  readonly size: number;
  /** How many of them the program reaches. */
  reached: number;
}

/**
 * The orbits of all states that a program reaches, found without what it is compiled to for exploring: what belongs to each member
 * of a class is taken out of the state by the names of its variables, and sorted.
 */
export function orbitsOf({ program, codeOf, initial }: Question, { classes }: Symmetry): ReadonlyMap<string, Orbit> {
  const packed = compilePacked(program, codeOf);
  const owners = new Map<string, { readonly member: string; readonly as: string }>(
    classes.flatMap((members, c) =>
      members.flatMap(({ task, owned }, m) =>
        [{ domain: TASK, element: task }, ...owned].map(
          ({ domain, element }, i) =>
            [`${domain.name} ${element}`, { member: `${c} ${m}`, as: `${domain.name} of ${i}` }] as const,
        ),
      ),
    ),
  );
  const ownerOf = (name: string): number => members.indexOf(owners.get(name)?.member ?? '');
  const members = classes.flatMap((all, c) => all.map((_, m) => `${c} ${m}`));
  // What belongs to a member comes in the order of the variables, and of what of it is meant: the same for all of its class.
  const places = program.variables.flatMap((variable) => {
    const elements = [...columnOf(initial, { variable }).keys()].map((i) => {
      const place = placeOf(variable, i, program.sizes);
      const names = variable.domains.map(({ name }, at) => `${name} ${place[at]}`);
      const owner = Math.max(-1, ...names.map(ownerOf));
      const inner = names.map((name) => owners.get(name)?.as ?? name).join();
      return { variable, i, owner, inner };
    });
    return elements.toSorted((x, y) => (x.inner < y.inner ? -1 : x.inner > y.inner ? 1 : x.i - y.i));
  });
  const taskOwner = codeOf.map((_, task) => ownerOf(`${TASK.name} ${task}`));
  const parts = (memory: Memory): { readonly rest: string; readonly members: readonly (readonly string[])[] } => {
    const rest: (number | string)[] = [];
    const of = members.map((): (number | string)[] => []);
    for (const { variable, i, owner } of places) (of[owner] ?? rest).push(columnOf(memory, { variable })[i] ?? 0);
    for (const [task, owner] of taskOwner.entries()) {
      const slots = memory.slots.subarray(task * memory.slotsPerTask, (task + 1) * memory.slotsPerTask).join();
      (of[owner] ?? rest).push(`${memory.code[task] === IDLE} ${memory.pc[task]} ${slots}`);
    }
    let next = 0;
    return { rest: rest.join(), members: classes.map((all) => all.map(() => (of[next++] ?? []).join())) };
  };

  const orbits = new Map<string, Orbit>();
  const first = packed.pack(initial);
  const seen = new Set([first.join()]);
  const todo = [first];
  for (let state = todo.pop(); state !== undefined; state = todo.pop()) {
    const { rest, members: of } = parts(packed.unpack(state));
    const key = [rest, ...of.map((all) => all.toSorted().join(' | '))].join('\n');
    const orbit = orbits.get(key) ?? { size: of.map(arrangements).reduce((a, b) => a * b, 1), reached: 0 };
    orbit.reached++;
    orbits.set(key, orbit);
    for (let task = 0; task < packed.tasks; task++)
      for (let option = 0; option < (packed.options[task] ?? 1); option++) {
        const next = state.slice();
        if (!packed.step(task, next, option) || seen.has(next.join())) continue;
        seen.add(next.join());
        todo.push(next);
      }
  }
  return orbits;
}

function placeOf({ domains }: Variable, element: number, sizes: Readonly<Record<string, number>>): readonly number[] {
  let rest = element;
  return domains
    .toReversed()
    .map(({ name }) => {
      const size = sizes[name] ?? 1;
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    })
    .toReversed();
}

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

/** In how many orders these can stand. */
const arrangements = (all: readonly string[]): number =>
  [...new Set(all)].reduce(
    (orders, one) => orders / factorial(all.filter((each) => each === one).length),
    factorial(all.length),
  );
