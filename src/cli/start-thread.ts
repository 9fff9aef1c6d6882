// SPDX-License-Identifier: MIT
import { Worker } from 'node:worker_threads';

/** Starts a thread of the command line. @param name of its file here, without the ending: `check-worker`. */
export function startThread(name: string): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL(`${name}.js`, import.meta.url));
  // Threads do not inherit the loader for the sources.
  const [loader, entry] = [import.meta.resolve('tsx/esm/api'), new URL(`${name}.ts`, import.meta.url).href];
  const code = `import('${loader}').then(({ register }) => { register(); return import('${entry}'); });`;
  return new Worker(code, { eval: true });
}
