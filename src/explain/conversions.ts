// SPDX-License-Identifier: MIT
import { isErrno, isIoctl, KVM_SET_MEMORY_ATTRIBUTES2 } from '../abi/index.ts';
import {
  folioIndex,
  type Cpu,
  type Holder,
  type LruInsertion,
  type Nanoseconds,
  type SyscallEnter,
  type SyscallExit,
} from '../ledger/index.ts';
import type { BatchedFolio, ConversionCall, HeldFolio } from './answer.ts';
import type { CpuBatch } from './batch.ts';
import type { Flush } from './flush.ts';
import { causesOf } from './causes.ts';
import { type CheckForm, type FormEvidence, inferForm } from './check-form.ts';
import type { Generation } from './generation.ts';
import { isStockHidden } from './held.ts';
import type { TrackedInode } from './inodes.ts';

/** Largest number of folios of one call that are recorded as returned to a batch. */
const MOST_BACK = 4096;
/** Largest number of earlier calls to which a returned folio is attributed. */
const MOST_CALLS_BACK = 64;

/** A folio with a reference of a check while it had another holder. */
interface Look {
  readonly folio: Generation;
  /** The holders when the check took its reference, and when it put it; undefined until then. */
  readonly first: readonly Holder[];
  last: readonly Holder[] | undefined;
}

/** Pages of one inode, half-open, on which a check took references. */
interface Pages {
  readonly inode: TrackedInode;
  from: number;
  to: number;
}

interface Call {
  readonly enter: SyscallEnter;
  /** Folios that waited at its begin. */
  readonly waiting: readonly Generation[];
  /** Folios that a flush had inserted by then, perhaps without having put their references. */
  readonly flushing: readonly Generation[];
  /** Folios that entered batches since. */
  readonly since: Generation[];
  /** Folios that were inserted again later: they may have been back in a batch. */
  readonly back: Generation[];
  readonly held: readonly Held[];
  readonly looks: Look[];
  checked: Pages | undefined;
  exit: SyscallExit | undefined;
  drained: boolean | undefined;
  /** It queued work items of lru_add_drain_all() itself. */
  asked: boolean;
  /** A worker on its own CPU flushed its waiting folios, and only after the request. */
  allBeforeOwn: boolean;
}

/** A call in progress. */
interface Open {
  readonly call: Call;
  /** It queued the work items of a drain, or a kworker of another CPU inserted waiting folios. */
  drained: boolean;
  /** Events of some CPU were lost meanwhile. */
  lossy: boolean;
}

interface Held {
  readonly inode: TrackedInode;
  readonly folio: Generation;
  readonly holder: Holder;
}

/** What a recording can show at all, which distinguishes "not shown" from "did not happen". */
export interface Recorded {
  readonly adds: boolean;
  readonly insertions: boolean;
  /** Whether the recording would show work items of lru_add_drain_all(). */
  readonly works: boolean;
  /** Inserted unevictable folios without a recorded add, of each CPU by rising time. */
  readonly unadded: ReadonlyMap<Cpu, readonly Unadded[]>;
}

/** An insertion of an unevictable folio without a recorded add. */
export interface Unadded {
  readonly insertion: LruInsertion;
  /** Last time at which its CPU's batch was empty: it arrived after that. Undefined if not recorded. */
  readonly emptiedAt: Nanoseconds | undefined;
  readonly flush: Flush;
}

export function unaddedByCpu(unadded: readonly Unadded[]): Recorded['unadded'] {
  const byCpu = new Map<Cpu, Unadded[]>();
  for (const one of unadded) {
    const ofCpu = byCpu.get(one.insertion.cpu);
    if (ofCpu === undefined) byCpu.set(one.insertion.cpu, [one]);
    else ofCpu.push(one);
  }
  return byCpu;
}

/**
 * Folios that may have been in a batch during a call: inserted after the call began, without an empty batch between the
 * two; or just before, and the flush had perhaps not put its references.
 */
function unaddedDuring(
  { unadded }: Recorded,
  enter: Nanoseconds,
  until: Nanoseconds | undefined,
): readonly LruInsertion[] {
  return [...unadded.values()]
    .flatMap((ofCpu) => {
      let low = 0;
      let high = ofCpu.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((ofCpu[middle]?.insertion.at ?? enter) <= enter) low = middle + 1;
        else high = middle;
      }
      const during: LruInsertion[] = [];
      for (let before = ofCpu[low - 1]; before !== undefined && before.flush.holdsAt(enter) !== 'no'; ) {
        low--;
        before = ofCpu[low - 1];
      }
      for (let one = ofCpu[low]; one !== undefined; one = ofCpu[++low]) {
        if (until !== undefined && one.emptiedAt !== undefined && one.emptiedAt >= until) break;
        during.push(one.insertion);
      }
      return during;
    })
    .toSorted((a, b) => Number(a.at > b.at) - Number(a.at < b.at));
}

