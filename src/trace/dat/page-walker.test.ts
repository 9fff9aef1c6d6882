// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { Machine } from '../../../test/support/make-trace-dat.ts';
import { formatsOf, headerPage, PageMaker, records, X86_64 } from '../../../test/support/make-trace-dat.ts';
import { cpu, type KernelEvent, type Loss } from '../../ledger/index.ts';
import { Damages } from '../damage.ts';
import { makeDecoders } from './decoders.ts';
import { parseEventFormat } from './event-format.ts';
import { parsePageLayout } from './page-layout.ts';
import { PageWalker } from './page-walker.ts';
import { wordsOf } from './record-fields.ts';

const BIG_ENDIAN: Machine = { littleEndian: false, long: 4 };

/** What a walker makes of pages, one after the other. */
function walk(
  machine: Machine,
  ...pages: readonly Uint8Array[]
): { walker: PageWalker<Exclude<KernelEvent, Loss>>; events: KernelEvent[] } {
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
  for (const page of pages) walker.walk(wordsOf(page, machine.littleEndian), page, 0);
  walker.finish();
  return { walker, events: walker.events.slice(0, walker.length) };
}

const timesOf = (events: readonly KernelEvent[]): unknown[] => events.map((event) => event.at);

describe.each([X86_64, BIG_ENDIAN])('records of %j', (machine) => {
  const event = records.insertion(machine, 1, 5);
  const page = (stamp: bigint): PageMaker => new PageMaker(machine, stamp);

  it('of both lengths, each later by its delta', () => {
    const { walker, events } = walk(
      machine,
      page(100n).short(0, event).long(7, event).short(0x07ff_ffff, event).done(),
    );
    expect(timesOf(events)).toEqual([100n, 107n, 107n + 0x07ff_ffffn]);
    expect(walker).toMatchObject({ count: 3, first: 100n, last: 107n + 0x07ff_ffffn, damaged: 0 });
  });

  it('add padding to the time and no event: a discarded record, and a last word where no record fits', () => {
    const made = page(100n).short(1, event);
    made.word(29, 50).number(12).raw(new Uint8Array(8)).short(1, event);
    made.word(29, 0);
    const { walker, events } = walk(machine, made.done());
    expect(timesOf(events)).toEqual([101n, 152n]);
    expect(walker).toMatchObject({ count: 2, damaged: 0 });
  });

  it('behind a word that says that no more fit, where they do, are a loss', () => {
    const made = page(100n).short(1, event).word(29, 0).short(1, event).done();
    const { walker, events } = walk(machine, made);
    expect(events).toMatchObject([{ at: 101n }, { type: 'loss', events: undefined }]);
    expect(walker).toMatchObject({ count: 1, damaged: 1 });
  });

  it('add a time extend, beyond what a delta holds and beyond 32 bits', () => {
    const made = page(100n).word(30, 5).number(1).short(1, event).word(30, 0).number(1000).short(0, event);
    const second = 100n + 5n + (1n << 27n) + 1n;
    expect(timesOf(walk(machine, made.done()).events)).toEqual([second, second + (1000n << 27n)]);
  });

  it('take an absolute time, with the top bits of the time before', () => {
    const stamp = (3n << 59n) + 1000n;
    const made = page(stamp).short(0, event).word(31, 2000).number(0).short(1, event);
    expect(timesOf(walk(machine, made.done()).events)).toEqual([stamp, stamp + 1001n]);
  });

  it('take an absolute time that wrapped around as later, not earlier', () => {
    const made = page((1n << 59n) - 10n)
      .word(31, 500)
      .number(0)
      .short(0, event);
    expect(timesOf(walk(machine, made.done()).events)).toEqual([(1n << 59n) + 500n]);
  });

  it('have times beyond 2^53 to the nanosecond', () => {
    const stamp = (1n << 60n) + 1n;
    expect(timesOf(walk(machine, page(stamp).short(2, event).done()).events)).toEqual([stamp + 2n]);
  });

  it('come after a loss, counted or not, once for a gap', () => {
    const pages = [
      page(1n).lost().done(),
      page(2n).short(0, event).done(),
      page(5n).lost(70_000).short(1, event).done(),
    ];
    expect(walk(machine, ...pages).events).toMatchObject([
      { type: 'loss', cpu: 3, at: 2n, events: undefined },
      { type: 'mm_lru_insertion', at: 2n },
      { type: 'loss', cpu: 3, at: 6n, events: 70_000 },
      { type: 'mm_lru_insertion', at: 6n },
    ]);
  });

  it('add up losses with nothing between them, and end with one that nothing follows', () => {
    expect(walk(machine, page(1n).lost(3).done(), page(2n).lost(4).done()).events).toEqual([
      { type: 'loss', cpu: 3, at: undefined, events: 7, buffer: undefined },
    ]);
  });

  it('that run over the end of their page are a loss before the next page', () => {
    const cut = page(1n).short(0, event).word(0, 1).number(400).done();
    const { walker, events } = walk(machine, cut, page(9n).short(0, event).done());
    expect(events).toMatchObject([{ at: 1n }, { type: 'loss', at: 9n, events: undefined }, { at: 9n }]);
    expect(walker).toMatchObject({ count: 2, damaged: 1 });
  });

  it('of a page whose length cannot be are a loss', () => {
    const bytes = page(1n).short(0, event).done();
    bytes[machine.littleEndian ? 9 : 10] = 0xff;
    expect(walk(machine, bytes).events).toEqual([
      { type: 'loss', cpu: 3, at: undefined, events: undefined, buffer: undefined },
    ]);
  });
});

it('merge keys never go back, though times do', () => {
  const event = records.insertion(X86_64, 1, 5);
  const { walker } = walk(
    X86_64,
    new PageMaker(X86_64, 100n).short(50, event).done(),
    new PageMaker(X86_64, 120n).short(0, event).short(40, event).done(),
  );
  expect(walker.keys.slice(0, walker.length)).toEqual([50, 50, 60]);
  expect(timesOf(walker.events)).toEqual([150n, 120n, 160n]);
});
