// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { Probe } from '../live/index.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { UsageError } from './failure.ts';
import { Progress } from './progress.ts';
import { version } from './version.ts';

interface Options {
  readonly listChecks?: boolean;
  readonly json?: boolean;
}

/** `folioscope doctor`: what this machine and kernel offer. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('examine what this machine and kernel offer, and how to get the rest')
    .description(
      'Checks the needs of demo, record and inspect, and finds features of this kernel by experiment. A failed ' +
        'check is a result; the others still run. The output has no names of users, hosts or tasks, so it can be ' +
        'put into a report.',
    )
    .argument('[checks...]', 'only these checks (default: all)')
    .option('--list-checks', 'list the checks and their subjects')
    .option('--json', 'print one JSON document (schema/doctor.schema.json)')
    .addHelpText(
      'after',
      `
Results: ok; partly; missing (it can be had here); unavailable (not on this
machine or kernel); crashed (the check itself failed).

Exit codes:
  0   nothing is missing    1   a check is missing or crashed
  64  usage    70  a defect of folioscope

Examples:
  sudo folioscope doctor
  sudo folioscope doctor batch-size mlock-batch
  folioscope doctor --list-checks`,
    )
    .action(async (names: readonly string[], options: Options) => {
      process.exitCode = await doctor(names, options);
    });
}

async function doctor(names: readonly string[], { listChecks, json }: Options): Promise<ExitCode> {
  const { diagnose, listChecks: known } = await import('../live/index.ts');
  if (listChecks === true) {
    const { wrap } = await import('../report/index.ts');
    const width = Math.max(...known().map(({ name }) => name.length)) + 2;
    for (const { name, what, isSlow } of known()) {
      const lines = wrap(`${what}${isSlow ? ' (slow)' : ''}`, name.padEnd(width), ' '.repeat(width));
      process.stdout.write(`${lines.join('\n')}\n`);
    }
    return EXIT.well;
  }
  const all = known().map(({ name }) => name);
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new UsageError(`no check '${unknown}'; there are ${all.join(', ')}`);
  const progress = new Progress();
  const diagnosis = await diagnose({
    names: names.length === 0 ? undefined : names,
    probe,
    onCheck: (name) => progress.tick(() => `checking ${name}`),
  }).finally(() => progress.end());
  const { doctorReport, doctorToJson } = await import('../report/index.ts');
  process.stdout.write(json === true ? doctorToJson(diagnosis) : doctorReport(diagnosis, names, version()));
  return diagnosis.checks.some(({ result }) => result === 'missing' || result === 'crashed') ? EXIT.notWell : EXIT.well;
}

/** Runs an experiment in a child process. @returns the signal that ended it. */
function probe(name: Probe): Promise<string | undefined> {
  const isSource = import.meta.url.endsWith('.ts');
  const file = fileURLToPath(new URL(`live-probe.${isSource ? 'ts' : 'js'}`, import.meta.url));
  const loader = isSource ? ['--import', import.meta.resolve('tsx')] : [];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...loader, file, name], { stdio: 'ignore' });
    child.on('error', reject);
    child.on('exit', (_, signal) => resolve(signal ?? undefined));
  });
}
