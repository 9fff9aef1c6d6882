// SPDX-License-Identifier: MIT
import { formatTime, type Nanoseconds } from '../ledger/index.ts';

/** The forms of the check that a kernel may run, by its recorded conversions. */
export interface CheckForm {
  /** Names of the remaining possible forms. */
  readonly forms: readonly string[];
  /** The evidence, as a phrase. */
  readonly because: string;
}

/** Evidence of a conversion about the form. */
export interface FormEvidence {
  readonly at: Nanoseconds;
  readonly refused: boolean;
  /** Whether it drained all CPUs: false if another CPU's batch certainly held something before and after it. */
  readonly drained: boolean | undefined;
  /** It requested a drain of all CPUs while its own CPU's batch held something, which a worker flushed only then. */
  readonly allBeforeOwn: boolean;
  /**
   * What its check met, by page_ref events. `passed own`: it passed a folio that its own CPU's batch had held, and
   * flushed that batch itself. `refused own`: among its looks only that batch held something, and it was refused.
   * `only own`: the same, refused or not.
   */
  readonly met: { readonly passedOwn: boolean; readonly refusedOwn: boolean; readonly onlyOwn: boolean };
}

/** Forms of the check, by their behaviour. */
const FORMS = ['baseline', 'local-drain', 'v6', 'v8', 'drain-for-folio'] as const;
type Form = (typeof FORMS)[number];

/** The evidence of a call, and the forms that it excludes. */
interface Sign {
  readonly shows: (call: FormEvidence) => boolean;
  readonly not: readonly Form[];
  readonly phrase: (at: string) => string;
}

/** v6, v8 and drain-for-folio drain all CPUs before they refuse a small folio; baseline and local-drain never do. */
const DRAINED: Sign = {
  shows: ({ drained }) => drained === true,
  not: ['baseline', 'local-drain'],
  phrase: (at) => `the call at ${at} drained all CPUs`,
};

/** Only drain-for-folio refuses a small folio without a drain, if it is pinned or mapped. */
const REFUSED_WITHOUT: Sign = {
  shows: ({ refused, drained }) => refused && drained === false,
  not: ['v6', 'v8'],
  phrase: (at) =>
    `the call at ${at} was refused without a drain of all CPUs, while another CPU's batch held folios; no call drained them`,
};

/** The order and cause of a call's drains of its own CPU and of all CPUs: they show more than the drain alone. */
const ORDER: readonly Sign[] = [
  {
    // lru_add_drain_all() drains its own CPU first since 2025 (6.18); in older kernels a worker does.
    shows: ({ allBeforeOwn }) => allBeforeOwn,
    not: ['baseline', 'local-drain', 'drain-for-folio'],
    phrase: (at) =>
      `the call at ${at} asked for a drain of all CPUs before its own CPU's batch was flushed, which drain-for-folio does first`,
  },
  {
    shows: ({ met, drained }) => met.passedOwn && drained === false,
    not: ['baseline', 'v6', 'v8'],
    phrase: (at) =>
      `the call at ${at} flushed its own CPU's batch for a folio, passed, and left another CPU's batch as it was`,
  },
  {
    shows: ({ met }) => met.passedOwn,
    not: ['baseline'],
    phrase: (at) => `the call at ${at} flushed its own CPU's batch for a folio, and passed`,
  },
  {
    shows: ({ met }) => met.refusedOwn,
    not: ['local-drain', 'v6', 'v8', 'drain-for-folio'],
    phrase: (at) => `the call at ${at} was refused for what its own CPU's batch held, and nothing else`,
  },
  {
    shows: ({ met, drained }) => met.onlyOwn && drained === true,
    not: ['drain-for-folio'],
    phrase: (at) => `the call at ${at} drained all CPUs although only its own CPU's batch held what it looked at`,
  },
];

/**
 * The forms that the calls of a recording allow. One kernel runs one form.
 * @returns undefined if no call shows it, and if they contradict each other.
 */
export function inferForm(calls: readonly FormEvidence[]): CheckForm | undefined {
  const left = new Set<Form>(FORMS);
  const because: string[] = [];
  const draining = calls.find(DRAINED.shows);
  const without = calls.find(REFUSED_WITHOUT.shows);
  if (draining !== undefined && without !== undefined)
    because.push(
      `${DRAINED.phrase(formatTime(draining.at))}, and that at ${formatTime(without.at)} was refused without, while another CPU's batch held folios`,
    );
  else if (draining !== undefined) because.push(DRAINED.phrase(formatTime(draining.at)));
  else if (without !== undefined) because.push(REFUSED_WITHOUT.phrase(formatTime(without.at)));
  for (const form of draining === undefined ? [] : DRAINED.not) left.delete(form);
  for (const form of without === undefined ? [] : REFUSED_WITHOUT.not) left.delete(form);
  for (const { shows, not, phrase } of ORDER) {
    const call = calls.find(shows);
    if (call === undefined || !not.some((form) => left.has(form))) continue;
    for (const form of not) left.delete(form);
    because.push(phrase(formatTime(call.at)));
  }
  if (because.length === 0 || left.size === 0) return undefined;
  return { forms: FORMS.filter((form) => left.has(form)), because: because.join('; ') };
}

/** Whether every remaining form drains all CPUs before it refuses because of a batch. */
export const drainsFirst = (form: CheckForm | undefined): boolean =>
  form !== undefined && form.forms.every((name) => name !== 'baseline' && name !== 'local-drain');
