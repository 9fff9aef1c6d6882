// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from '../abi/index.ts';
import { DEFAULT_PROFILE, type Patch, PATCHES } from '../kernel/index.ts';
import {
  cpu,
  folioIndex,
  heldByIdleOnly,
  type Holder,
  type Ledger,
  order,
  pfn,
  type Verdict,
} from '../ledger/index.ts';
import type { Call } from './calls.ts';
import { createMachine, type Machine } from './machine.ts';
import { Judge } from './restore.ts';

const CPUS = 3;
const PAGES = 8;
// A small batch, so that a few pages already flush one and the check needs several rounds.
const profile = { ...DEFAULT_PROFILE, batchSize: 4 };

const machineWith = (patch: Patch): Machine =>
  createMachine({
    cpus: CPUS,
    patch,
    profile,
    pins: PAGES,
    largestOrder: 1,
    folios: PAGES,
    tasks: Array.from({ length: CPUS }, (_, on) => ({ name: `T${on}`, cpu: on, process: on % 2 })),
    guestMemfds: [{ pages: PAGES }],
    parts: ['mlock'],
  });

const conversionOf = (from: number, to: number, attributes = KVM_MEMORY_ATTRIBUTE_PRIVATE): Call => ({
  call: 'set-memory-attributes2',
  inode: 0,
  argument: {
    offset: BigInt(from) * PAGE_SIZE,
    size: BigInt(to - from) * PAGE_SIZE,
    attributes,
    flags: 0n,
    reserved: [],
  },
});

const call = fc.oneof(
  fc.nat(PAGES - 1).map((start): Call => ({ call: 'touch', inode: 0, start, pages: 1 })),
  fc.nat(PAGES / 2 - 1).map((i): Call => ({ call: 'fallocate-large', inode: 0, start: 2 * i, pages: 2 })),
  fc.record({ index: fc.nat(PAGES - 1), pinned: fc.boolean() }).map(
    // A page's pin has the page's number, so that none is taken twice.
    ({ index, pinned }): Call => ({ call: pinned ? 'pin-user-pages' : 'vmsplice', pin: index, inode: 0, index }),
  ),
  fc.nat(PAGES - 1).map((pin): Call => ({ call: 'unpin', pin })),
  fc.constant<Call>({ call: 'lru-add-drain' }),
  // Pages that were locked, unmapped by a conversion and touched again stand in an mlock batch.
  fc
    .record({ start: fc.nat(PAGES - 1), which: fc.constantFrom('mlock' as const, 'munlock' as const) })
    .map(({ start, which }): Call => ({ call: which, inode: 0, start, pages: 1 })),
  fc
    .record({ start: fc.nat(PAGES - 1), attributes: fc.constantFrom(KVM_MEMORY_ATTRIBUTE_PRIVATE, 0n) })
    .map(({ start, attributes }) => conversionOf(start, start + 1, attributes)),
);
const history = fc.array(fc.record({ task: fc.nat(CPUS - 1), call }), { maxLength: 14 });

/** @returns pages that were locked. */
function replay(
  machine: Machine,
  calls: readonly { readonly task: number; readonly call: Call }[],
): ReadonlySet<number> {
  const pinned = new Set<number>();
  const locked = new Set<number>();
  for (const { task, call: made } of calls) {
    if (made.call === 'mlock') locked.add(made.start);
    if (made.call === 'unpin') pinned.delete(made.pin);
    if (made.call === 'vmsplice' || made.call === 'pin-user-pages') {
      if (pinned.has(made.pin)) continue;
      pinned.add(made.pin);
    }
    machine.call(task, made);
  }
  return locked;
}

/** What the conversion of that very machine comes to. */
function converted(machine: Machine, task: number, from: number, to: number): Verdict {
  const ledger = machine.ledger(0);
  const { result, errorIndex } = machine.call(task, conversionOf(from, to));
  if (result === 'ok') return { verdict: 'safe' };
  const named = ledger.find(({ index, order }) => errorIndex !== undefined && errorIndex < index + 2 ** order);
  if (result !== 'EAGAIN' || named === undefined || errorIndex === undefined) throw new Error(result);
  const holders = named.holders.filter(({ kind }) => kind !== 'user-mapping');
  return { verdict: 'refused', index: errorIndex, spurious: heldByIdleOnly(holders) };
}

const judge = new Judge();

