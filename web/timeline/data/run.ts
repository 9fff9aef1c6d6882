// SPDX-License-Identifier: MIT
import type { KernelEvent } from '../../../src/ledger/index.ts';
import { type Call, patchNamed, Tracepoints } from '../../../src/machine/index.ts';
import { readScenario, type RunObserver, runScenario } from '../../../src/scenario/index.ts';
import { type ByteSource, memorySource, traceText } from '../../../src/trace/index.ts';

/** A run of the model that is shown like a recording. */
export interface AskedRun {
  /** Name of the scenario's file. */
  readonly name: string;
  /** Its text. */
  readonly scenario: string;
  /** Name of the form of the check. */
  readonly form: string;
}

/** A run, recorded as by a kernel with all tracepoints enabled: what `run --trace --page-ref` writes. */
export async function recordedRun({ name, scenario: text, form }: AskedRun): Promise<ByteSource> {
  const scenario = await readScenario(name, text);
  const events: KernelEvent[] = [];
  const within = new Map<number, Call>();
  let cpus = 0;
  let tracepoints: Tracepoints | undefined;
  const observer: RunObserver = {
    begins: (machine) => {
      events.length = 0;
      ({ cpus } = machine.options);
      const options = { pageReferences: true, stacks: true };
      tracepoints = new Tracepoints(machine, options, (event) => void events.push(event));
    },
    calls: (task, call, outcome) => {
      within.set(task, call);
      tracepoints?.calls(task, call, outcome);
    },
    took: (taken, outcome) => {
      tracepoints?.took(taken);
      const call = within.get(taken.task);
      if (call !== undefined && outcome !== undefined) tracepoints?.returned(taken.task, call, outcome);
    },
  };
  runScenario(scenario, { patch: patchNamed(form), keep: 'none', observer });
  const bytes = new TextEncoder().encode([...traceText(events, cpus, [])].join(''));
  return memorySource(`${name}, ${form}`, bytes);
}
