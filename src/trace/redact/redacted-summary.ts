// SPDX-License-Identifier: MIT
import type { TraceSummary } from '../summary.ts';
import { KNOWN_EVENTS } from './kept-fields.ts';
import type { Redactor } from './redactor.ts';

const CLOCKS = new Set('local global counter uptime perf mono mono_raw boot tai x86-tsc ppc-tb'.split(' '));
const MACHINES = new Set('x86_64 i686 aarch64 armv7l riscv64 loongarch64 s390x ppc64 ppc64le'.split(' '));

/** The summary without the name of the machine, and what else comes from the file as text. */
export function redactedSummary(trace: TraceSummary, redactor: Redactor): TraceSummary {
  const { lost, notes, damage, buffers, recordedOn, recordedEvents, clock } = trace;
  return {
    ...trace,
    lost: lost.map((loss) => redactor.loss(loss)),
    buffers: buffers?.map((name) => redactor.buffer(name)),
    notes: notes.map((note) => redactor.told(note)),
    damage: damage.map((place) => redactor.told(place)),
    recordedOn: recordedOn === undefined ? undefined : kernelOf(recordedOn, redactor.host),
    recordedEvents: recordedEvents?.filter((name) => SYSTEM_AND_NAME.test(name) && KNOWN_EVENTS.has(nameOf(name))),
    clock: clock === undefined || CLOCKS.has(clock) ? clock : 'other',
  };
}

const SYSTEM_AND_NAME =
  /^(?:filemap|pagemap|kmem|page_ref|folio_ref|page_pinner|workqueue|syscalls|raw_syscalls|sched|ftrace)[:/]\w+$/;

const nameOf = (event: string): string => event.replace(/^.*[:/]/, '');

/** `Linux HOST RELEASE MACHINE`; builders choose the end of the release. */
function kernelOf(recordedOn: string, host: string): string {
  const [release = ''] = /(?<= )\d+\.\d+(?:\.\d+)?(?:-rc\d+)?/.exec(recordedOn) ?? [];
  const machine = recordedOn.split(' ').at(-1) ?? '';
  return ['Linux', host, release, MACHINES.has(machine) ? machine : ''].filter((word) => word !== '').join(' ');
}
