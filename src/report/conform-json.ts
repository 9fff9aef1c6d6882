// SPDX-License-Identifier: MIT
import type { Conformance, KindCount } from '../conform/index.ts';
import { formatTime } from '../ledger/index.ts';

/** A file and its result. */
export interface Conformed {
  readonly file: string;
  readonly answer: Conformance;
}

const ORDER = ['conforms', 'undecided', 'diverges'] as const;

/** The verdict on several recordings: `diverges` if one does. */
export const worstOf = (all: readonly Conformed[]): Conformance['verdict'] =>
  ORDER.findLast((verdict) => all.some(({ answer }) => answer.verdict === verdict)) ?? 'undecided';

/**
 * The JSON document of `conform --json`; schema/conform.schema.json describes it. Its first keys are those of all
 * recordings together.
 * @example
 * import { conformToJson, worstOf } from 'folioscope/report';
 * worstOf([]); // => 'undecided'
 * JSON.parse(conformToJson([])).schema; // => 'folioscope.conform/1'
 */
export const conformToJson = (all: readonly Conformed[]): string => {
  const sum = (of: (answer: Conformance) => number): number => all.reduce((total, { answer }) => total + of(answer), 0);
  const diverging = all.find(({ answer }) => answer.verdict === 'diverges');
  return `${JSON.stringify(
    {
      schema: 'folioscope.conform/1',
      verdict: worstOf(all),
      events: sum(({ trace }) => trace.events),
      consumed: sum(({ consumed }) => consumed),
      matched: sum(({ matched }) => matched),
      silent: sum(({ silent }) => silent.reduce((total, { times }) => total + times, 0)),
      divergence: divergenceJson(diverging?.answer.divergence),
      recordings: all.map(({ file, answer }) => recordingJson(file, answer)),
    },
    undefined,
    2,
  )}\n`;
};

const divergenceJson = (divergence: Conformance['divergence']): object | null =>
  divergence === undefined
    ? null
    : {
        event: divergence.event,
        at: formatTime(divergence.at),
        cpu: divergence.cpu,
        number: divergence.number,
        allowed: divergence.allowed,
        guard: divergence.guard,
        ledgers: divergence.ledgers,
        before: divergence.before,
      };

const kindJson = ({ kind, consumed, matched, unknown }: KindCount): object => ({ kind, consumed, matched, unknown });

const recordingJson = (file: string, answer: Conformance): object => ({
  file,
  verdict: answer.verdict,
  because: answer.because ?? null,
  format: answer.trace.format,
  events: answer.trace.events,
  cpus: answer.trace.cpus,
  profile: answer.profile,
  forms: answer.forms,
  formsTried: answer.formsTried,
  consumed: answer.consumed,
  matched: answer.matched,
  unknown: answer.unknown,
  kinds: answer.kinds.map((one) => kindJson(one)),
  silent: answer.silent,
  steps: answer.steps,
  frontier: answer.frontier,
  tries: answer.tries,
  lostOn: answer.lostOn,
  notes: answer.trace.notes,
  divergence: divergenceJson(answer.divergence),
});
