// SPDX-License-Identifier: MIT
import type { Call } from '../../src/machine/index.ts';
import type { Scenario, ScenarioCall, Thread } from '../../src/scenario/index.ts';

const NOTHING: ScenarioCall['expected'] = { every: undefined, named: undefined, byPatch: new Map() };

/** The call with a pin of the twin's own where it has one. */
const own = (call: Call, pins: number): Call => ('pin' in call ? { ...call, pin: call.pin + pins } : call);

/**
 * The scenario with one more task that does what `thread` does, beside it and on its CPU, and nothing expected or wished for: what is
 * said of one task by name tells it from the other.
 */
export function withTwin(scenario: Scenario, thread: Thread): Scenario {
  const { machine, pins, threads } = scenario;
  const twin = machine.tasks.length;
  const model = machine.tasks[thread.task];
  if (model === undefined) throw new Error(`no task ${thread.task}`);
  const still = (of: Thread): Thread => ({
    ...of,
    calls: of.calls.map((call) => ({ ...call, expected: NOTHING })),
  });
  const calls = still(thread).calls.map((each) => ({ ...each, task: twin, call: own(each.call, pins.length) }));
  return {
    ...scenario,
    check: { ...scenario.check, sometimes: { every: [], byPatch: new Map() } },
    machine: { ...machine, tasks: [...machine.tasks, model], pins: 2 * machine.pins },
    pins: [...pins, ...pins.map((name) => `${name} of the twin`)],
    threads: [...threads.map(still), { task: twin, calls }],
  };
}
