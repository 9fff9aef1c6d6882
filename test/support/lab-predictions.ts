// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { explainTrace } from '../../src/explain/index.ts';
import { cpu, folioIndex, type Verdict } from '../../src/ledger/index.ts';
import { PATCHES } from '../../src/machine/index.ts';
import { memorySource } from '../../src/trace/index.ts';

/** One conversion that the lab's kernel was asked for, as its own tool noted it. */
interface Attempt {
  readonly attempt: string;
  readonly cpu: number;
  readonly off: number;
  readonly size: number;
  readonly to: 'private' | 'shared';
  readonly ret: number;
  readonly errno: number;
  readonly error_offset: number;
}

/** A prediction beside what the kernel answered. */
export interface Prediction {
  readonly attempt: string;
  readonly predicted: string;
  readonly answered: string;
}

const PAGE_BYTES = 4096;
const EAGAIN = 11;

/**
 * Asks a recording of the lab, just before each conversion to private and with its range and CPU, what the form of
 * the check would say that the lab's kernel ran.
 */
export async function predictLab(
  recording: string | { readonly name: string; readonly text: string },
  resultsFile: string,
  form: string,
): Promise<readonly Prediction[]> {
  const attempts = readFileSync(resultsFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"attempt"'))
    .map((line) => JSON.parse(line) as Attempt)
    .filter(({ to, ret, errno }) => to === 'private' && (ret === 0 || errno === EAGAIN));
  const source =
    typeof recording === 'string'
      ? memorySource(recording, readFileSync(recording))
      : memorySource(recording.name, new TextEncoder().encode(recording.text));
  const patches = PATCHES.filter(({ name }) => name === form);
  const predictions: Prediction[] = [];
  for (const attempt of attempts) {
    const from = attempt.off / PAGE_BYTES;
    const { moments } = await explainTrace(source, {
      moments: [
        { kind: 'marker', text: `phase convert ${attempt.attempt} off ${attempt.off} size ${attempt.size} attr 8` },
      ],
      range: { from: folioIndex(from), to: folioIndex(from + attempt.size / PAGE_BYTES) },
      cpu: cpu(attempt.cpu),
      patches,
    });
    const verdict = moments[0]?.verdicts.get(form);
    predictions.push({
      attempt: attempt.attempt,
      predicted: verdict === undefined ? 'nothing' : phrase(verdict),
      answered: attempt.ret === 0 ? 'safe' : `refused at ${attempt.error_offset / PAGE_BYTES}`,
    });
  }
  return predictions;
}

const phrase = (verdict: Verdict): string =>
  verdict.verdict === 'refused' ? `refused at ${verdict.index}` : verdict.verdict;
