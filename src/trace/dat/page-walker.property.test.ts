// SPDX-License-Identifier: MIT
// Pages built of every kind of record, in every byte order, against what was put in.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Machine } from '../../../test/support/make-trace-dat.ts';
import { formatsOf, headerPage, PageMaker, records } from '../../../test/support/make-trace-dat.ts';
import { cpu, type KernelEvent, type Loss } from '../../ledger/index.ts';
import { Damages } from '../damage.ts';
import { makeDecoders } from './decoders.ts';
import { parseEventFormat } from './event-format.ts';
import { parsePageLayout } from './page-layout.ts';
import { PageWalker } from './page-walker.ts';
import { wordsOf } from './record-fields.ts';

const MACHINES: readonly Machine[] = [
  { littleEndian: true, long: 8 },
  { littleEndian: true, long: 4 },
  { littleEndian: false, long: 8 },
  { littleEndian: false, long: 4 },
];

type Made =
  | { readonly kind: 'short' | 'long'; readonly delta: number; readonly pfn: number }
  | { readonly kind: 'other'; readonly delta: number }
  | { readonly kind: 'marker'; readonly delta: number; readonly text: string }
  | { readonly kind: 'discarded'; readonly delta: number; readonly words: number }
  | { readonly kind: 'extend'; readonly delta: number; readonly high: number }
  | { readonly kind: 'stamp'; readonly later: number };

const delta = fc.oneof(fc.nat(100), fc.integer({ min: 0, max: 0x07ff_ffff }));
const pfn = fc.integer({ min: 0, max: 0xffff_ffff });
const made: fc.Arbitrary<Made> = fc.oneof(
  fc.record({ kind: fc.constantFrom('short' as const, 'long' as const), delta, pfn }),
  fc.record({ kind: fc.constant('other' as const), delta }),
  fc.record({ kind: fc.constant('marker' as const), delta, text: fc.stringMatching(/^[a-z ]{0,40}$/) }),
  // A delta of 0 would say that no record fits any more.
  fc.record({
    kind: fc.constant('discarded' as const),
    delta: fc.integer({ min: 1, max: 0x07ff_ffff }),
    words: fc.integer({ min: 1, max: 20 }),
  }),
  fc.record({ kind: fc.constant('extend' as const), delta, high: fc.nat(0xffff) }),
  fc.record({ kind: fc.constant('stamp' as const), later: fc.nat(2 ** 40) }),
);

interface Page {
  readonly gap: number;
  readonly lost: { readonly stored: number | undefined } | undefined;
  readonly records: readonly Made[];
  readonly isFull: boolean;
}

const pages: fc.Arbitrary<readonly Page[]> = fc.array(
  fc.record({
    gap: fc.nat(1_000_000),
    lost: fc.option(fc.record({ stored: fc.option(fc.integer({ min: 1, max: 2 ** 31 }), { nil: undefined }) }), {
      nil: undefined,
    }),
    records: fc.array(made, { maxLength: 30 }),
    isFull: fc.boolean(),
  }),
  { minLength: 1, maxLength: 4 },
);

interface Expected {
  readonly pages: readonly Uint8Array[];
  readonly events: readonly object[];
  readonly count: number;
}

/** Writes the pages and says what is in them, by the rules of linux/ring_buffer.h alone. */
function write(machine: Machine, start: bigint, story: readonly Page[]): Expected {
  const events: object[] = [];
  let count = 0;
  let clock = start;
  let loss: { events: number | undefined } | undefined;
  const bytes = story.map((page) => {
    clock += BigInt(page.gap);
    const maker = new PageMaker(machine, clock);
    if (page.lost !== undefined) {
      const { stored } = page.lost;
      maker.lost(stored);
      if (loss === undefined) loss = { events: stored };
      else loss = { events: loss.events === undefined || stored === undefined ? undefined : loss.events + stored };
    }
    const record = (event: object | undefined): void => {
      count++;
      if (loss !== undefined) events.push({ type: 'loss', cpu: 3, at: clock, events: loss.events });
      loss = undefined;
      if (event !== undefined) events.push({ ...event, at: clock });
    };
    for (const part of page.records) {
      if ('delta' in part) clock += BigInt(part.delta);
      switch (part.kind) {
        case 'short':
        case 'long':
          maker[part.kind](part.delta, records.insertion(machine, 1, part.pfn));
          record({ type: 'mm_lru_insertion', pfn: part.pfn });
          break;
        case 'other':
          maker.short(part.delta, records.other(machine, 1));
          record(undefined);
          break;
        case 'marker':
          maker.long(part.delta, records.print(machine, 1, part.text));
          record({ type: 'marker', text: part.text });
          break;
        case 'discarded':
          maker
            .word(29, part.delta)
            .number(4 * part.words)
            .raw(new Uint8Array(4 * (part.words - 1)).fill(0xff));
          break;
        case 'extend':
          clock += BigInt(part.high) << 27n;
          maker.word(30, part.delta).number(part.high);
          break;
        case 'stamp':
          clock += BigInt(part.later);
          maker.word(31, Number(clock & 0x07ff_ffffn)).number(Number((clock >> 27n) & 0xffff_ffffn));
          break;
      }
    }
    if (page.isFull) maker.word(29, 0);
    return maker.done();
  });
  if (loss !== undefined) events.push({ type: 'loss', cpu: 3, at: undefined, events: loss.events });
  return { pages: bytes, events, count };
}

function walk(
  machine: Machine,
  bytes: readonly Uint8Array[],
): { walker: PageWalker<Exclude<KernelEvent, Loss>>; events: readonly KernelEvent[] } {
  const formats = Object.entries(formatsOf(machine)).flatMap(([system, texts]) =>
    texts.flatMap((text) => parseEventFormat(system, text) ?? []),
  );
  const decoders = makeDecoders(formats, machine.littleEndian, '', false);
  const kinds = new Uint8Array(0x1_0000);
  for (const [index, { id }] of decoders.entries()) kinds[id] = index + 1;
  const context = {
    layout: parsePageLayout({ error: (what) => new Error(what) }, headerPage(machine)),
    littleEndian: machine.littleEndian,
    clock: { offset: 0n, tsc: undefined },
    decoders,
    kinds,
    taskNames: new Map<number, string>(),
    damages: new Damages(),
    epoch: { value: undefined },
    attachesStacks: true,
  };
  const walker = new PageWalker(context, cpu(3), undefined);
  for (const page of bytes) walker.walk(wordsOf(page, machine.littleEndian), page, 0);
  walker.finish();
  return { walker, events: walker.events.slice(0, walker.length) };
}

describe.each(MACHINES)('pages of %j', (machine) => {
  it('give the events, times, losses and the count that were put in, whatever records stand between', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 56n }), pages, (start, story) => {
        const expected = write(machine, start, story);
        const { walker, events } = walk(machine, expected.pages);
        expect(walker.damaged).toBe(0);
        expect(walker.count).toBe(expected.count);
        expect(events).toHaveLength(expected.events.length);
        expect(events).toMatchObject(expected.events);
      }),
      { numRuns: 150, seed: 20261122 },
    );
  });
});
