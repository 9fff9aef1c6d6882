// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpu, folioIndex, type FolioLedger, type Ledger, order, pfn } from '../ledger/index.ts';
import { DEFAULT_PROFILE, Judge, PATCHES, patchNamed } from '../machine/index.ts';
import { Verdicts } from './verdicts.ts';

const CPUS = [cpu(0), cpu(1), cpu(2)];

function folio(index: number, waitsOn?: number, size = 0): FolioLedger {
  const pageCache = { kind: 'page-cache', references: 2 ** size } as const;
  const batch = waitsOn === undefined ? [] : [{ kind: 'lru-add-batch', references: 1, cpu: cpu(waitsOn) } as const];
  const holders = [pageCache, ...batch];
  return { index: folioIndex(index), pfn: pfn(index), order: order(size), strength: 'derived', holders };
}

const known = (ledger: Ledger) => ({
  best: ledger,
  worst: ledger,
  hidden: [],
  locked: new Set<never>(),
  reason: undefined,
});

/** Runs of plain folios, each followed by one that waits. */
const ledgers = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 130 }), fc.nat(2), fc.boolean()), { minLength: 1, maxLength: 6 })
  .map((runs) => {
    const ledger: FolioLedger[] = [];
    let next = 0;
    for (const [plain, owner, isLarge] of runs) {
      for (let i = 0; i < plain; i++) ledger.push(folio(next++));
      if (isLarge) {
        ledger.push(folio(next, undefined, 2));
        next += 4;
      } else ledger.push(folio(next++, owner));
    }
    return ledger;
  });

const judge = new Judge();
const verdicts = new Verdicts(CPUS, DEFAULT_PROFILE);

test('a shortened ledger on a smaller machine gets the verdict of the whole one', () => {
  const questions = fc.tuple(
    ledgers,
    fc.constantFrom(...CPUS),
    fc.constantFrom(...PATCHES),
    fc.nat(200),
    fc.integer({ min: 1, max: 200 }),
  );
  fc.assert(
    fc.property(questions, ([ledger, converter, patch, from, length]) => {
      const range = { from: folioIndex(from), to: folioIndex(from + length) };
      const whole = { ledger, cpu: converter, cpus: CPUS.length, patch, profile: DEFAULT_PROFILE };
      expect(verdicts.verdict(known(ledger), { range: undefined, cpu: converter }, patch)).toEqual(
        judge.verdict(whole),
      );
      const part = judge.verdict({ ...whole, range });
      expect(verdicts.verdict(known(ledger), { range, cpu: converter }, patch)).toEqual(part);
    }),
    { numRuns: 100 },
  );
});

describe('a large inode', () => {
  const PAGES = 1 << 20;
  const ledger = Array.from({ length: PAGES }, (_, index) => folio(index, index === PAGES - 1 ? 1 : undefined));

  test('of a million pages is answered', () => {
    const verdict = (name: string) =>
      verdicts.verdict(known(ledger), { range: undefined, cpu: cpu(0) }, patchNamed(name));
    expect(verdict('baseline')).toEqual({ verdict: 'refused', index: PAGES - 1, spurious: true });
    expect(verdict('v8')).toEqual({ verdict: 'safe' });
  });

  test('of pages of a gigabyte is answered, its folio that begins before the range too', () => {
    const huge = [folio(0, undefined, 18), folio(1 << 18, 1)];
    const range = { from: folioIndex(5), to: folioIndex((1 << 18) + 1) };
    expect(verdicts.verdict(known(huge), { range, cpu: cpu(0) }, patchNamed('v6'))).toEqual({ verdict: 'safe' });
    expect(verdicts.verdict(known(huge), { range, cpu: cpu(0) }, patchNamed('baseline'))).toEqual({
      verdict: 'refused',
      index: 1 << 18,
      spurious: true,
    });
  });
});

