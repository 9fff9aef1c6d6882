// SPDX-License-Identifier: MIT
// Random sequences of real calls on this machine's guest_memfd and on the model's machine: page flags are compared after each
// call. Needs root, guest_memfd and tracefs.
//
//   npx tsx bench/differential.ts [STEPS [SEED]]
//   npx tsx bench/differential.ts mutants        this kernel, held against machines with a mistake made on purpose
//
// exit 0: no difference; 1: one, with the shortest sequence that shows it; 2: other work flushed batches at more than a
// fifth of the steps, so the run says too little; 69: this machine lacks something
import { release } from 'node:os';
import { RealKernel } from '../test/live/differential/kernel.ts';
import { Model } from '../test/live/differential/model.ts';
import { differentialRun, MOST_RESYNCS, profileOf, resyncShare } from '../test/live/differential/run.ts';
import { sayStep } from '../test/live/differential/steps.ts';
import { lackingGuestMemfd, lackingTracefs } from '../test/live/machine.ts';
import { loadNative } from '../src/live/index.ts';
import { OutOfRange } from '../src/lang/index.ts';
import type { Profile } from '../src/machine/index.ts';
import { MODEL_MUTANTS } from './conform-mutants.ts';

const profile = profileOf(release());
const why =
  lackingTracefs() ??
  (await lackingGuestMemfd()) ??
  (profile === undefined ? `no profile of Linux ${release()}` : undefined);
if (why !== undefined || profile === undefined) {
  console.error(why);
  process.exit(69);
}
const [first = '', ...rest] = process.argv.slice(2);
const cpus = (await loadNative()).affinity().length;
let isInterrupted = false;
let kernel: RealKernel | undefined;
process.once('SIGINT', () => {
  isInterrupted = true;
  void kernel?.close();
});
try {
  kernel = new RealKernel();
  process.exitCode =
    first === 'mutants' ? await mutants(kernel, profile) : await run(kernel, profile, [first, ...rest].map(Number));
} catch (error) {
  if (!isInterrupted) throw error;
  process.exitCode = 130;
} finally {
  await kernel?.close();
}

async function run(real: RealKernel, of: Profile, [steps, seed = 1]: readonly number[]): Promise<number> {
  const began = performance.now();
  const asked = { steps: steps === undefined || steps === 0 ? 10_000 : steps, seed };
  const { counts, unusable, difference } = await differentialRun(real, new Model(of, cpus), asked);
  const { others, ownFull, steps: resynced } = counts.resyncs;
  const share = resyncShare(counts);
  console.log(
    `Linux ${release()}, profile ${of.name}, ${cpus} CPUs, seed ${seed}: ${counts.steps} steps in ${((performance.now() - began) / 1000).toFixed(0)} s`,
  );
  console.log(`${counts.compared} pages compared, ${counts.additions} additions, ${counts.insertions} insertions`);
  console.log(
    `other work flushed a batch at ${resynced} steps, ${(100 * share).toFixed(1)} %: ${others} flushes by other tasks or between our calls, ${ownFull} within our calls, of a batch that other memory had filled`,
  );
  if (unusable > 0) console.log(`${unusable} sequences lost events, and are not counted`);
  if (difference === undefined) console.log('no difference');
  else {
    console.log(`differs at ${difference.step}: ${difference.what}`);
    console.log(`the shortest sequence that differs (${difference.last.what}):`);
    for (const step of difference.shortest) console.log(`  ${sayStep(step)}`);
  }
  if (difference !== undefined) return 1;
  return share > MOST_RESYNCS ? 2 : 0;
}

/** Which mistakes of the model this kernel refutes, and by which shortest sequence of calls. */
async function mutants(real: RealKernel, of: Profile): Promise<number> {
  let found = 0;
  console.log('| mutant | the mistake | refuted by |\n|---|---|---|');
  for (const mutant of MODEL_MUTANTS) {
    const by = await refutation(real, new Model(of, cpus, mutant));
    if (by !== undefined) found++;
    console.log(`| \`${mutant.name}\` | ${mutant.forgets} | ${by ?? '-'} |`);
  }
  console.log(`\n${found} of ${MODEL_MUTANTS.length} refuted by Linux ${release()}`);
  return 0;
}

async function refutation(real: RealKernel, model: Model): Promise<string | undefined> {
  try {
    const { difference } = await differentialRun(real, model, { steps: 3000, seed: 1 });
    return difference?.shortest.map(sayStep).join(', ');
  } catch (error) {
    if (!(error instanceof OutOfRange)) throw error;
    return 'a value is out of its range';
  }
}