/** Pairs the calls' entries and exits, and tracks the drains in between. */
export class Conversions {
  readonly #calls: Call[] = [];
  /** By pid: a task is in one call at a time. */
  readonly #open = new Map<number, Open>();
  /** Return time of the latest call that was refused without a drain while a folio waited. */
  readonly #refused = new Map<Generation, Nanoseconds>();

  /** Whether some call was recorded. */
  get seen(): boolean {
    return this.#calls.length > 0;
  }

  /** Tasks that made such a call. */
  get pids(): readonly number[] {
    return this.#calls.map(({ enter }) => enter.pid);
  }

  /** A task entered ioctl. @param held folios in the page cache with unexpected holders by page_ref events. */
  enter(event: SyscallEnter, batches: Iterable<CpuBatch>, held: Iterable<Generation>): void {
    if (event.name !== 'ioctl') return;
    if (!isIoctl(event.args, KVM_SET_MEMORY_ATTRIBUTES2)) return;
    const waiting: Generation[] = [];
    const flushing: Generation[] = [];
    for (const batch of batches) {
      for (const folio of batch.waiting) if (folio.deletedAt === undefined) waiting.push(folio);
      for (const folio of batch.flushed) if (mayBeFlushing(folio, event.at)) flushing.push(folio);
    }
    const call: Call = {
      enter: event,
      waiting,
      flushing,
      since: [],
      back: [],
      held: [...held].flatMap(heldFolio),
      looks: [],
      checked: undefined,
      exit: undefined,
      drained: undefined,
      asked: false,
      allBeforeOwn: false,
    };
    this.#calls.push(call);
    this.#open.set(event.pid, { call, drained: false, lossy: false });
  }

  /** A folio entered a batch: the conversion takes its lock only after its entry, and may still meet it. */
  added(folio: Generation): void {
    for (const { call } of this.#open.values()) call.since.push(folio);
  }

  inserted(folio: Generation, event: LruInsertion): void {
    if (this.#open.size === 0) return;
    // lru_add_drain_all() has each CPU's own worker flush its batch; a full batch is flushed by the task that filled
    // it.
    if (event.comm?.startsWith(`kworker/${event.cpu}:`) !== true) return;
    for (const open of this.#open.values()) {
      const { call } = open;
      if (!call.waiting.includes(folio)) continue;
      if (event.cpu !== call.enter.cpu) open.drained = true;
      else if (call.asked && folio.add?.cpu === event.cpu) call.allBeforeOwn = true;
    }
  }

  /** A folio was inserted again: it returned to a batch at some time since `from`. */
  putBack(folio: Generation, from: Nanoseconds): void {
    for (let place = this.#calls.length - 1; place >= 0 && place >= this.#calls.length - MOST_CALLS_BACK; place--) {
      const call = this.#calls[place];
      if (call === undefined || (call.exit !== undefined && call.exit.at < from)) return;
      if (call.back.length < MOST_BACK) call.back.push(folio);
    }
  }

  /** A task's check took a reference on a folio. @param holders its holders at that time. */
  checked(pid: number, folio: Generation, holders: readonly Holder[]): void {
    const call = this.#open.get(pid)?.call;
    const { inode, index, order } = folio;
    if (call === undefined || inode === undefined) return;
    const end = index + 2 ** order;
    if (call.checked === undefined) call.checked = { inode, from: index, to: end };
    else if (call.checked.inode === inode) {
      call.checked.from = Math.min(call.checked.from, index);
      call.checked.to = Math.max(call.checked.to, end);
    }
    const others = holders.filter(isNoneOfCheck);
    if (others.length > 0) call.looks.push({ folio, first: others, last: undefined });
  }

  /** The check put it. @param holders its holders just before. */
  unchecked(pid: number, folio: Generation, holders: readonly Holder[]): void {
    const call = this.#open.get(pid)?.call;
    if (call === undefined) return;
    const others = holders.filter(isNoneOfCheck);
    const look = call.looks.findLast((one) => one.folio === folio);
    if (look !== undefined) look.last ??= others;
    else if (others.length > 0) call.looks.push({ folio, first: [], last: others });
  }

  /** Call time of the conversion that a task is in. */
  of(pid: number): Nanoseconds | undefined {
    return this.#open.get(pid)?.call.enter.at;
  }

  /** A task requested a drain of all CPUs. */
  drains(pid: number): void {
    const open = this.#open.get(pid);
    if (open === undefined) return;
    open.drained = true;
    open.call.asked = true;
  }

  lost(): void {
    for (const open of this.#open.values()) open.lossy = true;
  }

  exit(event: SyscallExit): void {
    const open = event.name === 'ioctl' ? this.#open.get(event.pid) : undefined;
    if (open === undefined) return;
    this.#open.delete(event.pid);
    const { call } = open;
    call.exit = event;
    call.drained = wasDrained(open);
    if (isErrno(Number(event.returned), 'EAGAIN') && call.drained !== true)
      for (const folio of call.waiting) this.#refused.set(folio, event.at);
    // The cause of the refusal may be among the lost events.
    if (open.lossy) {
      call.checked = undefined;
      call.looks.length = 0;
    }
  }

  get anyRefused(): boolean {
    return this.#refused.size > 0;
  }

  /**
   * Return time of the last call that was refused without a drain while a folio waited; undefined if there was none.
   */
  refusedAt(folio: Generation): Nanoseconds | undefined {
    return this.#refused.get(folio);
  }

  /** The forms of the check that the recorded calls allow. */
  form({ insertions, works }: Pick<Recorded, 'insertions' | 'works'>): CheckForm | undefined {
    return inferForm(
      this.#calls.map((call) => ({
        at: call.enter.at,
        refused: call.exit !== undefined && isErrno(Number(call.exit.returned), 'EAGAIN'),
        drained:
          call.asked || (call.drained === true && !works) ? true : insertions && leftAlone(call) ? false : undefined,
        allBeforeOwn: call.allBeforeOwn,
        met: metBy(call),
      })),
    );
  }

