// SPDX-License-Identifier: MIT
// Installs the packages of package-lock.json, if they are not installed already. For scripts that start in a fresh clone, so it
// imports nothing but node: modules.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './files.mjs';

/**
 * Package paths with their versions, from package-lock.json or from npm's own record inside node_modules.
 * @param {string} file
 */
function packagesIn(file) {
  const { packages } = /** @type {{ packages: Record<string, { version?: string, optional?: boolean }> }} */ (
    JSON.parse(readFileSync(join(ROOT, file), 'utf8'))
  );
  return new Map(Object.entries(packages).filter(([path]) => path !== ''));
}

/** Compared by content, not by time: a checkout that touches package-lock.json does not cost a new installation. */
function installed() {
  try {
    const present = packagesIn('node_modules/.package-lock.json');
    for (const [path, { version, optional }] of packagesIn('package-lock.json'))
      if (present.get(path)?.version !== version && !(optional && !present.has(path))) return false;
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs `npm ci` unless node_modules is what package-lock.json says. Its messages go to standard error.
 * @returns {boolean} whether everything is there now
 */
export function ensureDependencies() {
  if (installed()) return true;
  console.error('installing npm packages (npm ci)');
  // The outer npm's --silent would be inherited and hide why an installation failed.
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
  });
  return status === 0;
}
