// SPDX-License-Identifier: MIT
import {
  type Cpu,
  cpu,
  folioIndex,
  type FolioLedger,
  type Holder,
  type Ledger,
  order,
  pfn,
  type Verdict,
} from '../ledger/index.ts';
import { Judge, type Patch, patchNamed, type Profile } from '../machine/index.ts';
import type { IndexRange } from './answer.ts';

/** What is known of an inode's folios at a moment, and what is not. */
export interface KnownState {
  /** Every folio that may have left its batch has. */
  readonly best: Ledger;
  /** None has. */
  readonly worst: Ledger;
  /** CPUs whose batches may hold folios of the inode that no event tells of. */
  readonly blind: readonly Cpu[];
  /** Why the two differ; undefined where they do not. */
  readonly reason: string | undefined;
}

/** A conversion to private that somebody may make. */
export interface Conversion {
  readonly range: IndexRange | undefined;
  readonly cpu: Cpu;
}

/**
 * Asks the kernel's check. Where something is not known it is asked twice, once with every doubtful folio out of the
 * batches and once with all of them in, and only an answer that stays is one.
 */
export class Verdicts {
  readonly #judge = new Judge();
  readonly #cpus: readonly Cpu[];
  readonly #profile: Profile;
  /** Answers by question: most moments are like the one before. */
  readonly #known = new Map<string, Verdict>();

  /** @param cpus of the machine. */
  constructor(cpus: readonly Cpu[], profile: Profile) {
    this.#cpus = cpus;
    this.#profile = profile;
  }

  verdict(state: KnownState, conversion: Conversion, patch: Patch): Verdict {
    const best = this.#ask(state.best, conversion, patch);
    if (state.reason === undefined) return best;
    const worst = this.#ask([...state.worst, ...unseen(state, conversion)], conversion, patch);
    return sameVerdict(best, worst) ? best : { verdict: 'undecided', reason: state.reason };
  }

  /** What form `local-drain` says on each CPU. CPUs whose batches hold nothing of the inode are all alike. */
  localDrainByCpu(state: KnownState, { range }: Conversion): ReadonlyMap<Cpu, Verdict> {
    const patch = patchNamed('local-drain');
    const owners = new Set([...state.blind, ...ownersOf(state.worst)]);
    const verdicts = new Map<Cpu, Verdict>();
    let ofOthers: Verdict | undefined;
    for (const converter of this.#cpus) {
      const known = owners.has(converter) ? undefined : ofOthers;
      const verdict = known ?? this.verdict(state, { range, cpu: converter }, patch);
      if (!owners.has(converter)) ofOthers = verdict;
      verdicts.set(converter, verdict);
    }
    return verdicts;
  }

  #ask(ledger: Ledger, { range, cpu: converter }: Conversion, patch: Patch): Verdict {
    const asked = shortened(within(ledger, range).map(asTheCheckMeetsIt), this.#profile.batchSize);
    const key = keyOf(asked, `${patch.name} ${converter}`);
    const verdict =
      this.#known.get(key) ?? this.#judge.verdict({ ...renumbered(asked, converter), patch, profile: this.#profile });
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(key, verdict);
    if (verdict.verdict !== 'refused' || range === undefined || verdict.index >= range.from) return verdict;
    return { ...verdict, index: range.from }; // of a large folio that begins before the range
  }
}

const within = (ledger: Ledger, range: IndexRange | undefined): Ledger =>
  range === undefined
    ? ledger
    : ledger.filter(({ index, order: of }) => index < range.to && index + 2 ** of > range.from);

/**
 * The conversion unmaps before it counts, so that a small folio's mappings are gone then. What drains a CPU's lru_add
 * batch drains its mlock batch too (lru_add_drain(), mm/folio.c), and a machine is restored with one kind of batch.
 */
function asTheCheckMeetsIt(folio: FolioLedger): FolioLedger {
  const isBatched = folio.holders.some(({ kind }) => kind === 'lru-add-batch');
  const isMlocked = ({ kind, references }: Holder): boolean =>
    kind === 'mlock-batch' && references === 1 && !isBatched && folio.order === 0;
  if (folio.holders.every((holder) => holder.kind !== 'user-mapping' && !isMlocked(holder))) return folio;
  let moved = false;
  const holders = folio.holders.flatMap((holder): Holder[] => {
    if (holder.kind === 'user-mapping') return folio.order > 0 ? [holder] : [];
    if (moved || !isMlocked(holder)) return [holder];
    moved = true;
    return [{ ...holder, kind: 'lru-add-batch' }];
  });
  return { ...folio, holders };
}

