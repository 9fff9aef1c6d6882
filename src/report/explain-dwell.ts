// SPDX-License-Identifier: MIT
import type { CpuDwell, DwellAnswer } from '../explain/index.ts';
import { type Nanoseconds, nanoseconds } from '../ledger/index.ts';
import { timeText } from './clock-text.ts';
import { durationText } from './duration-text.ts';
import { inodeName } from './explain-names.ts';
import { wrap } from './flow.ts';
import { MAIL_COLUMNS } from './wrap.ts';

/** Share of an inode's span, from 0 to 1; null if the span is empty. */
export function shareOf(time: Nanoseconds, { from, to }: Pick<DwellAnswer, 'from' | 'to'>): number | null {
  return to > from ? Number(((time > 0n ? Number(time) : 0) / Number(to - from)).toFixed(6)) : null;
}

function shareText(time: Nanoseconds, dwell: DwellAnswer): string {
  const share = shareOf(time, dwell);
  if (share === null) return durationText(time);
  const percent = share > 0 && share < 0.0001 ? '<0.01' : String(Number((100 * share).toPrecision(3)));
  return `${percent} % (${durationText(time)})`;
}

/** Largest number of batches in the report; --json has them all. */
const MOST_CPUS = 16;

/** Waiting times of an inode's folios in batches, and the time during which a conversion would have been refused. */
export function dwellLines(dwell: DwellAnswer): string[] {
  const { cpus, from, to, refused, unknown, hidden } = dwell;
  if (cpus.length === 0) return [];
  const span = nanoseconds(to - from);
  const some = `at least one folio waited for ${shareText(refused, dwell)}: during that time a conversion of the whole file without a drain would have been refused, on any CPU whose own batch holds none of its folios`;
  const spared = cpus.filter((ofCpu) => ofCpu.refused < refused);
  return [
    ...wrap(`${inodeName(dwell)}: how long its folios wait in lru_add batches`, '', '  '),
    ...wrap(
      `in ${durationText(span)}, from its first event at ${timeText(from)} to the end of the recording, ${some}`,
      '  ',
      '    ',
    ),
    ...spared.flatMap((ofCpu) =>
      wrap(`on CPU ${ofCpu.cpu} itself for ${shareText(ofCpu.refused, dwell)}`, '    ', '      '),
    ),
    ...(unknown > 0n
      ? wrap(`for ${shareText(unknown, dwell)} it is not known: events were lost`, '    ', '      ')
      : []),
    ...(hidden > 0n
      ? wrap(
          `for ${shareText(hidden, dwell)} it is not known: folios from before the recording may have waited`,
          '    ',
          '      ',
        )
      : []),
    ...percentileTable(cpus.slice(0, MOST_CPUS)),
    ...(cpus.length > MOST_CPUS ? [`  and ${cpus.length - MOST_CPUS} more CPUs; --json has them all`] : []),
    ...histogramLines(cpus),
  ];
}

function percentileTable(cpus: readonly CpuDwell[]): string[] {
  const rows = cpus.map(({ cpu, folios, p50, p90, p99, max, waiting, gone }) => [
    `CPU ${cpu}`,
    String(folios),
    ...[p50, p90, p99, max].map((time) => (time === undefined ? '-' : durationText(time))),
    String(waiting),
    String(gone),
  ]);
  const table = [['', 'inserted', 'p50', 'p90', 'p99', 'max', 'waiting', 'gone'], ...rows];
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)));
  return table.map((row) => `  ${row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ')}`);
}

/** All CPUs together, by powers of ten. */
function histogramLines(cpus: readonly CpuDwell[]): string[] {
  const counts = new Map<Nanoseconds | undefined, number>();
  for (const { histogram } of cpus)
    for (const { below, count } of histogram) counts.set(below, (counts.get(below) ?? 0) + count);
  const rows = [...counts].toSorted(([a], [b]) => (a === undefined ? 1 : b === undefined ? -1 : Number(a - b)));
  const most = Math.max(1, ...counts.values());
  const digits = String(most).length;
  return rows.map(([below, count]) => {
    const label = below === undefined ? 'longer' : `below ${durationText(below)}`;
    const start = `  ${label.padStart(12)} ${String(count).padStart(digits)} `;
    return `${start}${'#'.repeat(Math.ceil((count / most) * Math.min(40, MAIL_COLUMNS - start.length)))}`.trimEnd();
  });
}
