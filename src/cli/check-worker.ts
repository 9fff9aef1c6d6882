// SPDX-License-Identifier: MIT
// Entry point of a thread that does its share of a search.
import { parentPort } from 'node:worker_threads';
import { serve } from '../check/index.ts';

if (parentPort === null) throw new Error('to be started as a worker');
const port = parentPort;
// Otherwise the search would wait for ever for an unreadable message: so the thread ends, and its end is reported.
port.on('messageerror', (error) => {
  throw error;
});
serve(
  (listener) => port.on('message', listener),
  (reply) => {
    port.postMessage(reply);
  },
);
