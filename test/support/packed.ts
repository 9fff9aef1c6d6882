// SPDX-License-Identifier: MIT
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isBuilt, ROOT } from '../cli/folioscope.ts';

const LIMIT = 120_000;

/** The npm package, packed and unpacked in `node_modules` of a folder that is otherwise empty. */
export class Packed {
  readonly folder = mkdtempSync(join(tmpdir(), 'folioscope-packed-'));

  /** @param optional whether the optional dependencies are there too, if they are here. */
  constructor(optional = false) {
    if (!isBuilt()) this.#well(spawnSync('npm', ['run', '-s', 'build'], { cwd: ROOT, timeout: LIMIT }));
    const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', this.folder];
    this.#well(spawnSync('npm', pack, { cwd: ROOT, timeout: LIMIT }));
    const [tarball = ''] = readdirSync(this.folder);
    const own = join(this.folder, 'node_modules/folioscope');
    mkdirSync(own, { recursive: true });
    this.#well(spawnSync('tar', ['-xzf', join(this.folder, tarball), '-C', own, '--strip-components=1']));
    rmSync(join(this.folder, tarball));
    // Its dependencies, and nothing else, from here: there may be no network.
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
      readonly optionalDependencies: Readonly<Record<string, string>>;
    };
    for (const name of Object.keys({ ...dependencies, ...(optional ? optionalDependencies : {}) })) {
      mkdirSync(dirname(join(this.folder, 'node_modules', name)), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), join(this.folder, 'node_modules', name));
    }
  }

  #well({ status, stderr }: Pick<SpawnSyncReturns<Buffer>, 'status' | 'stderr'>): void {
    if (status !== 0) throw new Error(stderr.toString());
  }

  /** Runs a program in the folder. */
  run(program: string, ...args: readonly string[]): SpawnSyncReturns<string> {
    return spawnSync(program, args, {
      cwd: this.folder,
      encoding: 'utf8',
      timeout: LIMIT,
      maxBuffer: 256 * 1024 * 1024,
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
