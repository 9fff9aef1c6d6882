// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { nanoseconds } from '../../ledger/index.ts';
import { memorySource, readTrace } from '../../trace/index.ts';
import { clockOf } from './clocks.ts';

const line = '          vmm-1000    [001] .....     1.000001: mm_lru_insertion: folio=0 pfn=0x7 lru=4 flags=M\n';
const text = `# tracer: nop\n#\n# entries-in-buffer/entries-written: 1/1   #P:2\n#\n${line}`;
const summary = await readTrace(memorySource('trace.txt', new TextEncoder().encode(text)), { onEvents: () => {} });

// Ids of common/builtin_clock.proto: 1 REALTIME, 3 MONOTONIC, 5 MONOTONIC_RAW, 6 BOOTTIME; 64 is the writer's own. Of
// ftrace_event_bundle.proto: 3 LOCAL, 4 MONO_RAW; BOOTTIME is not said.
test.each([
  ['boot', { packetClock: 6, ftraceClock: undefined, primary: 6, clocks: [6] }, undefined],
  ['mono', { packetClock: 3, ftraceClock: 3, primary: 3, clocks: [3, 64] }, undefined],
  ['mono_raw', { packetClock: 5, ftraceClock: 4, primary: 5, clocks: [5] }, undefined],
  ['local', { packetClock: 64, ftraceClock: 3, primary: 6, clocks: [6, 64] }, /'local' is taken as CLOCK_BOOTTIME/],
  ['global', { packetClock: 64, ftraceClock: 3, primary: 6, clocks: [6, 64] }, /'global' is taken as CLOCK_BOOTTIME/],
  [undefined, { packetClock: 64, ftraceClock: 3, primary: 6, clocks: [6, 64] }, /does not say its clock/],
])('%s', (clock, expected, doubt) => {
  const { doubt: said, ...made } = clockOf({ ...summary, clock });
  expect(made).toEqual(expected);
  if (doubt === undefined) expect(said).toBeUndefined();
  else expect(said).toMatch(doubt);
});

test('of counts, and of the calendar', () => {
  expect(clockOf({ ...summary, clock: 'counter', countsTime: true }).doubt).toMatch(/times are counts/);
  const from = nanoseconds(1_777_896_000_000_000_000n);
  expect(clockOf({ ...summary, clock: 'local', from })).toMatchObject({ packetClock: 1, primary: 1, doubt: undefined });
});