  /** @param counts whether an inode's folios count as those of guest_memfd. */
  answers(counts: (inode: TrackedInode) => boolean, recorded: Recorded): readonly ConversionCall[] {
    const form = this.form(recorded);
    return this.#calls.map((call) => {
      const { enter, exit, drained, waiting, since, held, checked } = call;
      const returned = exit === undefined ? undefined : Number(exit.returned);
      const batched = [...waiting, ...since].flatMap((folio) => batchedFolio(folio, counts)).toSorted(byIndex);
      const others = held
        .filter(({ inode }) => counts(inode))
        .map(heldAnswer)
        .toSorted(byIndex);
      const looked = checkedPages(checked, counts);
      const isLookedAt = lookedAt(looked);
      const looks = call.looks.filter(({ folio: { inode } }) => inode !== undefined && counts(inode));
      const of = (folios: readonly Generation[]): readonly BatchedFolio[] =>
        folios
          .flatMap((folio) => batchedFolio(folio, counts))
          .filter(isLookedAt)
          .toSorted(byIndex);
      const until = exit?.at;
      const isDrained = drained === true;
      const known = recorded.insertions && drained === false ? false : isDrained ? true : undefined;
      const causes = isErrno(returned, 'EAGAIN')
        ? causesOf({
            drained: known,
            form,
            looked: looked !== undefined,
            waited: of(
              isDrained ? [...waiting, ...since].filter((folio) => stillWaited(folio, until)) : [...waiting, ...since],
            ),
            flushing: of([
              ...call.flushing,
              ...(isDrained ? waiting.filter((folio) => flushedByOther(folio) && !stillWaited(folio, until)) : []),
            ]),
            back: of(call.back.filter(isBackAt(enter.at, until))),
            unadded: unaddedDuring(recorded, enter.at, until),
            looks: looks.map(({ folio, first, last }) => lookAnswer(folio, first, last)),
            held: others.filter(isLookedAt),
            showAdds: recorded.adds,
          })
        : [];
      return {
        at: enter.at,
        cpu: enter.cpu,
        pid: enter.pid,
        task: enter.comm,
        fd: Number(enter.args[0] ?? 0n),
        until,
        returned,
        drained: drained === false && !recorded.insertions ? undefined : drained,
        batched,
        showInsertions: recorded.insertions,
        showAdds: recorded.adds,
        held: others,
        causes,
        unexplained:
          isErrno(returned, 'EAGAIN') &&
          causes.every(({ how }) => how === 'not recorded' || how === 'pinned or mapped'),
        checked: looked,
      };
    });
  }
}

const byIndex = (a: { readonly index: number }, b: { readonly index: number }): number => a.index - b.index;

/** Holders that a check meets on every folio. */
const isNoneOfCheck = ({ kind }: Holder): boolean => kind !== 'page-cache' && kind !== 'safety-check';

const mayBeFlushing = (folio: Generation, at: Nanoseconds): boolean =>
  folio.deletedAt === undefined && folio.releasedAt === undefined && folio.flush?.holdsAt(at) !== 'no';

/** Whether a folio's batch was not flushed before a call returned. */
const stillWaited = ({ insertion }: Generation, until: Nanoseconds | undefined): boolean =>
  insertion === undefined || until === undefined || insertion.at > until;

/** Whether a flush outside a drain inserted a folio: when a CPU goes offline, another empties its batch. */
const flushedByOther = ({ insertion }: Generation): boolean => insertion?.comm?.startsWith('kworker/') === false;