test('a range that begins within a large folio: each form names the index that it would', () => {
  const large = folio(8, undefined, 3);
  const pinned = { ...large, holders: [...large.holders, { kind: 'gup', references: 1 } as const] };
  const said = (from: number, converter: number) =>
    PATCHES.map((patch) => {
      const range = { from: folioIndex(from), to: folioIndex(40) };
      const verdict = verdicts.verdict(known([pinned, folio(16, 1)]), { range, cpu: cpu(converter) }, patch);
      return verdict.verdict === 'refused' ? verdict.index : verdict.verdict;
    });
  // baseline, local-drain, v6, v8, drain-for-folio
  expect(said(10, 0)).toEqual([8, 10, 8, 10, 10]);
  expect(said(9, 0)).toEqual([8, 9, 8, 9, 9]);
  expect(said(8, 0)).toEqual([8, 8, 8, 8, 8]);
  expect(said(16, 0)).toEqual([16, 16, 'safe', 'safe', 'safe']);
});

test('where something is doubtful, only what is so either way is said', () => {
  const state = {
    best: [folio(0)],
    worst: [folio(0, 1)],
    hidden: [],
    locked: new Set<never>(),
    reason: 'events were lost',
  };
  const ask = (name: string, converter: number) =>
    verdicts.verdict(state, { range: undefined, cpu: cpu(converter) }, patchNamed(name));
  expect(ask('baseline', 0)).toEqual({ verdict: 'undecided', reason: 'events were lost' });
  expect(ask('v6', 0)).toEqual({ verdict: 'safe' });
  expect(ask('local-drain', 0).verdict).toBe('undecided');
  expect(ask('local-drain', 1)).toEqual({ verdict: 'safe' });
});

test('an mlock batch is drained like an lru_add batch, a pin is not, and mappings are gone by then', () => {
  const held = (...holders: FolioLedger['holders']): Ledger => [
    { ...folio(0), strength: 'proved', holders: [{ kind: 'page-cache', references: 1 }, ...holders] },
  ];
  const said = (ledger: Ledger, converter: number): readonly string[] =>
    PATCHES.map((patch) => {
      const verdict = new Verdicts(CPUS, DEFAULT_PROFILE).verdict(
        known(ledger),
        { range: undefined, cpu: cpu(converter) },
        patch,
      );
      return verdict.verdict === 'refused' ? `${verdict.spurious ? 'spurious' : 'justified'} refusal` : verdict.verdict;
    });
  const mlocked = held({ kind: 'mlock-batch', references: 1, cpu: cpu(1) }, { kind: 'user-mapping', references: 2 });
  expect(PATCHES.map(({ name }) => name)).toEqual(['baseline', 'local-drain', 'v6', 'v8', 'drain-for-folio']);
  expect(said(mlocked, 0)).toEqual(['spurious refusal', 'spurious refusal', 'safe', 'safe', 'safe']);
  expect(said(mlocked, 1)).toEqual(['spurious refusal', 'safe', 'safe', 'safe', 'safe']);
  const inBoth = held(
    { kind: 'lru-add-batch', references: 1, cpu: cpu(1) },
    { kind: 'mlock-batch', references: 1, cpu: cpu(1) },
    { kind: 'mlock-batch', references: 2, cpu: cpu(0) },
  );
  expect(said(inBoth, 0)).toEqual(['spurious refusal', 'spurious refusal', 'safe', 'safe', 'safe']);
  const onOne = held(
    { kind: 'lru-add-batch', references: 1, cpu: cpu(1) },
    { kind: 'mlock-batch', references: 2, cpu: cpu(1) },
  );
  expect(said(onOne, 1)).toEqual(['spurious refusal', 'safe', 'safe', 'safe', 'safe']);
  expect(new Set(said(held({ kind: 'gup', references: 1024 }), 0))).toEqual(new Set(['justified refusal']));
  expect(new Set(said(held({ kind: 'user-mapping', references: 3 }), 0))).toEqual(new Set(['safe']));
});
