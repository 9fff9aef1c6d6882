// SPDX-License-Identifier: MIT
// The page, bundled into a folder: files for any web server, and one file that works from disk. scripts/build.mjs calls it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { ROOT } from './files.mjs';

/** What the page may load. Workers have a policy of their own: the server's (src/serve/policy.ts), or none on other servers. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
  "worker-src 'self'; connect-src 'self' data:; base-uri 'none'; form-action 'none'";

/** The same for the page that is one file. Its workers inherit it; a check compiles its steps to JavaScript there. */
const POLICY_OF_ONE_FILE =
  "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval'; style-src 'unsafe-inline'; " +
  "img-src data: blob:; worker-src blob:; connect-src data:; base-uri 'none'; form-action 'none'";

/** @type {import('esbuild').BuildOptions} */
const COMMON = {
  bundle: true,
  minify: true,
  write: false,
  platform: 'browser',
  target: 'es2024',
  absWorkingDir: ROOT,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  logLevel: 'warning',
  loader: { '.yaml': 'text', '.c': 'text' },
};

/** @param {import('esbuild').BuildOptions} options */
async function textOf(options) {
  const { outputFiles = [] } = await build({ ...COMMON, outfile: 'out', ...options });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('esbuild has written nothing');
  return file.text;
}

/** Text that stands in a <script> element: nothing in it ends the element. @param {string} text */
const inScript = (text) => text.replaceAll(/<(?=\/script|!--)/giu, String.raw`\x3C`);

/**
 * Writes the page.
 * @param {string} folder made if it is not there
 */
export async function buildWeb(folder) {
  mkdirSync(folder, { recursive: true });
  const html = readFileSync(join(ROOT, 'web/index.html'), 'utf8');
  /** @param {string} policy @param {string} head @param {string} script */
  const page = (policy, head, script) =>
    html
      .replace(
        '<!-- build: policy, style -->',
        () => `<meta http-equiv="Content-Security-Policy" content="${policy}" />\n    ${head}`,
      )
      .replace('<!-- build: script -->', () => script);

  const style = await textOf({ entryPoints: ['web/main.css'] });
  const worker = await textOf({ entryPoints: ['web/worker/worker.ts'], format: 'iife' });
  writeFileSync(join(folder, 'page.css'), style);
  writeFileSync(join(folder, 'worker.js'), worker);

  // Views that are opened later are loaded later.
  const { outputFiles = [] } = await build({
    ...COMMON,
    entryPoints: { page: 'web/shell/main.tsx' },
    outdir: 'out',
    format: 'esm',
    splitting: true,
    chunkNames: 'part-[hash]',
  });
  for (const { path, contents } of outputFiles) writeFileSync(join(folder, path.split('/').at(-1) ?? ''), contents);
  writeFileSync(
    join(folder, 'index.html'),
    page(
      POLICY,
      '<link rel="stylesheet" href="page.css" />\n    <link rel="preload" href="worker.js" as="script" />',
      '<script type="module" src="page.js"></script>',
    ),
  );

  const whole = await textOf({ entryPoints: ['web/shell/main.tsx'], format: 'iife' });
  writeFileSync(
    join(folder, 'one-file.html'),
    page(
      POLICY_OF_ONE_FILE,
      `<style>${style}</style>`,
      `<script type="text/plain" id="folioscope-worker">${inScript(worker)}</script>\n<script>${inScript(whole)}</script>`,
    ),
  );
}