/** Whether a folio may have been back in a batch during a call. */
const isBackAt =
  (enter: Nanoseconds, until: Nanoseconds | undefined) =>
  ({ putbacks }: Generation): boolean =>
    putbacks.some(({ from, insertion }) => (until === undefined || from <= until) && insertion.at > enter);

const lookAnswer = (
  { inode, index, pfn }: Generation,
  first: readonly Holder[],
  last: readonly Holder[] | undefined,
): { readonly held: readonly HeldFolio[]; readonly wasGone: readonly HeldFolio[] } => {
  const of = (holder: Holder): HeldFolio[] =>
    inode === undefined ? [] : [{ dev: inode.dev, ino: inode.ino, index, pfn, holder }];
  const isIn = (holders: readonly Holder[], { kind, cpu, task }: Holder): boolean =>
    holders.some((other) => other.kind === kind && other.cpu === cpu && other.task === task);
  const both = last === undefined ? first : last.filter((holder) => isIn(first, holder));
  const others = [...first, ...(last ?? [])].filter((holder) => !isIn(both, holder));
  return { held: both.flatMap(of), wasGone: others.flatMap(of) };
};

function checkedPages(checked: Pages | undefined, counts: (inode: TrackedInode) => boolean): ConversionCall['checked'] {
  if (checked === undefined || !counts(checked.inode)) return undefined;
  const { inode, from, to } = checked;
  return { dev: inode.dev, ino: inode.ino, from: folioIndex(from), to: folioIndex(to) };
}

/** Whether a folio may have refused a call: one of its check's looks, or any if no event shows those. */
const lookedAt =
  (checked: ConversionCall['checked']) =>
  ({ dev, ino, index }: Pick<BatchedFolio, 'dev' | 'ino' | 'index'>): boolean =>
    checked === undefined ||
    (dev === checked.dev && ino === checked.ino && index >= checked.from && index < checked.to);

/** lru_add_drain_all() leaves no earlier entry in any batch. */
function wasDrained({ drained, lossy, call: { waiting, enter } }: Open): boolean | undefined {
  if (drained) return true;
  if (lossy) return undefined;
  const elsewhere = waiting.filter(({ add, deletedAt }) => add?.cpu !== enter.cpu && deletedAt === undefined);
  return elsewhere.some(({ insertion }) => insertion === undefined) ? false : undefined;
}

/**
 * Whether another CPU's batch held something all the time, and that CPU was online: a CPU that goes offline is not
 * drained, and another one inserts its folios.
 */
function leftAlone({ drained, waiting, enter, exit }: Call): boolean {
  if (drained !== false || exit === undefined) return false;
  return waiting.some(
    ({ add, insertion }) =>
      add !== undefined && add.cpu !== enter.cpu && insertion?.cpu === add.cpu && insertion.at > exit.at,
  );
}

/** What a call's check met, by page_ref events. */
function metBy({ looks, enter, exit }: Call): FormEvidence['met'] {
  const returned = exit === undefined ? undefined : Number(exit.returned);
  const isOwn = ({ kind, cpu }: Holder): boolean => kind === 'lru-add-batch' && cpu === enter.cpu;
  const flushedItself = ({ insertion }: Generation): boolean =>
    insertion !== undefined && insertion.pid === enter.pid && insertion.at > enter.at;
  const own = looks.filter(({ folio, first }) => first.some(isOwn) && flushedItself(folio));
  const onlyOwn =
    own.length > 0 &&
    looks.every(({ first, last = [] }) => first.every(isOwn) && last.every((holder) => isOwn(holder)));
  return {
    passedOwn: returned === 0 && own.length > 0,
    refusedOwn: isErrno(returned, 'EAGAIN') && onlyOwn,
    onlyOwn,
  };
}

function batchedFolio(folio: Generation, counts: (inode: TrackedInode) => boolean): BatchedFolio[] {
  const { add, inode, index, pfn, insertion } = folio;
  if (add === undefined || inode === undefined || !counts(inode)) return [];
  const cpu: Cpu = insertion?.cpu ?? add.cpu;
  return [{ dev: inode.dev, ino: inode.ino, index, pfn, cpu, addedOn: add.cpu, since: add.at }];
}

function heldFolio(folio: Generation): Held[] {
  const { inode, references, deletedAt } = folio;
  if (inode === undefined || references === undefined || deletedAt !== undefined) return [];
  return references.state.holders.filter(isStockHidden).map((holder) => ({ inode, folio, holder }));
}

const heldAnswer = ({ inode: { dev, ino }, folio: { index, pfn }, holder }: Held): HeldFolio => ({
  dev,
  ino,
  index,
  pfn,
  holder,
});
