// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import type { Explanation, MomentAnswer } from '../../src/explain/index.ts';

/** What the running kernel said of a page, from /proc/PID/pagemap and /proc/kpageflags. */
interface TruePage {
  readonly index: number;
  readonly pfn: number;
  /** 0: it waits in a lru_add batch. */
  readonly lru: 0 | 1;
}

interface TruePhase {
  readonly phase: string;
  readonly dev: string;
  readonly ino: number;
  readonly pages: readonly TruePage[];
}

/** How an explanation stands beside the kernel's own readings. */
export interface Agreement {
  /** Pages that the kernel was asked about. */
  readonly readings: number;
  readonly disagreements: readonly string[];
}

/**
 * Compares what an explanation says at every marker with NAME.truth.jsonl. The kernel was asked between the markers
 * `phase NAME` and `phase-end NAME`; where a batch was flushed in between, either state is right.
 */
export function compareWithTruth(explanation: Explanation, truthFile: string): Agreement {
  const phases = readFileSync(truthFile, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TruePhase);
  const disagreements: string[] = [];
  let readings = 0;
  for (const { phase, dev, ino, pages } of phases) {
    const at = (marker: string): MomentAnswer | undefined =>
      explanation.moments.find(
        (moment) => moment.marker === marker && moment.dev === dev && moment.ino === BigInt(ino),
      );
    const before = at(`phase ${phase}`);
    const after = at(`phase-end ${phase}`);
    if (before === undefined || after === undefined) {
      disagreements.push(`${phase}: no moment`);
      continue;
    }
    for (const page of pages) {
      readings++;
      const said = [before, after].map((moment) => describe(moment, page.index));
      const truth = `pfn ${page.pfn} ${page.lru === 0 ? 'waits' : 'does not wait'}`;
      if (!said.includes(truth))
        disagreements.push(`${phase}: index ${page.index}: ${truth}; said: ${said.join(', ')}`);
    }
  }
  return { readings, disagreements };
}

function describe({ folios }: MomentAnswer, index: number): string {
  const folio = folios.find((candidate) => candidate.index <= index && index < candidate.index + 2 ** candidate.order);
  if (folio === undefined) return 'no folio';
  const waits = folio.holders.some(({ kind }) => kind === 'lru-add-batch');
  return `pfn ${folio.pfn + index - folio.index} ${waits ? 'waits' : 'does not wait'}`;
}
