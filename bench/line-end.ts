// SPDX-License-Identifier: MIT
// How fast the ends of lines are found, beside Uint8Array's indexOf: npx tsx bench/line-end.ts [FILE]. Processor time for a line, by
// turns, the lowest of ten. Without a text it takes lines of 115 bytes, as trace-cmd report prints them on average.
import { readFileSync } from 'node:fs';
import { LineEnds } from '../src/trace/text/line-end.ts';

const BLOCK_BYTES = 256 * 1024;
const file = process.argv[2];
const text = file === undefined ? Buffer.from(`${'x'.repeat(114)}\n`.repeat(200_000)) : readFileSync(file);
const block = new Uint8Array(BLOCK_BYTES);
const ends = new LineEnds();
ends.open(block);

/** Lines of the whole text, which goes through one block as in the reader. */
function lines(next: (from: number) => number): number {
  let count = 0;
  for (let at = 0; at + BLOCK_BYTES <= text.length; at += BLOCK_BYTES) {
    block.set(text.subarray(at, at + BLOCK_BYTES));
    for (let newline = next(0); newline >= 0; newline = next(newline + 1)) count++;
  }
  return count;
}

const WAYS: readonly (readonly [string, (from: number) => number])[] = [
  ['indexOf', (from) => block.indexOf(0x0a, from)],
  ['eight at once', (from) => ends.next(from, BLOCK_BYTES)],
];
const best = new Map<string, number>();
for (let round = 0; round < 10; round++) {
  for (const [name, next] of WAYS) {
    const begun = process.cpuUsage();
    const count = lines(next);
    const nanoseconds = (process.cpuUsage(begun).user * 1000) / count;
    best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, nanoseconds));
  }
}
for (const [name, nanoseconds] of best) console.log(`${name}: ${nanoseconds.toFixed(0)} ns a line`);