test.each(PATCHES)(
  'a machine restored from a ledger answers as the machine that the ledger was read from: $name',
  (patch) => {
    const range = fc
      .tuple(fc.nat(PAGES - 1), fc.nat(PAGES - 1))
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b) + 1] as const);
    const machine = machineWith(patch);
    fc.assert(
      fc.property(history, fc.nat(CPUS - 1), range, (calls, on, [from, to]) => {
        machine.boot();
        const locked = replay(machine, calls);
        expect(machine.imbalances()).toEqual([]);
        const ledger = machine.ledger(0);
        const has = (holders: readonly Holder[], kind: Holder['kind']) =>
          holders.some((holder) => holder.kind === kind);
        // Nor does it say what is locked: unmapping that puts it into the converter's mlock batch.
        fc.pre(
          ledger.every(
            ({ index, holders }) => !locked.has(index) || !has(holders, 'user-mapping') || has(holders, 'mlock-batch'),
          ),
        );
        // A ledger does not say which page of a large folio is mapped, so no half of a mapped one is asked about.
        const halved = ledger.some(
          ({ index, order, holders }) =>
            (order > 0 &&
              holders.some(({ kind }) => kind === 'user-mapping') &&
              index < from !== index + 2 ** order <= from) ||
            index < to !== index + 2 ** order <= to,
        );
        fc.pre(!halved);
        const asked = { from: folioIndex(from), to: folioIndex(to) };
        const answer = judge.verdict({ ledger, range: asked, cpu: cpu(on), cpus: CPUS, patch, profile });
        expect(answer).toEqual(converted(machine, on, from, to));
      }),
      { numRuns: 40 },
    );
  },
);

test('a ledger that names a CPU beyond the machine is refused', () => {
  const machine = machineWith(PATCHES[0] as Patch);
  machine.call(2, { call: 'touch', inode: 0, start: 0, pages: 1 });
  const question = { ledger: machine.ledger(0), cpu: cpu(0), cpus: 2, patch: PATCHES[0] as Patch, profile };
  expect(() => new Judge().verdict(question)).toThrow("CPU 2 is beyond the machine's 2");
});

const oneFolio = (holders: readonly Holder[]): Ledger => [
  {
    index: folioIndex(0),
    pfn: pfn(1),
    order: order(0),
    strength: 'proved',
    holders: [{ kind: 'page-cache', references: 1 }, ...holders],
  },
];
const ask = (holders: readonly Holder[], patch: Patch): Verdict =>
  judge.verdict({ ledger: oneFolio(holders), cpu: cpu(0), cpus: 2, patch, profile: DEFAULT_PROFILE });

test.each([1, 63, 64, 65, 5000])('a page with %d pins is refused, whatever the width of the columns', (pinned) => {
  for (const patch of PATCHES)
    expect(ask([{ kind: 'gup', references: 1024 * pinned }], patch)).toMatchObject({
      verdict: 'refused',
      spurious: false,
    });
});

test('a reference on its way into a batch is one that no drain finds', () => {
  for (const patch of PATCHES)
    expect(ask([{ kind: 'lru-add-batch', references: 1 }], patch)).toMatchObject({
      verdict: 'refused',
      spurious: true,
    });
});

test.each([7, 9])('a folio of order %d can be mapped as a whole, run in one go or step by step', (largestOrder) => {
  const pages = 2 ** largestOrder;
  for (const observe of [undefined, () => {}]) {
    const machine = createMachine({
      cpus: 2,
      largestOrder,
      tasks: [
        { name: 'T0', cpu: 0 },
        { name: 'T1', cpu: 1, process: 1 },
      ],
      guestMemfds: [{ pages }],
    });
    machine.call(0, { call: 'fallocate-large', inode: 0, start: 0, pages }, observe);
    for (const task of [0, 1]) machine.call(task, { call: 'touch', inode: 0, start: 0, pages }, observe);
    expect(machine.imbalances()).toEqual([]);
  }
});

test('what the machine does not have is refused, and a busy task is left alone', () => {
  const machine = machineWith(PATCHES[0] as Patch);
  expect(() => machine.call(0, { call: 'migrate-to', cpu: 99 })).toThrow("CPU 99 is beyond the machine's 3");
  expect(() => machine.call(0, { call: 'touch', inode: 0, start: 7, pages: 2 })).toThrow('page 8 is beyond');
  expect(() => machine.call(0, { call: 'touch', inode: 1, start: 0, pages: 1 })).toThrow('guest_memfd 1 is beyond');
  expect(machine.call(0, { call: 'fallocate', inode: 0, start: 7, pages: 2 }).result).toBe('EINVAL');
  machine.begin(0, { call: 'touch', inode: 0, start: 0, pages: 1 });
  expect(() => machine.call(0, { call: 'lru-add-drain' })).toThrow('T0 is within a call');
});
