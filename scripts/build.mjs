// SPDX-License-Identifier: MIT
// npm run build: compiles src/ to dist/: a file for each of the sources, with its types, the command line in few files, its man
// pages, and the page.
//
//   exit 0: dist/ is new and complete; 1: the compiler found errors, dist/ is unchanged
//
// Always whole (about two seconds), into a folder of its own that replaces dist/ at the end: so dist/ never has output of a
// deleted source, and a program that runs from it meanwhile sees the old one or the new one.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { buildWeb } from './build-web.mjs';
import { ROOT } from './files.mjs';
import { writeManPages } from './man-pages.mjs';

// Beside dist/, so that relative paths in source maps stay right when it is renamed.
const fresh = join(ROOT, `.dist-${process.pid}`);
const old = `${fresh}-old`;
const dist = join(ROOT, 'dist');

// ts7 is the native compiler, npm:typescript@7. Its bin has the name of other versions' bins, hence the path.
const compiler = join(ROOT, 'node_modules/ts7/bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', fresh], {
  cwd: ROOT,
  stdio: ['ignore', 'inherit', 'inherit'],
});
/** @param {string[]} files */
const sources = (...files) => files.map((file) => join(ROOT, `src/cli/${file}.ts`));

/**
 * The command line again, its modules joined: to find, read and link two hundred small files takes node longer than to start
 * itself (docs/trace-readers.md). Modules that only some commands need stay in separate files; packages stay outside.
 */
async function bundleCommandLine() {
  rmSync(join(fresh, 'cli'), { recursive: true });
  /** @type {import('esbuild').BuildOptions} */
  const common = {
    outdir: join(fresh, 'cli'),
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
    banner: { js: '// SPDX-License-Identifier: MIT AND GPL-2.0-only' },
  };
  await build({
    ...common,
    // The command, and the modules that it loads by name for a user's form of the check.
    entryPoints: sources(
      'main-all',
      'check-worker',
      'review-worker',
      'queue-thread',
      'live-probe',
      'patch-hooks',
      'patch-kernel',
      'patch-lang',
      'patch-watch',
    ),
    splitting: true,
  });
  // explain starts in half the time if it is one file.
  await build({ ...common, entryPoints: sources('main-explain') });
  /** @type {import('esbuild').Plugin} */
  const others = {
    name: 'others',
    setup: (bundler) =>
      bundler.onResolve({ filter: /^\.\/main-/ }, ({ path }) => ({
        path: path.replace(/\.ts$/u, '.js'),
        external: true,
      })),
  };
  await build({ ...common, entryPoints: sources('main'), plugins: [others] });
  chmodSync(join(fresh, 'cli/main.js'), 0o755);
}

/** The grammar of C is part of the published package, so that users do not need the package that builds it. */
function copyGrammar() {
  const grammar = join(ROOT, 'node_modules/tree-sitter-c');
  copyFileSync(join(grammar, 'tree-sitter-c.wasm'), join(fresh, 'cfront/tree-sitter-c.wasm'));
  copyFileSync(join(grammar, 'LICENSE'), join(fresh, 'cfront/tree-sitter-c.LICENSE'));
}

try {
  if (status === 0) {
    await bundleCommandLine();
    copyGrammar();
    await buildWeb(join(fresh, 'web'));
    await writeManPages(join(fresh, 'man'), [join(fresh, 'cli/main.js')]);
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(fresh, dist);
    rmSync(old, { recursive: true, force: true });
  } else {
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
