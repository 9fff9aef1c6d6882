// SPDX-License-Identifier: MIT
import { type Command, InvalidArgumentError, Option } from 'commander';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { access, constants, open as openFile, stat } from 'node:fs/promises';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../ledger/index.ts';
import type { Opened } from '../serve/index.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { complain, reasonOf, UsageError } from './failure.ts';
import { readScenarioText, readText } from './scenario-files.ts';

interface Options {
  readonly port: number;
  /** False with --no-browser. */
  readonly browser: boolean;
  readonly save?: string;
}

/** `folioscope open [FILE]`: the page, on loopback or as one file. */
export function registerOpen(program: Command): void {
  program
    .command('open')
    .summary('show a run, a recording or a check in the browser')
    .description(
      'Serves the page on this machine and opens it: a scenario or a counterexample step by step, a recording over ' +
        'time, a check in C while it is typed. Everything is read and computed in the browser; nothing leaves the machine.',
    )
    .argument('[file]', 'a recording, a scenario, what run --json or check --json printed, or FILE.c')
    .addOption(new Option('--port <n>', 'port on 127.0.0.1 (default: any free one)').default(0).argParser(portNumber))
    .option('--no-browser', 'only print the address')
    .option('--save <file>', 'write the page and the file as one HTML file that works from disk, and serve nothing')
    .addHelpText(
      'after',
      `
The address is printed on a line of its own. The server answers this machine
only, serves the page and the file, and ends with Ctrl-C, or when no page was
open for half an hour.

Exit codes:
  0   served until Ctrl-C, or written
  64  usage    65  unusable file    69  the port is taken, or the page is not
  built    70  a defect of folioscope

Examples:
  folioscope open
      the mail's claim: before the patch and after it
  folioscope open examples/two-cpu.dat
  folioscope check --json scenarios/SC-02-other-cpu.yaml --patch baseline \\
    > refused.json; folioscope open refused.json
  folioscope open examples/c/v8.c
  folioscope open examples/two-cpu.dat --save two-cpu.html`,
    )
    .action(async (file: string | undefined, options: Options) => {
      process.exitCode = await show(file, options);
    });
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new InvalidArgumentError('Expected a whole number from 0 to 65535.');
}

async function show(file: string | undefined, { port, browser, save }: Options): Promise<ExitCode> {
  const opened = file === undefined ? [] : await openedFiles(file);
  const folder = pageFolder();
  if (folder === undefined) {
    complain("the page is not built, expected 'npm run build' to have put it into dist/web");
    return EXIT.unavailable;
  }
  const { saveOneFile, serve } = await import('../serve/index.ts');
  if (save !== undefined) {
    try {
      await saveOneFile(join(folder, 'one-file.html'), opened, save);
    } catch (error) {
      throw new UsageError(`--save ${save}: cannot be written: ${reasonOf(error)}`);
    }
    return EXIT.well;
  }
  let serving;
  try {
    serving = await serve({ folder, opened, port });
  } catch (error) {
    complain(`port ${port} cannot be used: ${reasonOf(error)}, expected a free port, or none`);
    return EXIT.unavailable;
  }
  process.stdout.write(`${serving.address}\n`);
  if (browser) openBrowser(serving.address);
  process.stderr.write('folioscope: Ctrl-C ends it\n');
  process.once('SIGINT', () => serving.end());
  process.once('SIGTERM', () => serving.end());
  await serving.ended;
  return EXIT.well;
}

/** The built page, beside the built command, or in dist/ if the sources run. */
function pageFolder(): string | undefined {
  const here = dirname(fileURLToPath(import.meta.url));
  return [join(here, '../web'), join(here, '../../dist/web')].find((folder) => existsSync(join(folder, 'index.html')));
}

/** The largest document of a counterexample that is searched for its scenario. */
const MOST_DOCUMENT = 256 * 1024 * 1024;

/**
 * The file, and the scenario of a counterexample, which the page also needs.
 * @throws InputError if it cannot be read, or is a scenario with a mistake.
 */
async function openedFiles(path: string): Promise<readonly Opened[]> {
  const first = await beginningOf(path);
  const file = { name: basename(path), path: resolve(path) };
  if (/\.ya?ml$/.test(path)) {
    const { parseScenario } = await import('../scenario/index.ts');
    parseScenario(path, await readScenarioText(path));
  }
  if (!/^\s*\{[^]*"schema":\s*"folioscope\.(?:run|check)\/1"/.test(first)) return [file];
  const text = await readText(path, MOST_DOCUMENT, 'what run --json or check --json printed');
  const [, named] = /"file":\s*"((?:[^"\\]|\\.)*)"/.exec(text) ?? [];
  const scenario = named === undefined ? undefined : await firstReadable([named, join(dirname(path), named)]);
  return scenario === undefined ? [file] : [file, { name: basename(scenario), path: resolve(scenario) }];
}

/** The first bytes of a file, as text. @throws InputError if there is no such file, or it cannot be read. */
async function beginningOf(path: string): Promise<string> {
  try {
    if ((await stat(path)).isDirectory()) throw new InputError(`${path}: is a directory, expected a file`);
    await using file = await openFile(path, 'r');
    const { buffer, bytesRead } = await file.read(new Uint8Array(256), 0, 256, 0);
    if (bytesRead === 0) throw new InputError(`${path}: is empty`);
    return new TextDecoder().decode(buffer.subarray(0, bytesRead));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${path}: cannot be read: ${reasonOf(error)}`);
  }
}

async function firstReadable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths)
    try {
      await access(path, constants.R_OK);
      return path;
    } catch {
      // The next candidate may exist; the page has folioscope's own scenarios anyway.
    }
  return undefined;
}

/** Opens a browser if the desktop has one; otherwise the printed address can be clicked. */
function openBrowser(address: string): void {
  const { PATH = '', DISPLAY, WAYLAND_DISPLAY } = process.env;
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const hasScreen = process.platform === 'darwin' || (DISPLAY ?? WAYLAND_DISPLAY) !== undefined;
  if (!hasScreen || !PATH.split(delimiter).some((folder) => existsSync(join(folder, opener)))) return;
  spawn(opener, [address], { stdio: 'ignore', detached: true })
    .on('error', () => complain(`${opener} does not start: open the address by hand`))
    .unref();
}
