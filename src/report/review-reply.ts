// SPDX-License-Identifier: MIT
import type { Change, HunkLine, ReviewAnswer, ReviewedChange } from '../review/index.ts';
import type { Scenario } from '../scenario/index.ts';
import { wrap } from './flow.ts';
import {
  closingLines,
  type ReviewReportOptions,
  runLines,
  seriesLines,
  shownLines,
  sideLines,
  sourceLines,
  unshownLines,
} from './review-text.ts';
import { commandLines } from './command-lines.ts';

/** Consecutive changed lines, with context before them, as a reply quotes them. */
interface Group {
  readonly lines: readonly HunkLine[];
  readonly changed: readonly HunkLine[];
}

/** A reply to the mail: the verdict first, then the quoted changed lines, each with its evidence. */
export function reviewReply(answer: ReviewAnswer, { command, scenarios }: ReviewReportOptions): string {
  const change = answer.last;
  const { mail } = change.prepared;
  const { path } = change.prepared.change;
  const groups = change.prepared.unshown === undefined ? groupsOf(change) : [];
  const evidence = new Map<number, (readonly string[])[]>();
  for (const one of change.changes) {
    const lines = evidenceLines(one, scenarios);
    if (lines.length === 0) continue;
    const place = placeOf(one, groups);
    evidence.set(place, [...(evidence.get(place) ?? []), lines]);
  }
  const naming = explaining(change);
  const sections = [
    wrote(mail.date, mail.from),
    seriesLines(answer),
    change.prepared.unshown === undefined
      ? [
          ...sideLines('after', change.after, 'the change removes the function', naming),
          ...sideLines('before', change.before, 'the change adds the function', naming),
        ]
      : unshownLines(change.prepared.unshown),
    ...groups.flatMap((group, i) => [
      [...(i === 0 ? [`> --- a/${path}`, `> +++ b/${path}`] : []), ...group.lines.map(quoted)],
      ...(evidence.get(i) ?? []),
    ]),
    shownLines(change),
    sourceLines(answer),
    closingLines(answer),
    commandLines(command),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** Names of properties for somebody who knows none of their numbers: with its sentence where one first stands. */
function explaining({ before, after }: ReviewedChange): (id: string) => string {
  const told = new Set<string>();
  const all = [before, after].flatMap((side) =>
    side?.kind === 'judged' ? side.judged.flatMap(({ properties }) => properties) : [],
  );
  return (id) => {
    const sentence = told.has(id) ? undefined : all.find((property) => property.id === id)?.sentence;
    told.add(id);
    return sentence === undefined ? id : `${id} (${sentence})`;
  };
}

const SIGNS = { context: ' ', removed: '-', added: '+' } as const;
const quoted = ({ kind, text }: HunkLine): string => `> ${SIGNS[kind]}${text}`.trimEnd();

function wrote(date: string | undefined, from: string | undefined): readonly string[] {
  if (from === undefined) return [];
  return wrap(`${date === undefined ? '' : `On ${dateLine(date)}, `}${from} wrote:`, '', '  ');
}

/** A date as mails have it (RFC 5322), in UTC; as it is where it is none. */
function dateLine(date: string): string {
  const time = new Date(date);
  return Number.isNaN(time.getTime()) ? date : time.toUTCString().replace('GMT', '+0000');
}

/** Number of context lines before a changed line that a reader needs to find it. */
const CONTEXT = 3;

function groupsOf({ prepared }: ReviewedChange): readonly Group[] {
  const groups: Group[] = [];
  for (const { lines } of prepared.change.hunks) {
    let context: HunkLine[] = [];
    let changed: HunkLine[] = [];
    for (const line of lines) {
      if (line.kind !== 'context') {
        changed.push(line);
        continue;
      }
      if (changed.length > 0) {
        groups.push({ lines: [...context.slice(-CONTEXT), ...changed], changed });
        [context, changed] = [[], []];
      }
      context.push(line);
    }
    if (changed.length > 0) groups.push({ lines: [...context.slice(-CONTEXT), ...changed], changed });
  }
  return groups;
}

/** The group that a run belongs to: that of the last changed line that it executes; else the last one that begins before the last line of the check that the run executes. */
function placeOf(change: Change, groups: readonly Group[]): number {
  const { side, run } = change.shortest ?? { side: 'after' };
  const lineOf = (at: string | undefined): number => Number(/:(\d+)$/.exec(at ?? '')?.[1] ?? Number.NaN);
  for (const { origin } of (run?.steps ?? []).toReversed()) {
    const exact = groups.findIndex(({ changed }) => changed.some((one) => one[side] === lineOf(origin?.place)));
    if (exact !== -1) return exact;
  }
  const place = (run?.steps ?? []).findLast(({ origin }) => origin !== undefined)?.origin?.place;
  const line = lineOf(place);
  const found = groups.findLastIndex(({ changed }) =>
    changed.some((one) => (one[side] ?? Number.POSITIVE_INFINITY) <= line),
  );
  return found === -1 ? groups.length - 1 : found;
}

const WORDS = {
  fixed: 'This fixes',
  worse: 'This breaks',
  stays: 'Both before and after, this violates',
} as const;

function evidenceLines(change: Change, scenarios: ReadonlyMap<string, Scenario>): readonly string[] {
  const run = runLines(change, scenarios);
  if (run.length === 0) return [];
  const names = change.in.map((one) => one.scenario).join(', ');
  return [...wrap(`${WORDS[change.kind]} ${change.id} (${change.sentence}) in ${names}.`, ''), '', ...run];
}
