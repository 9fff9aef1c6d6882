// SPDX-License-Identifier: MIT
import type { FolioLedger } from '../ledger/index.ts';
import type { Counterexample, CounterexampleStep } from '../verify/index.ts';
import { callIn, type Subject } from './check-subject.ts';
import { wrap } from './flow.ts';
import { balanceText, holderText, ledgerLines, sumText } from './holders-text.ts';
import { MAIL_COLUMNS } from './wrap.ts';

/** Left of the lanes: the steps' numbers. */
const MARGIN = 5;
/** Room to the right of a lane, so that routines and steps also fit into the last one. */
const LANE_ROOM = 34;

/** Largest number of folios for which all holders are printed after a step; with more, only the changes. */
const MOST_SHOWN_WHOLE = 3;

/**
 * A run as a table: a column for each task that takes a step, with the kernel's routine and step, and below a step the
 * holders of a folio, if they have changed.
 */
export function counterexampleLines(scenario: Subject, counterexample: Counterexample): readonly string[] {
  const { steps, ledgerBefore } = counterexample;
  const threads = [...new Map(steps.map((step) => [step.task, step])).values()];
  const apart = Math.floor((MAIL_COLUMNS - MARGIN - LANE_ROOM) / Math.max(1, threads.length - 1));
  const lane = (task: number): number => MARGIN + threads.findIndex((thread) => thread.task === task) * apart;
  const isBrief = [ledgerBefore, ...steps.map((step) => step.ledger)].some(({ length }) => length > MOST_SHOWN_WHOLE);
  const lines: string[] = [heads(threads, lane), ...wholeLedger(ledgerBefore)];
  const last = new Map<number, CounterexampleStep>();
  let ledger = ledgerBefore;
  for (const [number, step] of steps.entries()) {
    const before = last.get(step.task);
    const left = ' '.repeat(lane(step.task));
    const call = callOf(scenario, step);
    if (call !== undefined && before?.call !== step.call) lines.push(...wrap(call, left));
    const { origin } = step;
    if (origin !== undefined && (before?.origin?.place !== origin.place || before.origin.text !== origin.text))
      lines.push(...wrap(`${origin.place} ${origin.text}`, left, `${left}  `));
    lines.push(...stepRows(number + 1, step, before, lane(step.task)));
    lines.push(...('threads' in scenario ? ledgerChange(ledger, step.ledger, isBrief) : writesOf(step)));
    last.set(step.task, step);
    ledger = step.ledger;
  }
  if (isBrief) lines.push(`${' '.repeat(MARGIN)}| after the last step:`, ...wholeLedger(ledger));
  return lines;
}

/** The names of the tasks over their columns. */
function heads(threads: readonly CounterexampleStep[], lane: (task: number) => number): string {
  let line = '';
  for (const { task, thread, cpu } of threads) line = `${line.padEnd(lane(task))}${thread} (CPU ${cpu}) `;
  return line.trimEnd();
}

function callOf(scenario: Subject, { task, call }: CounterexampleStep): string | undefined {
  return callIn(scenario, task, call)?.text;
}

/** The routine that contains a step; if the step has the routine's name, the routine's caller. */
const routineOf = ({ path, name }: CounterexampleStep): string | undefined =>
  path.at(-1) === name ? (path.at(-2) ?? name) : path.at(-1);

/** A step beside its routine, or below it if both do not fit; the routine only if it differs from the previous one. */
function stepRows(
  number: number,
  step: CounterexampleStep,
  before: CounterexampleStep | undefined,
  at: number,
): string[] {
  const left = ' '.repeat(at);
  const count = String(number).padStart(3).padEnd(at);
  const routine = routineOf(step);
  if (routine === undefined || (before !== undefined && routine === routineOf(before)))
    return [`${count}  ${step.name}`];
  const whole = `${count}${routine}: ${step.name}`;
  return whole.length <= MAIL_COLUMNS ? [whole] : [`${left}${routine}`, `${count}  ${step.name}`];
}

/** The writes of a step in a model without a ledger. */
const writesOf = ({ writes }: CounterexampleStep): readonly string[] => {
  const left = ' '.repeat(MARGIN);
  const text = writes
    .filter(({ before, after }) => before !== after)
    .map(({ variable, index, before, after }) => `${variable}[${index.join()}] ${before} -> ${after}`)
    .join(', ');
  return text === '' ? [] : wrap(`| ${text}`, left, `${left}|   `);
};

const LEFT = ' '.repeat(MARGIN);

/** The holders of each folio; neighbours with the same holders share a line. */
const wholeLedger = (ledger: readonly FolioLedger[]): readonly string[] =>
  ledgerLines(ledger).flatMap((text) => wrap(`| ${text}`, LEFT, `${LEFT}|   `));

/** The folios with changed holders, each with all its holders; or only the changes. */
function ledgerChange(
  before: readonly FolioLedger[],
  after: readonly FolioLedger[],
  brief: boolean,
): readonly string[] {
  const was = new Map(before.map((folio) => [folio.pfn, folio]));
  const changed = after.flatMap((folio) => {
    const known = was.get(folio.pfn);
    if (known !== undefined && textOf(known) === textOf(folio)) return [];
    return wrap(`| ${brief ? changeText(known, folio) : textOf(folio)}`, LEFT, `${LEFT}|   `);
  });
  const gone = before
    .filter(({ pfn }) => !after.some((folio) => folio.pfn === pfn))
    .flatMap(({ index }) => wrap(`| page ${index}: no holder`, LEFT));
  return [...changed, ...gone];
}

const textOf = (folio: FolioLedger): string => `page ${folio.index}: ${balanceText(folio)}`;

/** A folio's count, and the references that were added and removed. */
function changeText(before: FolioLedger | undefined, folio: FolioLedger): string {
  const old = new Set((before?.holders ?? []).map(holderText));
  const now = new Set(folio.holders.map(holderText));
  const came = [...now].filter((text) => !old.has(text)).map((text) => `+ ${text}`);
  const went = [...old].filter((text) => !now.has(text)).map((text) => `- ${text}`);
  const changes = [...went, ...came];
  return `page ${folio.index}: ${sumText(folio)}${changes.length === 0 ? '' : ` (${changes.join(', ')})`}`;
}
