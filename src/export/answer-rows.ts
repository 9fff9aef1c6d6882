// SPDX-License-Identifier: MIT
import type { ConversionCall, DrainRound, InodeAnswer } from '../explain/index.ts';
import { nanoseconds } from '../ledger/index.ts';
import type { TraceSummary } from '../trace/index.ts';
import { inoText } from './event-rows.ts';
import type { TableRow } from './tables.ts';

/** The works of one round of lru_add_drain_all(). @param round its number in the recording. */
export const drainRows = (recording: string, round: number, told: DrainRound): readonly TableRow<'drains'>[] =>
  told.works.map(({ cpu, queued, delay, run, insertions, meanwhile: [longest] }) => {
    const started = delay === undefined ? undefined : nanoseconds(queued + delay);
    return {
      recording,
      round,
      asked_ns: told.at,
      asked_cpu: told.cpu,
      pid: told.pid,
      task: told.task,
      conversion_ns: told.conversion,
      round_ns: told.took,
      cpu,
      queued_ns: queued,
      started_ns: started,
      ended_ns: started === undefined || run === undefined ? undefined : nanoseconds(started + run),
      delay_ns: delay,
      run_ns: run,
      insertions,
      meanwhile_task: longest?.task,
      meanwhile_ns: longest?.time,
    };
  });

/** A refusal's page, and the batch that held it, where nothing else can be the cause. */
function refusalOf({
  causes,
}: ConversionCall): Pick<TableRow<'conversions'>, 'refused_index' | 'refused_pfn' | 'refused_cpu'> {
  const found = causes
    .filter(({ certain }) => certain)
    .flatMap(({ batched, held }) => [
      ...batched.map(({ index, pfn, cpu }) => ({ index, pfn, cpu })),
      ...held.map(({ index, pfn }) => ({ index, pfn, cpu: undefined })),
    ]);
  const lowest = found.toSorted((a, b) => a.index - b.index)[0];
  return { refused_index: lowest?.index, refused_pfn: lowest?.pfn, refused_cpu: lowest?.cpu };
}

export function conversionRow(recording: string, call: ConversionCall): TableRow<'conversions'> {
  const { at, until, cpu, pid, task, fd, returned, drained, checked, batched, causes, unexplained } = call;
  return {
    recording,
    at_ns: at,
    returned_ns: until,
    took_ns: until === undefined ? undefined : until - at,
    cpu,
    pid,
    task,
    fd,
    returned,
    drained,
    dev: checked?.dev,
    ino: checked === undefined ? undefined : inoText(checked.ino),
    from_index: checked?.from,
    to_index: checked?.to,
    waiting: batched.length,
    cause: causes.length === 0 ? undefined : causes.map(({ how }) => how).join(', '),
    explained: causes.length === 0 ? undefined : !unexplained,
    ...refusalOf(call),
  };
}

export const inodeRow = (recording: string, { dev, ino, kind, because, created }: InodeAnswer): TableRow<'inodes'> => ({
  recording,
  dev,
  ino: inoText(ino),
  kind,
  because,
  created_pid: created?.pid,
  created_task: created?.task,
  fd: created?.fd,
});

export const recordingRow = (recording: string, trace: TraceSummary): TableRow<'recordings'> => ({
  recording,
  format: trace.format,
  events: trace.events,
  cpus: trace.cpus.length,
  from_ns: trace.from,
  to_ns: trace.to,
  clock: trace.clock,
  recorded_on: trace.recordedOn,
});
