// SPDX-License-Identifier: MIT
// The entry of a thread that does its share of a search.
import { parentPort } from 'node:worker_threads';
import { serve } from '../check/index.ts';

if (parentPort === null) throw new Error('to be started as a worker');
const port = parentPort;
// A message that cannot be read would be waited for for ever: so the thread ends, which is told.
port.on('messageerror', (error) => {
  throw error;
});
serve(
  (listener) => port.on('message', listener),
  (reply) => {
    port.postMessage(reply);
  },
);
