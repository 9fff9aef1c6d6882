// SPDX-License-Identifier: MIT
import type { DrainAnswer, DrainRound, DrainWork } from '../explain/index.ts';
import { foldNumbers, type Nanoseconds } from '../ledger/index.ts';
import { timeText } from './clock-text.ts';
import { durationText } from './duration-text.ts';
import { wrap } from './flow.ts';
import { quoteText } from './wrap.ts';

/** Number of rounds in the report, the longest ones; --json has more. */
const MOST_ROUNDS = 8;

/** Rounds of lru_add_drain_all(), their cost and their callers. */
export function drainLines(drains: DrainAnswer | undefined): string[] {
  if (drains === undefined) return [];
  const { count, unfinished, total, inConversions, p50, max, cpus, rounds } = drains;
  if (count === 0)
    return wrap(
      `drain rounds (lru_add_drain_all): ${drains.nameless ? 'not known: the works have no function names' : 'none that queued work'}`,
      '',
      '  ',
    );
  const each = p50 === undefined || max === undefined ? '' : `, p50 ${durationText(p50)}, max ${durationText(max)}`;
  const inside = inConversions > 0n ? ` (inside conversions ${durationText(inConversions)})` : '';
  const open = unfinished === 0 ? '' : `; ${unfinished} more without an end in the recording`;
  const shown = new Set(rounds.toSorted(bySlowest).slice(0, MOST_ROUNDS));
  const listed = rounds.filter((round) => shown.has(round));
  return [
    ...wrap(
      `drain rounds (lru_add_drain_all): ${count} queued work, ${durationText(total)} together${inside}${each}${open}`,
      '',
      '  ',
    ),
    ...cpus.flatMap(({ cpu, works, delay, run }) =>
      wrap(
        `CPU ${cpu}: ${works} ${works === 1 ? 'work' : 'works'}; delay until it ran ${spread(delay)}; run time ${spread(run)}`,
        '  ',
        '    ',
      ),
    ),
    ...listed.flatMap(roundLines),
    ...(listed.length < count
      ? [`  the slowest ${listed.length} are shown; --json has ${rounds.length} of ${count}`]
      : []),
    ...wrap('rounds that found nothing to drain on any CPU queued no work, and are not counted', '  ', '    '),
  ];
}

const bySlowest = (a: DrainRound, b: DrainRound): number => Number((b.took ?? 0n) - (a.took ?? 0n));

const spread = ({
  p50,
  max,
}: {
  readonly p50: Nanoseconds | undefined;
  readonly max: Nanoseconds | undefined;
}): string =>
  p50 === undefined || max === undefined ? 'not seen' : `p50 ${durationText(p50)}, max ${durationText(max)}`;

function roundLines({ at, cpu, pid, task, took, conversion, works }: DrainRound): string[] {
  const who = `${task === undefined ? '' : `${quoteText(task)} `}(pid ${pid}) on CPU ${cpu}`;
  const where = conversion === undefined ? '' : `, inside the conversion of ${timeText(conversion)}`;
  const length = took === undefined ? 'its end is not in the recording' : `took ${durationText(took)}`;
  const asked = `work on CPU ${foldNumbers(works.map((work) => work.cpu))}`;
  return [
    ...wrap(`${timeText(at)}: asked by ${who}${where}; ${asked}; ${length}`, '  ', '    '),
    ...slowestLines(works),
  ];
}

function slowestLines(works: readonly DrainWork[]): string[] {
  const slowest = slowestOf(works);
  if (slowest?.delay === undefined || slowest.run === undefined) return [];
  const { cpu, delay, run, insertions, meanwhile } = slowest;
  const folios = `${insertions} ${insertions === 1 ? 'folio' : 'folios'} inserted`;
  const name = works.length === 1 ? `CPU ${cpu}` : `slowest: CPU ${cpu}`;
  const ran = meanwhile.map(({ task, pid, time }) => `${quoteText(task)} (pid ${pid}) ${durationText(time)}`);
  return [
    ...wrap(`${name}, ${durationText(delay)} until it ran, ran ${durationText(run)}, ${folios}`, '    ', '      '),
    ...(ran.length === 0 ? [] : wrap(`meanwhile ran: ${ran.join(', ')}`, '      ', '        ')),
  ];
}

/** The work item with the longest wait of the round. */
export const slowestOf = (works: readonly DrainWork[]): DrainWork | undefined =>
  works
    .filter(({ run }) => run !== undefined)
    .toSorted((a, b) => Number(endOf(b) - endOf(a)))
    .at(0);

const endOf = ({ queued, delay, run }: DrainWork): bigint => queued + (delay ?? 0n) + (run ?? 0n);
