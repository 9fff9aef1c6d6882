// SPDX-License-Identifier: MIT
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SearchOptions } from '../verify/index.ts';
import { ASKED } from './asked-before.ts';
import type { Options } from './check-options.ts';
import { complain, reasonOf, UsageError } from './failure.ts';

/**
 * Takes exclusive ownership of a directory of checkpoints.
 * @returns a function that releases it.
 * @throws UsageError if another process owns it, or it cannot be a directory of checkpoints.
 */
export async function ownCheckpoints(path: string, { resume = false }: Options): Promise<() => void> {
  if (existsSync(path) && !statSync(path).isDirectory())
    throw new UsageError(`${path}: not a directory; --checkpoint needs one`);
  if (!existsSync(path) && resume) throw new UsageError(`${path} holds no checkpoint: begin one without --resume`);
  const { giveUpOwnership, InUseError, takeOwnership } = await import('./ownership.ts');
  const { makeDirectory } = await import('./make-directory.ts');
  const file = join(path, OWNER);
  try {
    makeDirectory(path);
    takeOwnership(file);
  } catch (error) {
    if (error instanceof InUseError)
      throw new UsageError(
        `${path} is in use by process ${error.pid}: wait until that process ends, or name another directory`,
      );
    // If nothing can be written, no other process writes either, and the checkpoint itself reports why.
    return () => undefined;
  }
  return () => {
    try {
      giveUpOwnership(file);
    } catch (error) {
      // The answer is valid all the same, and the next process takes over the remaining files.
      complain(`${file} cannot be removed: ${reasonOf(error)}`);
    }
  };
}

/** File in a directory of checkpoints that names the process that owns it. */
const OWNER = 'folioscope-checkpoint';

const isOfOwnership = (name: string): boolean => name === OWNER || name.startsWith(`${OWNER}.`) || name === ASKED;

/**
 * Checkpoints of each form, each of its explorations in a directory of its own.
 * @param unwritten called with the reason if one cannot be written.
 */
export async function checkpointsIn(
  { checkpoint: path, checkpointEvery, resume = false }: Options,
  unwritten: (message: string) => void,
): Promise<(form: string) => SearchOptions['checkpoint']> {
  if (path === undefined) return () => undefined;
  const isBegun = existsSync(path) && readdirSync(path).some((name) => !isOfOwnership(name));
  if (isBegun && !resume)
    throw new UsageError(`${path} is not empty: continue its checkpoint with --resume, or name another directory`);
  if (!isBegun && resume) throw new UsageError(`${path} holds no checkpoint: begin one without --resume`);
  const { CheckpointDirectory, neverWritten, telling } = await import('./checkpoint-directory.ts');
  const { UnwrittenError } = await import('../check/index.ts');
  let isFirst = true;
  return (form) => (name) => {
    try {
      return telling(
        new CheckpointDirectory(join(path, form.replaceAll(/[^\w.-]/g, '_'), name), checkpointEvery),
        unwritten,
      );
    } catch (error) {
      // At the start there is nothing to lose.
      if (isFirst || !(error instanceof UnwrittenError)) throw error;
      return telling(neverWritten(error), unwritten);
    } finally {
      isFirst = false;
    }
  };
}
