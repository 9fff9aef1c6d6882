// SPDX-License-Identifier: MIT
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type BuildOptions } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ENTRY = 'test/support/page.ts';

const COMMON = {
  entryPoints: [join(ROOT, ENTRY)],
  bundle: true,
  minify: true,
  write: false,
  platform: 'browser',
  target: 'es2024',
  absWorkingDir: ROOT,
} as const satisfies BuildOptions;

/** A file of a page's bundle. */
export interface Chunk {
  /** The module that it is loaded for; undefined where several share it. */
  readonly module: string | undefined;
  /** Whether it is loaded before the page runs. */
  readonly isFirst: boolean;
  readonly bytes: number;
  /** Its size as gzip -9 packs it. */
  readonly packed: number;
  /** Bytes by source file, as its path from the root. */
  readonly bytesOf: ReadonlyMap<string, number>;
}

/** The files of a page that reads recordings and checks scenarios. */
export async function pageChunks(): Promise<readonly Chunk[]> {
  const { outputFiles, metafile } = await build({
    ...COMMON,
    outdir: join(ROOT, 'dist/page'),
    splitting: true,
    format: 'esm',
    metafile: true,
  });
  const { outputs } = metafile;
  const first = new Set<string>();
  const visit = (name: string): void => {
    if (first.has(name)) return;
    first.add(name);
    for (const { path, kind } of outputs[name]?.imports ?? []) if (kind !== 'dynamic-import') visit(path);
  };
  for (const [name, { entryPoint }] of Object.entries(outputs)) if (entryPoint === ENTRY) visit(name);
  const contentsOf = new Map(outputFiles.map(({ path, contents }) => [path.slice(ROOT.length), contents]));
  return Object.entries(outputs).map(([name, { entryPoint, bytes, inputs }]) => ({
    module: entryPoint,
    isFirst: first.has(name),
    bytes,
    packed: gzipSync(contentsOf.get(name) ?? new Uint8Array(0), { level: 9 }).byteLength,
    bytesOf: new Map(Object.entries(inputs).map(([path, { bytesInOutput }]) => [path, bytesInOutput])),
  }));
}

/** The same page as one script that defines `page`, with all that it would load later. */
export async function pageScript(): Promise<string> {
  const { outputFiles } = await build({ ...COMMON, format: 'iife', globalName: 'page', outfile: 'page.js' });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('esbuild has written nothing');
  return file.text;
}
