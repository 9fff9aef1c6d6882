// SPDX-License-Identifier: MIT
import {
  type Cpu,
  type FolioIndex,
  type FolioLedger,
  folioIndex,
  type Ledger,
  type Nanoseconds,
  type Strength,
} from '../../ledger/index.ts';
import type { IndexRange } from '../answer.ts';
import type { Gap } from '../gap.ts';
import { isWithin } from '../unseen.ts';
import { eachChange } from './changes.ts';
import { hiddenByGaps, hiddenFromBefore, reasonOf } from './doubts.ts';
import { type InodeState, mayWaitIn, momentOf, type WholeState, wholeAt } from './inode-state.ts';
import { PlaceSet } from './place-set.ts';
import { isLocked, type Moment, type Present, presentAt } from './standing.ts';
import type { AskedInode, Surroundings } from './surroundings.ts';
import { ledgerOf, type View } from './views.ts';

/** The requested facts about an inode at each moment. */
export interface Asked {
  readonly range: IndexRange | undefined;
  /**
   * Number of folios that fill a batch: whole batches of plain folios make no difference to a check (`shortened` in
   * verdicts.ts).
   */
  readonly batchSize: number;
}

/**
 * An inode at one moment after the other, of rising time. A folio is examined again only if an event, or the end of an
 * uncertainty, lies between two moments. Of folios with only the page cache as holder, a state needs only the number between
 * the others. So the cost is that of the changes and of the reported folios, not folios times moments.
 */
export class States {
  readonly asked: AskedInode;
  readonly #around: Surroundings;
  readonly #of: Asked;
  /** Moments, rising. */
  readonly #times: readonly Nanoseconds[];
  /** The place to examine for each moment: the moment's number times the number of places, plus the place; rising. */
  readonly #due: Float64Array;
  #nextDue = 0;
  #nextTime = 0;
  /**
   * Folios of one page with only the page cache as holder, by place: their ledgers, and those of them that may be gone
   * or back.
   */
  readonly #plain: PlaceSet;
  readonly #stale: PlaceSet;
  readonly #sure: PlaceSet;
  readonly #unsettled: PlaceSet;
  readonly #ledgers: (FolioLedger | undefined)[] = [];
  readonly #strengths: Record<Strength, number> = { proved: 0, derived: 0, unknown: 0 };
  /** All other present folios. */
  readonly #others: PlaceSet;
  readonly #present = new Map<number, Other>();
  /** Places of the range, and the place for a hidden folio: a run of plain folios ends there. */
  readonly #from: number;
  readonly #to: number;
  readonly #split: number;
  #state: InodeState | undefined = undefined;
  #at: Nanoseconds | undefined = undefined;
  #moment: Moment | undefined = undefined;
  #mayWait: readonly Cpu[] = [];
  #gaps: readonly Gap[] = [];
  #whole: { readonly at: Nanoseconds; readonly state: WholeState } | undefined = undefined;

  /** @param times of all moments for {@link at}, rising. */
  constructor(asked: AskedInode, around: Surroundings, times: readonly Nanoseconds[], of: Asked) {
    this.asked = asked;
    this.#around = around;
    this.#of = of;
    this.#times = times;
    const places = asked.folios.length;
    this.#plain = new PlaceSet(places);
    this.#stale = new PlaceSet(places);
    this.#sure = new PlaceSet(places);
    this.#unsettled = new PlaceSet(places);
    this.#others = new PlaceSet(places);
    this.#due = dueOf(asked, around, times);
    const { range } = of;
    this.#from = range === undefined ? 0 : lowestAt(asked, range.from);
    this.#to = range === undefined ? places : lowestAt(asked, range.to);
    this.#split = lowestAt(asked, asked.lowestUnknown(range?.from ?? 0) + 1);
  }

