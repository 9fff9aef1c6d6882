// SPDX-License-Identifier: MIT
import type { Verdict } from '../ledger/index.ts';
import type { Explanation, MomentAnswer } from './answer.ts';

const SECONDS = /\b(\d+)\.(\d{9})\b/g;

/** A sentence whose times are seconds, with the stamps of a clock that counts. */
const counted = (sentence: string): string =>
  sentence.replaceAll(SECONDS, (_, seconds: string, rest: string) => String(BigInt(seconds + rest)));

/** The sentences of an explanation with times as the recorder prints them, if its clock counts. */
export function withCounts(explanation: Explanation): Explanation {
  const { moments, notes, form } = explanation;
  return {
    ...explanation,
    moments: moments.map(ofMoment),
    notes: notes.map(counted),
    form: form === undefined ? undefined : { ...form, because: counted(form.because) },
  };
}

function ofMoment(moment: MomentAnswer): MomentAnswer {
  const { verdicts, localDrainByCpu, baseline, lowerIndex } = moment;
  return {
    ...moment,
    verdicts: new Map([...verdicts].map(([form, verdict]) => [form, ofVerdict(verdict)])),
    localDrainByCpu:
      localDrainByCpu === undefined
        ? undefined
        : new Map([...localDrainByCpu].map(([cpu, verdict]) => [cpu, ofVerdict(verdict)])),
    baseline: ofVerdict(baseline),
    lowerIndex: lowerIndex === undefined ? undefined : counted(lowerIndex),
  };
}

const ofVerdict = (verdict: Verdict): Verdict =>
  verdict.verdict === 'undecided' ? { ...verdict, reason: counted(verdict.reason) } : verdict;
