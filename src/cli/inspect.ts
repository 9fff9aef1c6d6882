// SPDX-License-Identifier: MIT
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Inspection, Inspector } from '../live/index.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { UsageError } from './failure.ts';
import { Redactor } from '../trace/index.ts';
import { redactedInspection } from './redacting.ts';
import { version } from './version.ts';

interface Options {
  readonly pid?: readonly number[];
  readonly all?: boolean;
  readonly watch?: number | true;
  readonly drgn?: boolean;
  readonly redact?: boolean;
  readonly json?: boolean;
}

/** `folioscope inspect`: the guest_memfds of this machine now. */
export function registerInspect(program: Command): void {
  program
    .command('inspect')
    .summary('list the guest_memfds of this machine, and which of their pages wait in a batch now')
    .description(
      'Finds in /proc every guest_memfd that a process has open or mapped. Shows its mapped pages that wait in ' +
        'a batch now, and whether a conversion of it to private would be refused. Needs root. Changes nothing.',
    )
    .addOption(
      new Option('--pid <pid>', 'only of this process; repeatable').argParser<readonly number[] | undefined>(
        (text, before) => [...(before ?? []), readPid(text)],
      ),
    )
    .option('--all', 'of all processes (the default)')
    .addOption(
      new Option(
        '--watch [seconds]',
        'poll (every 0.5 s), print each change, and record which CPU touches a page; Ctrl-C ends it',
      ).argParser(readSeconds),
    )
    .option('--drgn', 'only print a drgn script that reads the batches from kernel memory')
    .option('--redact', 'replace task names, pids and page frames (docs/redact.md)')
    .option('--json', 'print one JSON document (schema/inspect.schema.json); with --watch one document a line')
    .addHelpText(
      'after',
      `
Exit codes, by the last look:
  0   no visible page waits, or there is no guest_memfd
  1   a conversion would be refused without a drain
  2   undecided: pages that no process has mapped are not visible
  64  usage    69  this machine lacks what it needs    70  a defect

Examples:
  sudo folioscope inspect
  sudo folioscope inspect --pid 4711 --watch
  folioscope inspect --drgn > batches.py && sudo drgn batches.py`,
    )
    .action(async (options: Options) => {
      process.exitCode = await inspect(options);
    });
}

function readPid(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('Expected the number of a process.');
  return Number(text);
}

function readSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d+(?:\.\d+)?$/.test(text) || seconds < 0.01 || seconds > 3600)
    throw new InvalidArgumentError('Expected seconds from 0.01 to 3600.');
  return seconds;
}

async function inspect(options: Options): Promise<ExitCode> {
  const report = await import('../report/index.ts');
  if (options.drgn === true) {
    process.stdout.write(report.DRGN_SCRIPT);
    return EXIT.well;
  }
  if (options.all === true && options.pid !== undefined) throw new UsageError('--all and --pid exclude each other');
  const { Inspector: Inspecting } = await import('../live/index.ts');
  const inspector = await Inspecting.start({ pids: options.pid, watch: options.watch !== undefined });
  const redactor = options.redact === true ? new Redactor() : undefined;
  const shown: Looking = {
    look: () => (redactor === undefined ? inspector.look() : redactedInspection(inspector.look(), redactor)),
  };
  try {
    if (options.watch !== undefined)
      return codeOf(await watch(shown, options.watch === true ? 0.5 : options.watch, options.json === true));
    const seen = shown.look();
    process.stdout.write(options.json === true ? report.inspectToJson(seen) : report.inspectReport(seen, version()));
    return codeOf(seen);
  } finally {
    inspector.close();
  }
}

/** Looks, any number of times. */
type Looking = Pick<Inspector, 'look'>;

/** Prints what changes, until SIGINT or SIGTERM. @returns the last look. */
async function watch(inspector: Looking, seconds: number, json: boolean): Promise<Inspection> {
  const { inspectLine, inspectToJson } = await import('../report/index.ts');
  const ending = new AbortController();
  const end = (): void => ending.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  process.stderr.write(`folioscope: looking every ${seconds} s; Ctrl-C ends it\n`);
  let before: string | undefined;
  for (;;) {
    const seen = inspector.look();
    const lines = seen.inodes.map(inspectLine);
    const text = json
      ? `${JSON.stringify(JSON.parse(inspectToJson(seen)))}\n`
      : (lines.length === 0 ? ['no guest_memfd'] : lines).map((line) => `${line}\n`).join('');
    if (text !== before) process.stdout.write(text);
    before = text;
    try {
      await sleep(1000 * seconds, undefined, { signal: ending.signal });
    } catch {
      return seen; // aborted
    }
  }
}

function codeOf({ inodes }: Inspection): ExitCode {
  if (inodes.some(({ verdict }) => verdict.verdict === 'refused')) return EXIT.notWell;
  return inodes.some(({ verdict }) => verdict.verdict === 'undecided') ? EXIT.undecided : EXIT.well;
}
