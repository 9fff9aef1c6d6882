// SPDX-License-Identifier: MIT
import {
  folioIndex,
  type Cpu,
  type Holder,
  type LruInsertion,
  type Nanoseconds,
  type SyscallEnter,
  type SyscallExit,
} from '../ledger/index.ts';
import type { BatchedFolio, ConversionCall } from './answer.ts';
import type { CpuBatch } from './batch.ts';
import type { Generation } from './generation.ts';
import type { TrackedInode } from './inodes.ts';
import { EAGAIN, refusedUnseen } from './unseen.ts';

/** KVM_SET_MEMORY_ATTRIBUTES2 on a guest_memfd: include/uapi/linux/kvm.h */
const SET_MEMORY_ATTRIBUTES2 = 0xc080aed2n;

/** A call that is going on. */
interface Open {
  readonly enter: SyscallEnter;
  readonly place: number;
  /** What waited when it began. */
  readonly waiting: readonly Generation[];
  /** What came into batches since. */
  readonly since: Generation[];
  /** What its check took a reference on. */
  readonly checked: Generation[];
  /** It queued the works of a drain, or a kworker of another CPU inserted something of what waited. */
  drained: boolean;
  /** Events of some CPU were lost meanwhile. */
  lossy: boolean;
}

interface Call {
  readonly enter: SyscallEnter;
  readonly waiting: readonly Generation[];
  readonly since: readonly Generation[];
  readonly held: readonly Held[];
  readonly checked: Generation[];
  exit: SyscallExit | undefined;
  drained: boolean | undefined;
}

interface Held {
  readonly inode: TrackedInode;
  readonly folio: Generation;
  readonly holder: Holder;
}

/** Pairs the calls' entries and exits, and watches what is drained in between. */
export class Conversions {
  readonly #calls: Call[] = [];
  /** By pid: a task is in one call at a time. */
  readonly #open = new Map<number, Open>();
  /** When the latest call was answered that was refused without a drain while a folio waited. */
  readonly #refused = new Map<Generation, Nanoseconds>();

  /** Whether some call was seen. */
  get seen(): boolean {
    return this.#calls.length > 0;
  }

  /** A task entered ioctl. @param folios all that are in the page cache. */
  enter(event: SyscallEnter, batches: Iterable<CpuBatch>, folios: Iterable<Generation>): void {
    if (event.name !== 'ioctl') return;
    const command = (event.args[1] ?? 0n) & 0xffff_ffffn;
    if (command !== SET_MEMORY_ATTRIBUTES2) return;
    const waiting = [...batches].flatMap((batch) => batch.waiting.filter(({ deletedAt }) => deletedAt === undefined));
    const held = [...folios].flatMap(heldFolio);
    const since: Generation[] = [];
    const checked: Generation[] = [];
    const call = { enter: event, waiting, since, checked };
    const place = this.#calls.push({ ...call, held, exit: undefined, drained: undefined }) - 1;
    this.#open.set(event.pid, { ...call, place, drained: false, lossy: false });
  }

