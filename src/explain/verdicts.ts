// SPDX-License-Identifier: MIT
import {
  type Cpu,
  cpu,
  type FolioIndex,
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

/** The known and the unknown facts about an inode's folios at a moment. */
export interface KnownState {
  /** The best case: every folio that may have left its batch has. */
  readonly best: Ledger;
  /** The worst case: none has. */
  readonly worst: Ledger;
  /** Why the two differ; undefined if they do not. */
  readonly reason: string | undefined;
  /** Folios that may exist in addition. */
  readonly hidden: readonly Hidden[];
  /** Indexes of folios that mlock() keeps in memory: unmapping them adds a reference. */
  readonly locked: ReadonlySet<FolioIndex>;
}

/** Possible folios of the inode without an event, in batches. */
export interface Hidden {
  /** In these CPUs' batches. */
  readonly cpus: readonly Cpu[];
  /** Whether an index certainly has none; undefined if they can be anywhere. */
  readonly isKnown: ((index: number) => boolean) | undefined;
  /** The lowest unknown index from one on, if it can be computed without the folios. */
  readonly lowest?: (from: number) => number;
  /** Why that is unknown, and what would decide it. */
  readonly reason: string;
}

/** A possible conversion to private. */
export interface Conversion {
  readonly range: IndexRange | undefined;
  readonly cpu: Cpu;
}

/**
 * Runs the kernel's check. If something is unknown it runs twice, once with every doubtful folio out of the batches and
 * once with all of them in, and only an equal answer counts. Possible hidden folios can turn a safe verdict into a
 * refusal; they cannot undo a refusal, only move it to a lower index.
 */
export class Verdicts {
  readonly #judge = new Judge();
  readonly #cpus: readonly Cpu[];
  readonly #profile: Profile;
  /** Answers by question: most moments equal the previous one. */
  readonly #known = new Map<string, Verdict>();
  readonly #short = new WeakMap<
    Ledger,
    { readonly from: FolioIndex | undefined; readonly to: FolioIndex | undefined; readonly ledger: Ledger }
  >();
  /** By the ledger of the range and the CPU that converts. */
  readonly #asked = new WeakMap<Ledger, Map<Cpu, Prepared>>();
  readonly #hidden = new WeakMap<Hidden, { readonly of: Ledger; readonly byCpu: Map<Cpu, Ledger | undefined> }>();

  /** @param cpus of the machine. */
  constructor(cpus: readonly Cpu[], profile: Profile) {
    this.#cpus = cpus;
    this.#profile = profile;
  }

  verdict(state: KnownState, conversion: Conversion, patch: Patch): Verdict {
    const best = this.#ask(state.best, state.locked, conversion, patch);
    if (state.reason !== undefined && !sameVerdict(best, this.#ask(state.worst, state.locked, conversion, patch)))
      return { verdict: 'undecided', reason: state.reason };
    if (best.verdict === 'refused') return best;
    for (const hidden of state.hidden) {
      const ledger = this.#withHidden(state.worst, hidden, conversion);
      if (ledger !== undefined && this.#ask(ledger, state.locked, conversion, patch).verdict !== 'safe')
        return { verdict: 'undecided', reason: hidden.reason };
    }
    return best;
  }

  /** Why a refusal may be at a lower index than {@link verdict} names; undefined if it cannot. */
  lowerIndex(state: KnownState, conversion: Conversion, patch: Patch): string | undefined {
    const known = this.verdict(state, conversion, patch);
    if (known.verdict !== 'refused') return undefined;
    return state.hidden.find((hidden) => {
      const ledger = this.#withHidden(state.worst, hidden, conversion);
      const worst = ledger === undefined ? known : this.#ask(ledger, state.locked, conversion, patch);
      return worst.verdict === 'refused' && worst.index < known.index;
    })?.reason;
  }

  /** Verdict of form `local-drain` on each CPU. CPUs whose batches hold nothing of the inode are equivalent. */
  localDrainByCpu(state: KnownState, { range }: Conversion): ReadonlyMap<Cpu, Verdict> {
    const patch = patchNamed('local-drain');
    const owners = new Set([
      ...state.hidden.flatMap(({ cpus }) => cpus),
      ...ownersOf(this.#shortOf(state.worst, range)),
    ]);
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

  /** Each ledger is used once for each form and CPU; only the first time it is walked whole. */
  #shortOf(ledger: Ledger, range: IndexRange | undefined): Ledger {
    const known = this.#short.get(ledger);
    if (known !== undefined && known.from === range?.from && known.to === range?.to) return known.ledger;
    const short = shortened(within(ledger, range), this.#profile.batchSize);
    this.#short.set(ledger, { from: range?.from, to: range?.to, ledger: short });
    return short;
  }

  #withHidden(ledger: Ledger, hidden: Hidden, conversion: Conversion): Ledger | undefined {
    const before = this.#hidden.get(hidden);
    const known = before?.of === ledger ? before : { of: ledger, byCpu: new Map<Cpu, Ledger | undefined>() };
    if (known !== before) this.#hidden.set(hidden, known);
    if (!known.byCpu.has(conversion.cpu)) known.byCpu.set(conversion.cpu, withHidden(ledger, hidden, conversion));
    return known.byCpu.get(conversion.cpu);
  }

  #ask(ledger: Ledger, locked: ReadonlySet<FolioIndex>, conversion: Conversion, patch: Patch): Verdict {
    const { range } = conversion;
    const { folios, cpus, isMiddle, key } = this.#prepared(ledger, locked, conversion);
    const question = `${patch.name} ${key}`;
    const verdict = this.#known.get(question) ?? this.#judged(smallest(folios, conversion.cpu, cpus), isMiddle, patch);
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(question, verdict);
    if (verdict.verdict !== 'refused') return verdict;
    if (isMiddle && range !== undefined && verdict.index === MIDDLE) return { ...verdict, index: range.from };
    return { ...verdict, index: folios[verdict.index / PAGES_APART]?.index ?? verdict.index };
  }

  /** The question to a check for a ledger: the same for all its forms. */
  #prepared(ledger: Ledger, locked: ReadonlySet<FolioIndex>, { range, cpu: converter }: Conversion): Prepared {
    const short = this.#shortOf(ledger, range);
    const known = this.#asked.get(short) ?? new Map<Cpu, Prepared>();
    const prepared = known.get(converter);
    if (prepared !== undefined) return prepared;
    const unmapped = short.map((folio) => asTheCheckMeetsIt(folio, locked, converter));
    const folios = shortened(firstOfEach(unmapped), this.#profile.batchSize);
    const [first] = folios;
    // The range begins within a large folio: some forms then name its first page, others the range's.
    const isMiddle = first !== undefined && range !== undefined && first.index < range.from;
    const cpus = new Map(
      [...new Set([converter, ...ownersOf(folios)])]
        .toSorted((a, b) => a - b)
        .map((owner, number) => [owner, cpu(number)]),
    );
    const key = keyOf(folios, `${cpus.get(converter)} of ${cpus.size}${isMiddle ? ' middle' : ''}`, cpus);
    const made: Prepared = { folios, cpus, isMiddle, key };
    known.set(converter, made);
    this.#asked.set(short, known);
    return made;
  }

  /** @param isMiddle the range begins within the first folio. */
  #judged(machine: Small, isMiddle: boolean, patch: Patch): Verdict {
    const last = machine.ledger.at(-1);
    const range = isMiddle && last !== undefined ? { range: { from: MIDDLE, to: folioIndex(endOf(last)) } } : {};
    return this.#judge.verdict({ ...machine, ...range, patch, profile: this.#profile });
  }
}

const within = (ledger: Ledger, range: IndexRange | undefined): Ledger =>
  range === undefined
    ? ledger
    : ledger.filter(({ index, order: of }) => index < range.to && index + 2 ** of > range.from);

/**
 * The conversion unmaps before it counts, so a small folio's mappings are gone then. A locked one thereby enters the
 * mlock batch of the converting CPU (munlock_vma_folio(), mm/internal.h; a 7.3 kernel showed it).
 */
function asTheCheckMeetsIt(folio: FolioLedger, locked: ReadonlySet<FolioIndex>, converter: Cpu): FolioLedger {
  if (folio.order > 0 || folio.holders.every(({ kind }) => kind !== 'user-mapping')) return folio;
  const others = folio.holders.filter(({ kind }) => kind !== 'user-mapping');
  const entry = { kind: 'mlock-batch', references: 1, cpu: converter } as const;
  return { ...folio, holders: locked.has(folio.index) ? [...others, entry] : others };
}

const isPlain = ({ order: of, holders }: FolioLedger): boolean => of === 0 && holders.length === 1;

/**
 * The ledger without most of its long runs of plain folios, small ones that only the page cache holds: the check walks
 * them in full batches, refuses none, and drains nothing more after the first batch. So whole batches can be left out
 * after one, and a guest of millions of pages needs a machine of hundreds.
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

/**
 * The ledger with only the first of the small folios that the same batches hold. To pass that one the check must have
 * emptied them, and then they hold none of the others. If another holder refuses it, the others are not reached.
 */
function firstOfEach(ledger: Ledger): Ledger {
  const seen = new Set<string>();
  return ledger.map((folio) => {
    if (folio.order > 0 || isPlain(folio)) return folio;
    const key = holdersKey(folio);
    if (!seen.has(key)) {
      seen.add(key);
      return folio;
    }
    return { ...folio, holders: folio.holders.filter(({ kind }) => kind === 'page-cache') };
  });
}

const holdersKey = ({ holders }: FolioLedger, cpus?: Renumbering): string =>
  holders
    .map(({ kind, cpu: owner, references }) => {
      const number = owner === undefined ? undefined : (cpus?.get(owner) ?? owner);
      return `${kind} ${number ?? ''} ${references}`;
    })
    .join(',');

/** Equal for questions with the same answer: of plain folios only the number counts. */
function keyOf(ledger: Ledger, prefix: string, cpus: Renumbering): string {
  let key = prefix;
  for (const [place, folio] of ledger.entries())
    if (!isPlain(folio)) key += ` ${place}+${folio.order}:${holdersKey(folio, cpus)}`;
  return `${key} of ${ledger.length}`;
}

/** CPUs with non-empty batches. */
const ownersOf = (ledger: Ledger): readonly Cpu[] =>
  ledger.flatMap(({ holders }) => holders.flatMap(({ cpu: owner }) => (owner === undefined ? [] : [owner])));

/** Relevant CPUs, by rising number, and their numbers on a machine of their own. */
type Renumbering = ReadonlyMap<Cpu, Cpu>;

/** A question to a check. */
interface Prepared {
  readonly folios: Ledger;
  readonly cpus: Renumbering;
  /** The range begins within the first folio. */
  readonly isMiddle: boolean;
  /** Equal for questions with the same answer. */
  readonly key: string;
}

/** The smallest ledger of a question, and its machine. */
interface Small {
  readonly ledger: Ledger;
  readonly cpu: Cpu;
  readonly cpus: number;
}

/** Indexes between two folios of a small ledger: each may be the smallest large one. */
const PAGES_APART = 2;
/** The second page of the first. */
const MIDDLE = folioIndex(1);

/**
 * The ledger on a machine with only the relevant CPUs and one idle one for the rest, with the smallest large folios,
 * from index 0 on. CPUs are equivalent, and nothing depends on a large folio's size or on the places of folios, only on
 * their order. A machine of thousands of either is slow to build.
 */
function smallest(ledger: Ledger, converter: Cpu, cpus: Renumbering): Small {
  const renumber = (held: Holder): Holder => {
    const number = held.cpu === undefined ? undefined : cpus.get(held.cpu);
    return number === undefined ? held : { ...held, cpu: number };
  };
  const smaller = (held: Holder): Holder => (held.kind === 'page-cache' ? { ...held, references: 2 } : held);
  return {
    ledger: ledger.map((folio, place) => {
      const index = folioIndex(place * PAGES_APART);
      if (isPlain(folio)) return { ...folio, index };
      const holders = folio.holders.map(renumber);
      if (folio.order === 0) return { ...folio, index, holders };
      return { ...folio, index, order: order(1), holders: holders.map(smaller) };
    }),
    cpu: cpus.get(converter) ?? cpu(0),
    cpus: 2 ** Math.ceil(Math.log2(cpus.size + 1)),
  };
}

/** Enough for the moments around one, and few kilobytes each. */
const MOST_KNOWN = 1024;

/**
 * The ledger with the worst hidden folios: one in the batch of the converting CPU, if it may have one, and one in
 * another's, at their lowest possible index, which the check reaches first.
 * @returns undefined if the range has no place for one.
 */
function withHidden(
  ledger: Ledger,
  { cpus, isKnown, lowest }: Hidden,
  { range, cpu: converter }: Conversion,
): Ledger | undefined {
  let index: number = lowest?.(range?.from ?? 0) ?? range?.from ?? 0;
  let place = 0;
  for (; ; index++) {
    for (let folio = ledger[place]; folio !== undefined && endOf(folio) <= index; folio = ledger[++place]);
    const folio = ledger[place];
    if ((folio === undefined || folio.index > index) && isKnown?.(index) !== true) break;
  }
  if (range !== undefined && index >= range.to) {
    if (isKnown !== undefined) return undefined;
    // A folio of the ledger itself may have been replaced unseen.
    index = range.to - 1;
  }
  const elsewhere = cpus.find((owner) => owner !== converter);
  const owners = [...(cpus.includes(converter) ? [converter] : []), ...(elsewhere === undefined ? [] : [elsewhere])];
  const hidden = owners.map(
    (owner): FolioLedger => ({
      index: folioIndex(index),
      pfn: pfn(0),
      order: order(0),
      strength: 'unknown',
      holders: [
        { kind: 'page-cache', references: 1 },
        { kind: 'lru-add-batch', cpu: owner, references: 1 },
      ],
    }),
  );
  return [...ledger.slice(0, place), ...hidden, ...ledger.slice(place)];
}

const endOf = ({ index, order: of }: FolioLedger): number => index + 2 ** of;

function sameVerdict(a: Verdict, b: Verdict): boolean {
  if (a.verdict === 'refused' && b.verdict === 'refused') return a.index === b.index && a.spurious === b.spurious;
  return a.verdict === b.verdict;
}
