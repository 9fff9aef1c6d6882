// SPDX-License-Identifier: MIT
import { ALTERNATIVES } from '../kernel/index.ts';
import { createMachine, type Patch, PATCHES, type Schedule, syscallsFor } from '../machine/index.ts';
import { closest, nearest, suggestion } from './nearest.ts';
import type { Scenario } from './scenario.ts';

/** Runs work that records a form of the check, and may fail for a user's own form. */
type Within = <T>(patch: Patch, work: () => T) => T;

/**
 * The error in a schedule's names: a task that does not exist, or a place (`T0:@step`) that no form of the check has.
 * The task would then run to its end, and the race would not happen. A place that only some forms have is valid.
 * @param patches the forms to be run; folioscope's own count too.
 * @returns the message of the first error; undefined if all names are known.
 */
export function unknownPlace(
  scenario: Scenario,
  schedule: Schedule,
  patches: readonly Patch[],
  within: Within,
): string | undefined {
  if (schedule.kind !== 'list') return undefined;
  const { machine } = scenario;
  const tasks = [
    ...machine.tasks.map(({ name }) => name),
    ...Array.from({ length: machine.cpus }, (_, cpu) => `kworker/${cpu}`),
  ];
  const absent = schedule.turns.find(({ task }) => !tasks.includes(task));
  if (absent !== undefined) return `no task '${absent.task}', ${suggestion(absent.task, tasks)}`;
  const forms = [...new Set([...PATCHES, ...ALTERNATIVES, ...patches])];
  const known = new Map<Patch, ReadonlyMap<string, ReadonlySet<string>>>();
  const placesIn = (patch: Patch): ReadonlyMap<string, ReadonlySet<string>> => {
    const found = known.get(patch) ?? within(patch, () => placesByTask(scenario, patch));
    known.set(patch, found);
    return found;
  };
  for (const { task, times } of schedule.turns) {
    if (typeof times === 'number' || times === 'all') continue;
    const place = times.slice(1);
    if (forms.some((form) => placesIn(form).get(task)?.has(place))) continue;
    const all = [...new Set(forms.flatMap((form) => [...(placesIn(form).get(task) ?? [])]))];
    const alike = all.filter((name) => name.includes('.') === place.includes('.'));
    const meant = nearest(place, alike);
    const help =
      meant === undefined
        ? `the nearest is '${task}:@${closest(place, alike)?.candidate ?? ''}'; run --steps all shows the names`
        : `did you mean '${task}:@${meant}'?`;
    return `'${task}:@${place}': ${task} takes no such step, ${help}`;
  }
  return undefined;
}

/** By task, kworkers included: the steps that its calls may take, by their names in a schedule. */
function placesByTask(scenario: Scenario, patch: Patch): ReadonlyMap<string, ReadonlySet<string>> {
  const { machine, threads } = scenario;
  const { program } = createMachine({ ...machine, patch });
  const placesOf = (codes: readonly string[]): ReadonlySet<string> =>
    new Set(
      program.codes
        .filter(({ name }) => codes.includes(name))
        .flatMap(({ flow }) => flow.nodes.flatMap((node) => (node.kind === 'step' ? [node.step] : [])))
        .flatMap(({ name, path }) => [name, ...path.map((routine) => `${routine}.${name}`)]),
    );
  const workers = placesOf(['kworker']);
  return new Map([
    ...machine.tasks.map(({ name }, task) => {
      const calls = threads.flatMap((thread) => (thread.task === task ? thread.calls.map(({ call }) => call) : []));
      return [name, placesOf(syscallsFor(calls, machine))] as const;
    }),
    ...Array.from({ length: machine.cpus }, (_, cpu) => [`kworker/${cpu}`, workers] as const),
  ]);
}
