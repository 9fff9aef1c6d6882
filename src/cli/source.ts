// SPDX-License-Identifier: MIT
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { InputError } from '../ledger/index.ts';
import { compareSources, HELD_AGAINST, type RoutineState, type Sources } from '../source/index.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { reasonOf } from './failure.ts';

interface Options {
  readonly all?: boolean;
  readonly json?: boolean;
}

/** `folioscope source DIR`: whether the kernel's routines are still those that the model follows. */
export function registerSource(program: Command): void {
  program
    .command('source')
    .summary('compare a kernel tree with the kernel that the model follows')
    .description(
      `Looks up every kernel routine that the model follows in a kernel tree, and compares its text with linux-${HELD_AGAINST} ` +
        'by hashes over its tokens, without comments and blanks.',
    )
    .argument('<dir>', "a kernel tree: the directory that has 'mm' and 'virt/kvm'")
    .option('--all', 'also list the unchanged routines')
    .option('--json', 'print one JSON document (schema/source.schema.json)')
    .addHelpText(
      'after',
      `
Exit codes:
  0   every routine is unchanged, perhaps in another file
  1   a routine has changed or is gone, or the tree lacks its file
  64  usage    65  not a kernel tree    70  a defect of folioscope

Examples:
  folioscope source ~/linux
  folioscope source /usr/src/linux-source-7.3 --all`,
    )
    .action(async (dir: string, options: Options) => {
      process.exitCode = await source(dir, options);
    });
}

async function source(dir: string, options: Options): Promise<ExitCode> {
  const { sourceReport, sourceToJson } = await import('../report/index.ts');
  const states = await compareSources(await sourcesIn(dir));
  process.stdout.write(
    options.json === true
      ? sourceToJson(dir, HELD_AGAINST, states)
      : sourceReport(dir, HELD_AGAINST, states, options.all === true),
  );
  return states.some(isOther) ? EXIT.notWell : EXIT.well;
}

const isOther = ({ state }: RoutineState): boolean => state !== 'same' && state !== 'moved';

/** Where a routine may have moved to. */
const PLACES = ['mm', 'include/linux', 'virt/kvm', 'kernel', 'fs', 'arch/x86/kvm'];

/** A kernel tree. @throws InputError if it is not one. */
export async function sourcesIn(dir: string): Promise<Sources> {
  for (const place of ['mm', 'virt/kvm'])
    if ((await entries(join(dir, place))) === undefined)
      throw new InputError(`${dir}: has no ${place}, expected a kernel tree`);
  return {
    read: async (path) => {
      try {
        return await readFile(join(dir, path), 'utf8');
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw new InputError(`${join(dir, path)}: cannot be read: ${reasonOf(error)}`);
      }
    },
    list: async () => (await Promise.all(PLACES.map((place) => filesBelow(dir, place)))).flat(),
  };
}

async function entries(
  path: string,
): Promise<readonly { readonly name: string; readonly isDirectory: boolean }[] | undefined> {
  try {
    return (await readdir(path, { withFileTypes: true })).map((entry) => ({
      name: entry.name,
      isDirectory: entry.isDirectory(),
    }));
  } catch {
    return undefined;
  }
}

async function filesBelow(dir: string, place: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { name, isDirectory } of (await entries(join(dir, place))) ?? [])
    if (isDirectory) found.push(...(await filesBelow(dir, `${place}/${name}`)));
    else if (/\.[ch]$/.test(name)) found.push(`${place}/${name}`);
  return found.toSorted();
}
