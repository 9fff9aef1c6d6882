// SPDX-License-Identifier: MIT
import { formatTime, type Nanoseconds } from '../ledger/index.ts';

/** Which forms of the check a kernel may run, as its recorded conversions show. */
export interface CheckForm {
  /** Names of forms, of those that there are; what is left of them. */
  readonly forms: readonly string[];
  /** What that rests on, as a phrase. */
  readonly because: string;
}

/** A conversion, as far as the form shows in it. */
export interface FormEvidence {
  readonly at: Nanoseconds;
  readonly refused: boolean;
  /** Whether it drained all CPUs: false where another CPU's batch surely held something before and after it. */
  readonly drained: boolean | undefined;
}

/**
 * v6, v8 and drain-for-folio drain all CPUs before they refuse a small folio; only drain-for-folio refuses one without,
 * which is pinned or mapped. baseline and local-drain never drain all. One kernel runs one form.
 * @returns undefined where no call tells.
 */
export function inferForm(calls: readonly FormEvidence[]): CheckForm | undefined {
  const draining = calls.find(({ drained }) => drained === true);
  const without = calls.find(({ refused, drained }) => refused && drained === false);
  if (draining !== undefined && without !== undefined)
    return {
      forms: ['drain-for-folio'],
      because: `the call at ${formatTime(draining.at)} drained all CPUs, and that at ${formatTime(without.at)} was refused without, while another CPU's batch held folios`,
    };
  if (draining !== undefined)
    return {
      forms: ['v6', 'v8', 'drain-for-folio'],
      because: `the call at ${formatTime(draining.at)} drained all CPUs`,
    };
  if (without !== undefined)
    return {
      forms: ['baseline', 'local-drain', 'drain-for-folio'],
      because: `the call at ${formatTime(without.at)} was refused without a drain of all CPUs, while another CPU's batch held folios; no call drained them`,
    };
  return undefined;
}

/** Whether every form that is left drains all CPUs before it refuses for a batch. */
export const drainsFirst = (form: CheckForm | undefined): boolean =>
  form !== undefined && form.forms.every((name) => name !== 'baseline' && name !== 'local-drain');
