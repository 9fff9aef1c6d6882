// SPDX-License-Identifier: MIT
// A worker of a search, for tests and benchmarks: the sources as they are.
import { parentPort } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
if (parentPort === null) throw new Error('this is a worker');
const port = parentPort;
port.on('messageerror', (error) => {
  throw error;
});
const { serve } = await import('../src/check/index.ts');
serve(
  (listener) => port.on('message', listener),
  (message) => port.postMessage(message),
);
