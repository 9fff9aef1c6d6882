// SPDX-License-Identifier: MIT
// A search that keeps checkpoints, to be killed: `checkpoint-search.ts DIRECTORY` prints a line a level.
import { argv, stdout } from 'node:process';
import { exploreProgram, type Question } from '../src/check/index.ts';
import { CheckpointDirectory } from '../src/cli/checkpoint-directory.ts';
import { DEFAULT_PROFILE } from '../src/kernel/index.ts';
import { patchNamed } from '../src/machine/index.ts';
import { questionOf } from './kernel-question.ts';

/** One task converts a page while another touches it on another CPU. */
export const raceQuestion = (): Question =>
  questionOf({
    config: { profile: { ...DEFAULT_PROFILE, batchSize: 2 }, patch: patchNamed('v6') },
    sizes: { cpus: 2, folios: 1, inodes: 1, pages: 1, mms: 1, pins: 0, references: 8, order: 0 },
    tasks: [
      { cpu: 0, script: [{ name: 'convert', args: [0, 0, 1, 1, 1] }] },
      { cpu: 1, script: [{ name: 'touch', args: [0, 0, 1] }] },
    ],
  });

/** Lines after which it waits for its end, so that it never comes to its own. */
const LAST_LINE = 25;

const [, script = '', path] = argv;
if (script.endsWith('checkpoint-search.ts') && path !== undefined) {
  let lines = 0;
  exploreProgram(raceQuestion(), {
    mostStates: 1e5,
    whole: true,
    checkpoint: new CheckpointDirectory(path, 0),
    progress: ({ states }) => {
      stdout.write(`${states}\n`);
      if (++lines === LAST_LINE) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    },
  });
}
