// SPDX-License-Identifier: MIT
// Random scenarios, each under a random form of the check: `run` against `check`, the ways to explore against each other. Prints what
// cannot be so, with the seed and the smallest scenario that shows it; exit 1 where there is something.
//
//   npx tsx bench/random-scenarios.ts [N] [SEED] [MOST_STATES]
//
// N scenarios (2000) from SEED (1) on; each search gives up after MOST_STATES (4000).
import { casesFrom, triedAt } from '../test/support/random-trials.ts';
import { WorkerPool } from '../test/worker-host.ts';

const [count = '2000', first = '1', most = '4000'] = process.argv.slice(2);
if (!(Number(count) > 0) || !(Number(first) >= 0) || !(Number(most) > 0)) {
  process.stderr.write('usage: random-scenarios.ts [N] [SEED] [MOST_STATES]\n');
  process.exit(64);
}
const host = new WorkerPool();
const totals = { scenarios: 0, decided: 0, violated: 0, runs: 0, replays: 0, states: 0 };
const kinds = new Map<string, number>();
for (const seed of casesFrom(Number(first), Number(count))) {
  const { findings, answer, runs, replays, text } = await triedAt(seed, {
    mostStates: Number(most),
    host,
    shrinks: (kind) => !kinds.has(kind),
  });
  totals.scenarios++;
  totals.runs += runs;
  totals.replays += replays;
  totals.states += answer?.explored.states ?? 0;
  totals.decided += Number(answer !== undefined && answer.reason === undefined);
  totals.violated += Number(answer?.verdict === 'violated');
  for (const finding of findings) {
    const seen = kinds.get(finding.kind) ?? 0;
    kinds.set(finding.kind, seen + 1);
    if (seen < 3) process.stdout.write(`seed ${seed}: ${finding.kind}\n  ${finding.text}\n`);
    if (seen === 0) process.stdout.write(`${text(finding.kind).replaceAll(/^/gm, '    ')}\n`);
  }
  if (totals.scenarios % 100 === 0)
    process.stderr.write(`${totals.scenarios} scenarios, ${Math.round(performance.now() / 1000)} s\n`);
}
await host.end();
process.stdout.write(`${JSON.stringify(totals)}\n`);
for (const [kind, times] of [...kinds].toSorted(([, a], [, b]) => b - a)) process.stdout.write(`${times} x ${kind}\n`);
if (kinds.size > 0) process.exitCode = 1;
