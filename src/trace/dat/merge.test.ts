// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { KernelEvent } from '../../ledger/index.ts';
import { cpu, nanoseconds } from '../../ledger/index.ts';
import type { MergeInput } from './merge.ts';
import { merge } from './merge.ts';

const event = (input: number, time: number): KernelEvent => ({
  type: 'marker',
  at: nanoseconds(BigInt(time)),
  cpu: cpu(input),
  pid: 0,
  text: '',
});

/** An input that has `times` in pieces of two, with the keys that a walker would give. */
function inputOf(times: readonly number[], index: number): MergeInput<KernelEvent> {
  let taken = 0;
  let floor = Number.NEGATIVE_INFINITY;
  const walker = { events: [] as KernelEvent[], keys: [] as number[], length: 0, hasLosses: false };
  const input: MergeInput<KernelEvent> = {
    walker,
    head: 0,
    refill: () => {
      const piece = times.slice(taken, taken + 2);
      taken += piece.length;
      for (const [nth, time] of piece.entries()) {
        floor = Math.max(floor, time);
        walker.events[nth] = event(index, time);
        walker.keys[nth] = floor;
      }
      walker.length = piece.length;
      input.head = 0;
      return Promise.resolve(piece.length > 0);
    },
  };
  return input;
}

/** What trace-cmd does: always the smallest next time, of equal ones the first. */
function likeTraceCmd(inputs: readonly (readonly number[])[]): [number, number][] {
  const heads = inputs.map(() => 0);
  const order: [number, number][] = [];
  for (;;) {
    let best = -1;
    for (const [index, times] of inputs.entries()) {
      const time = times[heads[index]!];
      if (time !== undefined && (best < 0 || time < inputs[best]![heads[best]!]!)) best = index;
    }
    if (best < 0) return order;
    order.push([best, inputs[best]![heads[best]!]!]);
    heads[best] = heads[best]! + 1;
  }
}

it('gives the order of trace-cmd, also where times of a CPU go back', async () => {
  const times = fc.array(fc.array(fc.nat(12), { maxLength: 12 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(times, async (inputs) => {
      const order: [number, number][] = [];
      await merge(inputs.map(inputOf), (events, from, to) => {
        for (const { cpu: input, at } of events.slice(from, to)) order.push([input, Number(at)]);
      });
      expect(order).toEqual(likeTraceCmd(inputs));
    }),
    { numRuns: 500 },
  );
});
