// SPDX-License-Identifier: MIT
import type { Explanation } from '../explain/index.ts';
import type { EventSet, RecordAnswer } from '../live/index.ts';
import { explanationToJson } from './explain-json.ts';
import { wrap } from './flow.ts';

const size = (bytes: number): string =>
  bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;

/**
 * Summary of a recording, as text: its losses, and its cost.
 * @example
 * import { recordReport } from 'folioscope/report';
 * const cpus = [{ cpu: 0, pages: 1, events: 31, lost: 0, dropped: undefined }];
 * const recorded = { cpus, bytes: 5000, events: ['pagemap/mm_lru_insertion'], filtered: true, packedBy: 'libzstd' };
 * const leftovers = { removed: [], alive: [] };
 * const done = { file: 'trace.dat', milliseconds: 2000, recorded, status: 0, ownMilliseconds: 12, leftovers };
 * recordReport(done, 'minimal').startsWith('recorded 31 events of 1 CPU in 2.00 s to trace.dat (5.0 kB)'); // => true
 */
export function recordReport(done: RecordAnswer, events: EventSet): string {
  const { file, milliseconds, recorded, status, ownMilliseconds, leftovers } = done;
  const { cpus } = recorded;
  const total = cpus.reduce((sum, one) => sum + one.events, 0);
  const dropped = cpus.flatMap((one) => (one.dropped === undefined ? [] : [{ cpu: one.cpu, ...one.dropped }]));
  const lost = cpus.filter((one) => one.lost !== 0);
  const lines = [
    `recorded ${total} events of ${cpus.length} CPU${cpus.length === 1 ? '' : 's'} in ${(milliseconds / 1000).toFixed(2)} s to ${file} (${size(recorded.bytes)}); the recorder itself took ${ownMilliseconds.toFixed(0)} ms of processor time`,
    `events: ${events}${recorded.filtered ? ", of guest_memfd's folios only" : ''}`,
    ...(status === undefined || status === 0 ? [] : [`the command ended with ${status}`]),
    ...lost.map(
      (one) => `CPU ${one.cpu}: ${one.lost ?? 'some'} events were lost: its ring buffer was full before it was read`,
    ),
    ...dropped.map(
      (one) =>
        `CPU ${one.cpu}: the oldest ${one.pages} pages with ${one.events} events were dropped: the recording reached its limit (--limit)`,
    ),
    ...(leftovers.removed.length === 0
      ? []
      : [`removed what killed recorders had left in tracefs: ${leftovers.removed.join(', ')}`]),
  ];
  return `${lines.flatMap((line) => wrap(line, '', '  ')).join('\n')}\n`;
}

/**
 * The same as the JSON document of `record --json`, with that of `explain`.
 * @example
 * import { PATCHES } from 'folioscope/machine';
 * import { explainTrace } from 'folioscope/explain';
 * import { recordToJson } from 'folioscope/report';
 * import { memorySource } from 'folioscope/trace';
 * const text = ' vmm-1 [001] ..... 1.000001: mm_lru_insertion: folio=00000000d1fa36bb pfn=0x7 lru=4 flags= f    ';
 * const source = memorySource('trace.txt', new TextEncoder().encode(text));
 * const explanation = await explainTrace(source, { moments: [], patches: PATCHES });
 * const recorded = { cpus: [], bytes: 5000, events: [], filtered: true, packedBy: 'libzstd' };
 * const leftovers = { removed: [], alive: [] };
 * const done = { file: 'trace.dat', milliseconds: 2000, recorded, status: 0, ownMilliseconds: 12, leftovers };
 * JSON.parse(recordToJson(done, explanation)).explanation.schema; // => 'folioscope.explain/1'
 */
export function recordToJson(done: RecordAnswer, explanation: Explanation): string {
  const { file, milliseconds, recorded, status, ownMilliseconds, leftovers } = done;
  const document: unknown = JSON.parse(explanationToJson(explanation));
  return `${JSON.stringify(
    {
      schema: 'folioscope.record/1',
      file,
      bytes: recorded.bytes,
      milliseconds,
      ownMilliseconds,
      status: status ?? null,
      events: recorded.events,
      filtered: recorded.filtered,
      packedBy: recorded.packedBy,
      cpus: recorded.cpus.map(({ cpu, pages, events, lost, dropped }) => ({
        cpu,
        pages,
        events,
        lost: lost ?? null,
        dropped: { pages: dropped?.pages ?? 0, events: dropped?.events ?? 0 },
      })),
      removed: leftovers.removed,
      explanation: document,
    },
    undefined,
    2,
  )}\n`;
}
