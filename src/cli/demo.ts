// SPDX-License-Identifier: MIT
import type { Command } from 'commander';
import { EXIT, type ExitCode } from './exit-code.ts';
import { version } from './version.ts';

interface Options {
  readonly json?: boolean;
}

/** `folioscope demo`: pages of a real guest_memfd wait in a batch, here and now. */
export function registerDemo(program: Command): void {
  program
    .command('demo')
    .summary('show pages of a real guest_memfd wait in a batch of this machine')
    .description(
      'Makes a guest_memfd on this machine, touches pages of it on another CPU, and shows by /proc/kpageflags that they ' +
        'wait in the lru_add batch of that CPU until it is drained. If the kernel can convert in place, it also ' +
        'converts them. Takes two seconds and needs root. Changes no setting, and frees everything at the end.',
    )
    .option('--json', 'print one JSON document (schema/demo.schema.json)')
    .addHelpText(
      'after',
      `
Exit codes:
  0   shown    2   other work emptied the batches in each round
  69  this machine lacks what it needs    70  a defect of folioscope

Examples:
  sudo folioscope demo
  sudo folioscope record -- folioscope demo`,
    )
    .action(async (options: Options) => {
      process.exitCode = await demo(options);
    });
}

async function demo({ json }: Options): Promise<ExitCode> {
  const { runDemo } = await import('../live/index.ts');
  const { demoReport, demoToJson } = await import('../report/index.ts');
  const shown = await runDemo();
  process.stdout.write(json === true ? demoToJson(shown) : demoReport(shown, version()));
  return shown.isClear ? EXIT.well : EXIT.undecided;
}
