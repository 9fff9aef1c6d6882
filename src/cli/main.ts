#!/usr/bin/env node
// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { EXIT } from './exit-code.ts';
import { complain, reasonOf, reportFailure } from './failure.ts';

/** Each command's file, loaded only where it is used: starting up must not cost what a command needs. */
const COMMANDS: Readonly<Record<string, (program: Command) => Promise<void>>> = {
  run: async (program) => (await import('./run.ts')).registerRun(program),
  check: async (program) => (await import('./check.ts')).registerCheck(program),
  explain: async (program) => (await import('./explain.ts')).registerExplain(program),
  export: async (program) => (await import('./export.ts')).registerExport(program),
  completion: async (program) => (await import('./completion.ts')).registerCompletion(program),
};

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return /"version":\s*"([^"]+)"/.exec(text)?.[1] ?? 'unknown';
}

async function programFor(args: readonly string[]): Promise<Command> {
  const program = new Command('folioscope')
    .description('Who holds this folio, and is the check that asks right? For guest_memfd conversions.')
    .version(version())
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      outputError: (message) => complain(message.replace(/^(?:error: )?(?:folioscope: )?/, '').trimEnd()),
    })
    .addHelpText(
      'after',
      `
Examples:
  folioscope run scenarios/SC-02-other-cpu.yaml
      the forms of the kernel's check, side by side, on a page in another
      CPU's batch
  folioscope check scenarios/SC-02-other-cpu.yaml --patch baseline
      the shortest run in which a page that nobody uses is refused
  folioscope explain examples/two-cpu.dat
      who holds each page in a recording of a real kernel
  folioscope completion bash

Exit codes:
  0 answered, and it is well    1 answered, and it is not    2 not decidable
  64 usage    65 unusable input    69 this machine lacks it    70 a defect`,
    );
  const [name = ''] = args;
  const one = Object.hasOwn(COMMANDS, name) && name !== 'completion' ? COMMANDS[name] : undefined;
  for (const register of one === undefined ? Object.values(COMMANDS) : [one]) await register(program);
  return program;
}

async function main(args: readonly string[]): Promise<void> {
  if (args.length === 0) {
    complain('no command given, see folioscope --help');
    process.exitCode = EXIT.usage;
    return;
  }
  const program = await programFor(args);
  await program.parseAsync(args, { from: 'user' });
}

// A reader such as head(1) that has seen enough closes the pipe; the answer stands.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  complain(`standard output cannot be written: ${reasonOf(error)}`);
  process.exit(EXIT.unavailable);
});

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportFailure(error);
}
