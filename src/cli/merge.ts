// SPDX-License-Identifier: MIT
import type { Command } from 'commander';
import type { ExitCode } from './exit-code.ts';
import { complain } from './failure.ts';
import { endOf, exitOf, printOutcome, resultOf } from './file-outcome.ts';
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
    .argument('<shard...>', 'output of each shard, - for standard input; the same shard twice counts once')
    .option('--json', 'print one JSON document, as check --all --json (schema/check-all.schema.json)')
    .addHelpText(
      'after',
      `
Exit codes:
  those of check --all
  65  a shard is missing, of another question, or not a shard's output

Examples:
  folioscope check --all --shard 1/2 > 1.json
  folioscope check --all --shard 2/2 > 2.json
  folioscope merge 1.json 2.json
  folioscope merge --json 1.json 2.json`,
    )
    .action(async (files: readonly string[], options: Options) => {
      process.exitCode = await merge(files, options);
    });
}

interface Options {
  readonly json?: boolean;
}

async function merge(files: readonly string[], { json }: Options): Promise<ExitCode> {
  const documents: { readonly file: string; readonly text: string }[] = [];
  for (const file of files)
    documents.push({ file, text: await readText(file, MOST_BYTES, 'what check --all --shard I/N printed') });
  const { merged } = await import('./shard-document.ts');
  const { outcomes, interrupted } = merged(documents);
  const results = outcomes.map(({ result }) => result);
  if (json !== true) {
    for (const result of results) printOutcome(result);
    return endOf(results, interrupted);
  }
  for (const result of results) if ('mistake' in result) complain(result.mistake);
  const { checkAllToJson } = await import('../report/index.ts');
  process.stdout.write(
    checkAllToJson(
      outcomes.map(({ file, result }) => resultOf(file, result)),
      interrupted,
    ),
  );
  return exitOf(results, interrupted);
}