const isPlain = ({ order: of, holders }: FolioLedger): boolean => of === 0 && holders.length === 1;

/**
 * The ledger without most of its long runs of plain folios, small ones that only the page cache holds: the check goes
 * through them in full batches, refuses none and drains nothing that it has not drained after the first batch. So whole
 * batches can be left out behind one, and a guest of millions of pages needs a machine of hundreds.
 */
function shortened(ledger: Ledger, batchSize: number): Ledger {
  const kept: FolioLedger[] = [];
  for (let from = 0; from < ledger.length; ) {
    let to = from;
    for (let next = ledger[to]; next !== undefined && isPlain(next); next = ledger[++to]);
    const run = to - from;
    const length = run < 2 * batchSize ? run : batchSize + (run % batchSize);
    kept.push(...ledger.slice(from, from + length));
    const other = ledger[to];
    if (other !== undefined) kept.push(other);
    from = to + 1;
  }
  return kept;
}

/** The same for questions that have the same answer: of plain folios only the number counts. */
function keyOf(ledger: Ledger, prefix: string): string {
  let key = prefix;
  for (const [place, folio] of ledger.entries()) {
    if (isPlain(folio)) continue;
    const { index, order: of, holders } = folio;
    key += ` ${place}:${index}+${of}${holders.map(({ kind, cpu: owner, references }) => `,${kind} ${owner ?? ''} ${references}`).join('')}`;
  }
  return `${key} of ${ledger.length}`;
}

/** CPUs whose batches hold something. */
const ownersOf = (ledger: Ledger): readonly Cpu[] =>
  ledger.flatMap(({ holders }) => holders.flatMap(({ cpu: owner }) => (owner === undefined ? [] : [owner])));

/**
 * The ledger on a machine of only those CPUs that matter, and one idle one for the rest, with the smallest large
 * folios: CPUs are alike, of a large folio's size nothing depends, and a machine of thousands of either is slow to build.
 */
function renumbered(
  ledger: Ledger,
  converter: Cpu,
): { readonly ledger: Ledger; readonly cpu: Cpu; readonly cpus: number } {
  const involved = [...new Set([converter, ...ownersOf(ledger)])].toSorted((a, b) => a - b);
  const numbers = new Map(involved.map((owner, number) => [owner, cpu(number)]));
  const renumber = (held: Holder): Holder => {
    const number = held.cpu === undefined ? undefined : numbers.get(held.cpu);
    return number === undefined ? held : { ...held, cpu: number };
  };
  const smaller = (held: Holder): Holder => (held.kind === 'page-cache' ? { ...held, references: 2 } : held);
  return {
    ledger: ledger.map((folio) => {
      if (isPlain(folio)) return folio;
      const holders = folio.holders.map(renumber);
      return folio.order === 0 ? { ...folio, holders } : { ...folio, order: order(1), holders: holders.map(smaller) };
    }),
    cpu: numbers.get(converter) ?? cpu(0),
    cpus: 2 ** Math.ceil(Math.log2(involved.length + 1)),
  };
}

/** Enough for the moments around one, and few kilobytes each. */
const MOST_KNOWN = 1024;

/**
 * A folio in each batch that may hold one unseen, behind all others of the range: which index it has nobody knows,
 * and there it refuses what nothing else does.
 */
function unseen({ worst, blind }: KnownState, { range }: Conversion): FolioLedger[] {
  const last = worst.at(-1);
  const end = Math.max(last === undefined ? 0 : last.index + 2 ** last.order, range?.from ?? 0);
  const first = range === undefined ? end : Math.min(end, range.to - 1);
  return blind.map((owner, number) => ({
    index: folioIndex(first + (range === undefined ? number : 0)),
    pfn: pfn(0),
    order: order(0),
    strength: 'unknown',
    holders: [
      { kind: 'page-cache', references: 1 },
      { kind: 'lru-add-batch', cpu: owner, references: 1 },
    ],
  }));
}

function sameVerdict(a: Verdict, b: Verdict): boolean {
  if (a.verdict === 'refused' && b.verdict === 'refused') return a.index === b.index && a.spurious === b.spurious;
  return a.verdict === b.verdict;
}
