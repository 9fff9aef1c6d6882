// SPDX-License-Identifier: MIT
import { Command } from 'commander';
import { EXIT } from './exit-code.ts';
import { complain, reasonOf, reportFailure } from './failure.ts';
import { version } from './version.ts';

/** Adds a command to the program. */
export type Register = (program: Command) => void;

function programOf(commands: readonly Register[]): Command {
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
      the shortest run in which a page without a user is refused
  folioscope explain examples/two-cpu.dat
      who holds each page in a recording of a real kernel
  folioscope open
      the same in the browser: step by step, over time, as one types
  folioscope conform examples/two-cpu.dat
      whether the recorded run is a behaviour of the model
  folioscope completion bash

Exit codes:
  0 answered: good    1 answered: not good    2 undecided
  64 wrong usage    65 unusable input    69 this machine lacks a requirement
  70 a defect of folioscope`,
    );
  for (const register of commands) register(program);
  return program;
}

/** Runs a command line with its possible commands, and sets the process's exit code. */
export async function runCommandLine(args: readonly string[], commands: readonly Register[]): Promise<void> {
  // A reader such as head(1) may close the pipe early; the answer stands.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    complain(`standard output cannot be written: ${reasonOf(error)}`);
    process.exit(EXIT.unavailable);
  });
  try {
    if (args.length === 0) {
      complain('no command given, see folioscope --help');
      process.exitCode = EXIT.usage;
    } else {
      await programOf(commands).parseAsync(args, { from: 'user' });
    }
  } catch (error) {
    process.exitCode = reportFailure(error);
  }
}
