// SPDX-License-Identifier: MIT
// How fast the trace readers are: npx tsx bench/read-trace.ts FILE [RUNS]. The first run is what a user waits for; the
// later ones show the readers without the compiler. See docs/trace-readers.md.
import { openSync, readSync, statSync } from 'node:fs';
import { readTrace } from '../src/trace/index.ts';

const [, , file = '', runs = '5'] = process.argv;
const descriptor = openSync(file, 'r');
const source = {
  name: file,
  size: statSync(file).size,
  read: (offset: number, length: number) => {
    const bytes = new Uint8Array(length);
    return Promise.resolve(bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset)));
  },
};

for (let run = 0; run < Number(runs); run++) {
  let decoded = 0;
  const start = performance.now();
  const { events, format } = await readTrace(source, {
    onEvents: (batch) => {
      decoded += batch.length;
    },
  });
  const ms = performance.now() - start;
  const speed = (events / ms / 1000).toFixed(2);
  console.log(`${format}: ${events} events, ${decoded} decoded, ${ms.toFixed(0)} ms, ${speed} M/s`);
}