  /** A folio came into a batch: the conversion takes its lock only after its entry, and may meet it still. */
  added(folio: Generation): void {
    for (const { since } of this.#open.values()) since.push(folio);
  }

  inserted(folio: Generation, event: LruInsertion): void {
    if (this.#open.size === 0) return;
    // lru_add_drain_all() has each CPU's own worker flush its batch; a full batch is flushed by whoever filled it.
    if (event.comm?.startsWith(`kworker/${event.cpu}:`) !== true) return;
    for (const open of this.#open.values())
      if (event.cpu !== open.enter.cpu && open.waiting.includes(folio)) open.drained = true;
  }

  /** A task's check took a reference on a folio. */
  checked(pid: number, folio: Generation): void {
    this.#open.get(pid)?.checked.push(folio);
  }

  /** When the conversion was called that a task is in. */
  of(pid: number): Nanoseconds | undefined {
    return this.#open.get(pid)?.enter.at;
  }

  /** A task asked for a drain of all CPUs. */
  drains(pid: number): void {
    const open = this.#open.get(pid);
    if (open !== undefined) open.drained = true;
  }

  lost(): void {
    for (const open of this.#open.values()) open.lossy = true;
  }

  exit(event: SyscallExit): void {
    const open = event.name === 'ioctl' ? this.#open.get(event.pid) : undefined;
    if (open === undefined) return;
    this.#open.delete(event.pid);
    const call = this.#calls[open.place];
    if (call === undefined) return;
    call.exit = event;
    call.drained = wasDrained(open);
    if (Number(event.returned) === EAGAIN && call.drained !== true)
      for (const folio of call.waiting) this.#refused.set(folio, event.at);
    // What refused the call may be among what was lost.
    if (open.lossy) call.checked.length = 0;
  }

  /** When a call was answered last that was refused without a drain while a folio waited; undefined where none was. */
  refusedAt(folio: Generation): Nanoseconds | undefined {
    return this.#refused.get(folio);
  }

  /**
   * @param counts which inodes' folios count as those of guest_memfd.
   * @param showInsertions whether mm_lru_insertion was recorded: else nothing shows that a batch was left as it was.
   */
  answers(counts: (inode: TrackedInode) => boolean, showInsertions: boolean): readonly ConversionCall[] {
    return this.#calls.map(({ enter, exit, drained, waiting, since, held, checked }) => {
      const returned = exit === undefined ? undefined : Number(exit.returned);
      const batched = [...waiting, ...since]
        .flatMap((folio) => batchedFolio(folio, counts))
        .toSorted((a, b) => a.index - b.index);
      const others = held
        .filter(({ inode }) => counts(inode))
        .map(({ inode: { dev, ino }, folio: { index, pfn }, holder }) => ({ dev, ino, index, pfn, holder }))
        .toSorted((a, b) => a.index - b.index);
      const looked = checkedPages(checked, counts);
      const isLookedAt = lookedAt(looked);
      const met = { batched: batched.filter(isLookedAt), held: others.filter(isLookedAt) };
      return {
        at: enter.at,
        cpu: enter.cpu,
        pid: enter.pid,
        fd: Number(enter.args[0] ?? 0n),
        until: exit?.at,
        returned,
        drained: drained === false && !showInsertions ? undefined : drained,
        batched,
        showInsertions,
        held: others,
        met,
        unexplained: refusedUnseen({ returned, drained, ...met }),
        checked: looked,
      };
    });
  }
}

function checkedPages(
  folios: readonly Generation[],
  counts: (inode: TrackedInode) => boolean,
): ConversionCall['checked'] {
  const inode = folios[0]?.inode;
  if (inode === undefined || !counts(inode)) return undefined;
  const of = folios.filter((folio) => folio.inode === inode);
  return {
    dev: inode.dev,
    ino: inode.ino,
    from: folioIndex(of.reduce((least, { index }) => Math.min(least, index), Number.MAX_SAFE_INTEGER)),
    to: folioIndex(of.reduce((most, { index, order }) => Math.max(most, index + 2 ** order), 0)),
  };
}

/** Whether a folio may have refused a call: one that its check looked at, or any where no event shows which those were. */
const lookedAt =
  (checked: ConversionCall['checked']) =>
  ({ dev, ino, index }: Pick<BatchedFolio, 'dev' | 'ino' | 'index'>): boolean =>
    checked === undefined ||
    (dev === checked.dev && ino === checked.ino && index >= checked.from && index < checked.to);

/** lru_add_drain_all() leaves nothing that waited before it in any batch. */
function wasDrained({ drained, lossy, waiting, enter }: Open): boolean | undefined {
  if (drained) return true;
  if (lossy) return undefined;
  const elsewhere = waiting.filter(({ add, deletedAt }) => add?.cpu !== enter.cpu && deletedAt === undefined);
  return elsewhere.some(({ insertion }) => insertion === undefined) ? false : undefined;
}

function batchedFolio(folio: Generation, counts: (inode: TrackedInode) => boolean): BatchedFolio[] {
  const { add, inode, index, pfn, insertion } = folio;
  if (add === undefined || inode === undefined || !counts(inode)) return [];
  const cpu: Cpu = insertion?.cpu ?? add.cpu;
  return [{ dev: inode.dev, ino: inode.ino, index, pfn, cpu, since: add.at }];
}

/** Holders that are told otherwise, or that the conversion removes itself. */
const TOLD: ReadonlySet<Holder['kind']> = new Set(['page-cache', 'lru-add-batch', 'user-mapping', 'safety-check']);

function heldFolio(folio: Generation): Held[] {
  const { inode, references, deletedAt } = folio;
  if (inode === undefined || references === undefined || deletedAt !== undefined) return [];
  return references.state.holders.filter(({ kind }) => !TOLD.has(kind)).map((holder) => ({ inode, folio, holder }));
}