  /** With every folio. */
  wholeAt(at: Nanoseconds): WholeState {
    if (this.#whole?.at === at) return this.#whole.state;
    const state = wholeAt(this.asked, at, this.#around);
    this.#whole = { at, state };
    return state;
  }

  /** The part that verdicts need. The same object as for the previous moment if nothing has changed. */
  at(at: Nanoseconds): InodeState {
    if (this.#state !== undefined && this.#at === at) return this.#state;
    const around = this.#around;
    const moment = momentOf(this.asked, at, around);
    const mayWait = mayWaitIn(at, around);
    const gaps = around.gaps.filter((gap) => gap.mayHideAt(at));
    const before = this.#moment;
    const isNew =
      before === undefined || before.isUnsettled !== moment.isUnsettled || before.isFlushed !== moment.isFlushed;
    const hasChanged = this.#advance(moment, isNew);
    const same = this.#state !== undefined && !isNew && !hasChanged && isSame(mayWait, this.#mayWait);
    if (this.#state === undefined || !same || !isSame(gaps, this.#gaps)) this.#state = this.#make(mayWait, gaps);
    this.#at = at;
    this.#moment = moment;
    this.#mayWait = mayWait;
    this.#gaps = gaps;
    return this.#state;
  }

  /**
   * Examines what may have changed up to a moment; everything if a change concerns all. @returns whether anything has.
   */
  #advance(moment: Moment, isNew: boolean): boolean {
    const places = this.asked.folios.length;
    while (this.#nextTime < this.#times.length && (this.#times[this.#nextTime] ?? moment.at) <= moment.at)
      this.#nextTime++;
    const end = this.#nextTime * places;
    const begin = this.#nextDue;
    for (; this.#nextDue < this.#due.length; this.#nextDue++) {
      const due = this.#due[this.#nextDue] ?? end;
      if (due >= end) break;
      this.#look(due % places, moment);
    }
    if (isNew) for (const place of [...this.#plain.places(), ...this.#others.places()]) this.#look(place, moment);
    return this.#nextDue > begin;
  }

  #look(place: number, moment: Moment): void {
    const folio = this.asked.folios[place];
    if (folio === undefined) return;
    this.#forget(place);
    const present = presentAt(folio, moment, this.#around);
    if (present === undefined) return;
    const kind = kindOf(present);
    if (kind === undefined) {
      this.#others.add(place);
      this.#present.set(place, { place, present, shown: ledgerOf(present, 'shown', []) });
      return;
    }
    const ledger = ledgerOf(present, 'shown', []);
    this.#ledgers[place] = ledger;
    this.#strengths[ledger.strength]++;
    this.#plain.add(place);
    (kind === 'stale' ? this.#stale : this.#sure).add(place);
    if (kind === 'unsettled') this.#unsettled.add(place);
  }

  #forget(place: number): void {
    const ledger = this.#ledgers[place];
    if (ledger === undefined) {
      this.#others.delete(place);
      this.#present.delete(place);
      return;
    }
    this.#ledgers[place] = undefined;
    this.#strengths[ledger.strength]--;
    this.#plain.delete(place);
    this.#stale.delete(place);
    this.#sure.delete(place);
    this.#unsettled.delete(place);
  }

  #make(mayWait: readonly Cpu[], gaps: readonly Gap[]): InodeState {
    const around = this.#around;
    const others = this.#others.places().flatMap((place) => this.#present.get(place) ?? []);
    const folios = this.#ledger('shown', others, mayWait);
    const notable = others.filter(({ present: { status } }) => status.status !== 'on-lru');
    const gone = others.flatMap(({ present: { folio, mayBeGone } }) => (mayBeGone === undefined ? [] : [folio.index]));
    const stale = this.#stale.next(0, this.asked.folios.length);
    const reason = reasonOf(
      others.map(({ present }) => present),
      stale === undefined ? undefined : this.asked.folios[stale]?.index,
      gaps,
      around,
    );
    return {
      folios,
      notable: notable.map(({ shown }) => shown),
      strengths: this.#strengthsWith(others),
      count: this.#plain.size + others.length,
      goneNotable: new Set(gone),
      staleCount: this.#stale.size + gone.length,
      unsettled: this.#unsettledRuns(),
      generations: notable.map(({ present }) => present.folio),
      best: reason === undefined ? folios : this.#ledger('best', others, mayWait),
      worst: reason === undefined ? folios : this.#ledger('worst', others, mayWait),
      hidden: [...hiddenByGaps(gaps), ...hiddenFromBefore(this.asked, mayWait, around)],
      locked: new Set(
        others.flatMap(({ present: { folio, status } }): FolioIndex[] => (isLocked(status) ? [folio.index] : [])),
      ),
      reason,
    };
  }

  /** The folios of the range, by index; of long runs of plain ones only as many as a check can distinguish. */
  #ledger(view: View, others: readonly Other[], mayWait: readonly Cpu[]): Ledger {
    const ledger: FolioLedger[] = [];
    const isAsked = isWithin(this.#of.range);
    const plain = view === 'best' ? this.#sure : this.#plain;
    let from = this.#from;
    const run = (to: number): void => {
      if (from < this.#split && this.#split < to) {
        this.#run(plain, from, this.#split, ledger);
        from = this.#split;
      }
      this.#run(plain, from, to, ledger);
    };
    for (const { place, present, shown } of others) {
      if (!isAsked(present.folio)) continue;
      run(Math.min(place, this.#to));
      from = Math.max(from, place + 1);
      if (view !== 'best' || present.mayBeGone === undefined)
        ledger.push(view === 'shown' ? shown : ledgerOf(present, view, mayWait));
    }
    run(this.#to);
    return ledger;
  }

  #run(plain: PlaceSet, from: number, to: number, into: FolioLedger[]): void {
    const { batchSize } = this.#of;
    const length = plain.count(from, to);
    let rest = length < 2 * batchSize ? length : batchSize + (length % batchSize);
    for (let place = plain.next(from, to); place !== undefined && rest > 0; place = plain.next(place + 1, to)) {
      const ledger = this.#ledgers[place];
      if (ledger !== undefined) into.push(ledger);
      rest--;
    }
  }

  #strengthsWith(others: readonly Other[]): ReadonlySet<Strength> {
    const strengths = new Set<Strength>();
    for (const strength of STRENGTHS) if (this.#strengths[strength] > 0) strengths.add(strength);
    for (const { shown } of others) strengths.add(shown.strength);
    return strengths;
  }

  #unsettledRuns(): readonly IndexRange[] {
    const runs: { from: FolioIndex; to: FolioIndex }[] = [];
    if (this.#unsettled.size === 0) return runs;
    for (const place of this.#unsettled.places()) {
      const index = this.asked.folios[place]?.index;
      if (index === undefined) continue;
      const last = runs.at(-1);
      if (last?.to === index) last.to = folioIndex(index + 1);
      else runs.push({ from: index, to: folioIndex(index + 1) });
    }
    return runs;
  }
}

const STRENGTHS: readonly Strength[] = ['proved', 'derived', 'unknown'];

/** A folio that is not plain, and its place. */
interface Other {
  readonly place: number;
  readonly present: Present;
  readonly shown: FolioLedger;
}

/** Kind of a plain folio; undefined if it may have another holder, or if it has more than one page. */
function kindOf({ folio, status, mayBeGone }: Present): 'sure' | 'stale' | 'unsettled' | undefined {
  if (folio.order > 0) return undefined;
  switch (status.status) {
    case 'on-lru':
      return mayBeGone === undefined ? 'sure' : 'stale';
    case 'counted': {
      const { holders, locked } = status.references;
      const isPlain = holders.length === 1 && holders[0]?.kind === 'page-cache' && !locked;
      return isPlain && mayBeGone === undefined ? 'sure' : undefined;
    }
    case 'may-be-back-unseen':
      return mayBeGone === undefined ? 'unsettled' : undefined;
    case 'waits':
    case 'may-wait':
    case 'may-wait-anywhere':
    case 'may-be-held':
    case 'may-be-back':
    case 'tied':
      return undefined;
  }
}

/** For every place the moments by which it may have changed. */
function dueOf({ folios }: AskedInode, around: Surroundings, times: readonly Nanoseconds[]): Float64Array {
  const due: number[] = [];
  for (const [place, folio] of folios.entries()) {
    let last = -1;
    const tell = (moment: number): void => {
      if (moment === last || moment >= times.length) return;
      last = moment;
      due.push(moment * folios.length + place);
    };
    // It was there before its first event.
    if (folio.add === undefined) tell(0);
    eachChange(folio, around, (at) => {
      tell(firstAtOrAfter(times, at));
    });
  }
  return Float64Array.from(due).toSorted();
}

function firstAtOrAfter(times: readonly Nanoseconds[], at: Nanoseconds): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? at) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first place of an index, or of a higher one. */
function lowestAt({ folios }: AskedInode, index: number): number {
  let low = 0;
  let high = folios.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((folios[middle]?.index ?? index) < index) low = middle + 1;
    else high = middle;
  }
  return low;
}

const isSame = <Item>(a: readonly Item[], b: readonly Item[]): boolean =>
  a.length === b.length && a.every((item, place) => item === b[place]);
