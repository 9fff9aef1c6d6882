// SPDX-License-Identifier: MIT
import type { Port } from '../view/index.ts';
import type { FromWorker } from './messages.ts';

/** The element with the script of workers, if the page is one file. */
const INLINE = 'folioscope-worker';

let address: string | undefined;

/** A worker of the script beside the page, which loads its parts; or, in the page that is one file, of a blob of its own text. */
function workerNamed(name: string): Worker {
  const inline = document.querySelector(`#${INLINE}`)?.textContent ?? undefined;
  if (inline === undefined) return new Worker(new URL('worker.js', document.baseURI), { name, type: 'module' });
  address ??= URL.createObjectURL(new Blob([inline], { type: 'text/javascript' }));
  return new Worker(address, { name });
}

/** Starts a worker with one service. @param fail called with one line if something fails there. */
export function startWorker<Ask, Tell>(service: string, fail: (line: string) => void): Port<Ask, Tell> {
  const worker = workerNamed(service);
  const listeners = new Set<(message: Tell) => void>();
  worker.addEventListener('message', ({ data }: MessageEvent<FromWorker<Tell>>) => {
    switch (data.kind) {
      case 'message':
        for (const listener of listeners) listener(data.message);
        return;
      case 'failed':
        fail(data.line);
    }
  });
  worker.addEventListener('error', ({ message }) => fail(message === '' ? `the worker '${service}' failed` : message));
  return {
    ask: (message, transfer = []) => worker.postMessage(message, transfer),
    hear: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => worker.terminate(),
  };
}
