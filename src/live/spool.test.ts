// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { headerPage, PageMaker, records, X86_64 } from '../../test/support/make-trace-dat.ts';
import { parsePageLayout } from '../trace/index.ts';
import { bytesIn, eventsIn, lostBefore, markLost } from './ring-page.ts';
import { Spool } from './spool.ts';

const layout = parsePageLayout({ error: (what) => new Error(what) }, headerPage(X86_64));
const event = records.other(X86_64, 1);
const pageOf = (events: number, stamp = 1n): PageMaker => {
  const page = new PageMaker(X86_64, stamp);
  for (let nth = 0; nth < events; nth++) page.short(1, event);
  return page;
};

describe('a page of the ring buffer', () => {
  test('its events are counted, without time stamps and padding', () => {
    const page = pageOf(3)
      .word(30, 5)
      .number(1)
      .long(1, event)
      .word(31, 5)
      .number(1)
      .word(29, 1)
      .number(4 + event.length)
      .raw(event)
      .short(1, event)
      .word(29, 0);
    expect(eventsIn(page.done(), layout)).toBe(5);
    expect(eventsIn(new PageMaker(X86_64, 1n).done(), layout)).toBe(0);
  });

  test('what was lost before it is read, and written', () => {
    expect(lostBefore(pageOf(1).done(), layout)).toBe(0);
    expect(lostBefore(pageOf(1).lost(70_000).done(), layout)).toBe(70_000);
    expect(lostBefore(pageOf(1).lost().done(), layout)).toBeUndefined();
    const page = pageOf(2).done();
    markLost(page, layout, 12);
    expect(page).toEqual(pageOf(2).lost(12).done());
    markLost(page, layout, undefined);
    expect([lostBefore(page, layout), eventsIn(page, layout)]).toEqual([undefined, 2]);
  });

  test('a full page has no room for a number', () => {
    const page = pageOf(Math.floor((4096 - 16) / (event.length + 4))).done();
    expect(4096 - 16 - bytesIn(page, layout)).toBeLessThan(16);
    markLost(page, layout, 12);
    expect([undefined, 12]).toContain(lostBefore(page, layout));
  });
});

describe('a spool', () => {
  test('keeps the newest pages, counts what goes, and the next page of that CPU says so', () => {
    const spool = new Spool(layout, 3 * 4096);
    spool.add(0, pageOf(1).lost(5).done());
    spool.add(1, pageOf(2).done());
    spool.add(0, pageOf(3).done());
    spool.add(0, new PageMaker(X86_64, 1n).done());
    expect([spool.pagesOf(0).length, spool.pagesOf(1).length, spool.dropped.size]).toEqual([2, 1, 0]);
    spool.add(1, pageOf(4).done());
    expect([...spool.dropped]).toEqual([[0, { pages: 1, events: 1, lostBefore: 5 }]]);
    const [kept = new Uint8Array()] = spool.pagesOf(0);
    expect([eventsIn(kept, layout), lostBefore(kept, layout)]).toEqual([3, 6]);
    expect(spool.pagesOf(1).map((page) => [eventsIn(page, layout), lostBefore(page, layout)])).toEqual([
      [2, 0],
      [4, 0],
    ]);
    // Asking twice gives the same.
    expect(lostBefore(spool.pagesOf(0)[0] ?? new Uint8Array(), layout)).toBe(6);
  });

  test('a number that nobody knows stays unknown', () => {
    const spool = new Spool(layout, 4096);
    spool.add(0, pageOf(1).lost().done());
    spool.add(0, pageOf(1).done());
    expect(lostBefore(spool.pagesOf(0)[0] ?? new Uint8Array(), layout)).toBeUndefined();
  });
});
