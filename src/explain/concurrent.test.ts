// SPDX-License-Identifier: MIT
// Three CPUs fault while a fourth converts to and fro, 200 times: every call is predicted from the stock events before
// the check, and held against what the kernel answered.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { cpu, folioIndex, type Nanoseconds, nanoseconds, parseTime, type Verdict } from '../ledger/index.ts';
import { patchNamed } from '../machine/index.ts';
import { memorySource } from '../trace/index.ts';
import { explainTrace } from './index.ts';

const PAGE = 4096;
const EAGAIN = '11';

interface Call {
  /** When the check began: its unmapping was over (a label of that kernel alone). */
  readonly at: Nanoseconds;
  readonly answered: string;
}

/** The calls to private of a recording, by the markers of the program that made them. */
function callsOf(text: string): readonly Call[] {
  const calls: Call[] = [];
  let unmapped: Nanoseconds | undefined;
  let isPrivate = false;
  for (const line of text.split('\n')) {
    const at = parseTime(/ (\d+\.\d+): /.exec(line)?.[1] ?? '');
    const asked = /phase convert \S+ off 0 size 262144 attr (\d)/.exec(line);
    if (asked !== null) {
      isPrivate = asked[1] === '8';
      unmapped = undefined;
    } else if (line.includes('step=unmap_end')) unmapped ??= at;
    const told = /phase converted \S+ ret -?\d+ errno (\d+) error_offset (-?\d+)/.exec(line);
    if (told === null || !isPrivate || unmapped === undefined) continue;
    calls.push({
      at: nanoseconds(unmapped),
      answered: told[1] === EAGAIN ? `refused at ${Number(told[2]) / PAGE}` : 'safe',
    });
  }
  return calls;
}

const phrase = (verdict: Verdict | undefined): string =>
  verdict?.verdict === 'refused' ? `refused at ${verdict.index}` : (verdict?.verdict ?? 'nothing');

describe.each([
  ['baseline', { refused: 195, safe: 8 }],
  ['local-drain', { refused: 202, safe: 1 }],
])('with %s', (form, counts) => {
  test('each call was answered as predicted', async () => {
    const packed = readFileSync(`test/recordings/s9_concurrent.${form}.txt.gz`);
    const calls = callsOf(gunzipSync(packed).toString());
    const { moments } = await explainTrace(memorySource(`${form}.txt.gz`, packed), {
      moments: calls.map(({ at }) => ({ kind: 'time', at })),
      range: { from: folioIndex(0), to: folioIndex(64) },
      cpu: cpu(0),
      patches: [patchNamed(form)],
    });
    const predicted = moments.map(({ verdicts }) => phrase(verdicts.get(form)));
    expect(predicted).toEqual(calls.map(({ answered }) => answered));
    const refused = predicted.filter((said) => said.startsWith('refused')).length;
    expect({ refused, safe: predicted.length - refused }).toEqual(counts);
  });
});
