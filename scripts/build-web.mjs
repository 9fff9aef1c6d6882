// SPDX-License-Identifier: MIT
// The page, bundled into a folder: files for any web server, and one file that works from disk. scripts/build.mjs calls it.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { ROOT } from './files.mjs';

/**
 * Policy of what the page may load. Workers have a policy of their own: the server's (src/serve/policy.ts), or none on other
 * servers.
 */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; " +
  "worker-src 'self'; connect-src 'self' data:; base-uri 'none'; form-action 'none'";

/** The same for the page that is one file. Its workers inherit it; a check compiles its steps to JavaScript there. */
const POLICY_OF_ONE_FILE =
  "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval'; style-src 'unsafe-inline'; " +
  "img-src data: blob:; font-src data:; worker-src blob:; connect-src data:; base-uri 'none'; form-action 'none'";

/**
 * The grammar of C and its runtime, which only the playground loads.
 * @type {readonly (readonly [name: string, path: string])[]}
 */
const GRAMMAR = [
  ['tree-sitter-c.wasm', 'node_modules/tree-sitter-c/tree-sitter-c.wasm'],
  ['web-tree-sitter.wasm', 'node_modules/web-tree-sitter/web-tree-sitter.wasm'],
];

/** @param {string} folder @param {string} ending */
const namesIn = (folder, ending) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .toSorted()
    .map((name) => `${folder}/${name}`);

/** The texts that the page contains: scenarios, except the one of another model, and forms of the check in C. */
const TEXTS = Object.fromEntries(
  [...namesIn('scenarios', '.yaml'), ...namesIn('examples/c', '.c')]
    .filter((path) => !path.endsWith('peer-protocol.yaml'))
    .map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]),
);

/** @type {unknown} */
const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const VERSION = /** @type {{ version: string }} */ (MANIFEST).version;

/**
 * One zstd: both entries of the package contain the whole decoder, and the one for streams can replace the other.
 * @type {import('esbuild').Plugin}
 */
const ONE_ZSTD = {
  name: 'one-zstd',
  setup: (bundler) =>
    bundler.onResolve({ filter: /^zstddec$/ }, ({ resolveDir, kind }) =>
      bundler.resolve('zstddec/stream', { resolveDir, kind }),
    ),
};

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
  plugins: [ONE_ZSTD],
  logLevel: 'warning',
  // Node's modules, which packages import only if they run in Node.
  external: ['fs/promises', 'module'],
  define: { FOLIOSCOPE_TEXTS: JSON.stringify(TEXTS), FOLIOSCOPE_VERSION: JSON.stringify(VERSION) },
};

/** @param {import('esbuild').BuildOptions} options */
async function textOf(options) {
  const { outputFiles = [] } = await build({ ...COMMON, outfile: 'out', ...options });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('esbuild has written nothing');
  return file.text;
}

/** @param {string} folder @param {import('esbuild').BuildOptions} options */
async function writeTo(folder, options) {
  const { outputFiles = [] } = await build({ ...COMMON, outdir: 'out', ...options });
  for (const { path, contents } of outputFiles) writeFileSync(join(folder, path.split('/').at(-1) ?? ''), contents);
}

/** The landing page's films, computed here with the same model. @param {string} folder temporary */
async function landingJson(folder) {
  const file = join(folder, '.landing.mjs');
  writeFileSync(file, await textOf({ entryPoints: ['web/book/landing.ts'], format: 'esm' }));
  try {
    /** @type {unknown} */
    const made = await import(pathToFileURL(file).href);
    return await /** @type {{ landingJson: () => Promise<string> }} */ (made).landingJson();
  } finally {
    rmSync(file);
  }
}

/** Text for a <script> element, without anything that ends the element. @param {string} text */
const inScript = (text) => text.replaceAll(/<(?=\/script|!--)/giu, String.raw`\x3C`);

/**
 * Writes the page.
 * @param {string} folder made if it is not there
 */
export async function buildWeb(folder) {
  mkdirSync(folder, { recursive: true });
  const landing = inScript(await landingJson(folder));
  const html = readFileSync(join(ROOT, 'web/index.html'), 'utf8');
  /** @param {string} policy @param {string} head @param {string} script */
  const page = (policy, head, script) =>
    html
      .replace(
        '<!-- build: policy, style -->',
        () => `<meta http-equiv="Content-Security-Policy" content="${policy}" />\n    ${head}`,
      )
      .replace(
        '<!-- build: script -->',
        () => `<script type="application/json" id="folioscope-landing">${landing}</script>\n    ${script}`,
      );

  const style = await textOf({ entryPoints: ['web/main.css'], loader: { '.woff2': 'dataurl' } });
  const worker = await textOf({
    entryPoints: ['web/worker/worker.ts'],
    format: 'iife',
    // A script of a page from disk has no address. The parser builds one from it, although it gets its bytes.
    define: { ...COMMON.define, 'import.meta.url': '"https://folioscope.invalid/"' },
  });
  await writeTo(folder, {
    entryPoints: { page: 'web/main.css' },
    loader: { '.woff2': 'file' },
    assetNames: '[name]',
  });

  // Views that are opened later are loaded later.
  await writeTo(folder, {
    entryPoints: { page: 'web/shell/main.tsx' },
    format: 'esm',
    splitting: true,
    chunkNames: 'part-[hash]',
  });
  await writeTo(folder, {
    entryPoints: { worker: 'web/worker/worker.ts' },
    format: 'esm',
    splitting: true,
    chunkNames: 'work-[name]-[hash]',
  });
  for (const [name, path] of GRAMMAR) copyFileSync(join(ROOT, path), join(folder, name));
  writeFileSync(
    join(folder, 'index.html'),
    page(
      POLICY,
      [
        '<link rel="stylesheet" href="page.css" />',
        '<link rel="preload" href="inter-latin-wght-normal.woff2" as="font" type="font/woff2" crossorigin />',
      ].join('\n    '),
      '<script type="module" src="page.js"></script>',
    ),
  );

  const whole = await textOf({ entryPoints: ['web/shell/main.tsx'], format: 'iife' });
  writeFileSync(
    join(folder, 'one-file.html'),
    page(
      POLICY_OF_ONE_FILE,
      `<style>${style}</style>`,
      [
        ...GRAMMAR.map(
          ([name, path]) =>
            `<script type="application/octet-stream" id="${name}">${readFileSync(join(ROOT, path), 'base64')}</script>`,
        ),
        `<script type="text/plain" id="folioscope-worker">${inScript(worker)}</script>`,
        `<script>${inScript(whole)}</script>`,
      ].join('\n'),
    ),
  );
}
