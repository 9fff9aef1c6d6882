// SPDX-License-Identifier: MIT
import type { Command } from 'commander';
import type { ExitCode } from './exit-code.ts';
import { endOf, printOutcome } from './file-outcome.ts';
import { readText } from './scenario-files.ts';

/** Largest size of a document; a thousand scenarios need less. */
const MOST_BYTES = 64 * 1024 * 1024;

/** `folioscope merge FILE...`: the report that `check --all` would print on one machine. */
export function registerMerge(program: Command): void {
  program
    .command('merge')
    .summary('put the shards of check --all together')
    .description(
      'Reads the output of check --all --shard I/N from each machine. Prints exactly the output of check --all ' +
        'on one machine, with the same exit code.',
    )
    .argument('<shard...>', 'output of each shard; the same shard twice counts once')
    .addHelpText(
      'after',
      `
Exit codes:
  those of check --all
  65  a shard is missing, of another question, or not a shard's output

Examples:
  folioscope check --all --shard 1/2 > 1.json
  folioscope check --all --shard 2/2 > 2.json
  folioscope merge 1.json 2.json`,
    )
    .action(async (files: readonly string[]) => {
      process.exitCode = await merge(files);
    });
}

async function merge(files: readonly string[]): Promise<ExitCode> {
  const documents: { readonly file: string; readonly text: string }[] = [];
  for (const file of files)
    documents.push({ file, text: await readText(file, MOST_BYTES, 'what check --all --shard I/N printed') });
  const { merged } = await import('./shard-document.ts');
  const { results, interrupted } = merged(documents);
  for (const result of results) printOutcome(result);
  return endOf(results, interrupted);
}
