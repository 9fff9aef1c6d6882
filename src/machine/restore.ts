// SPDX-License-Identifier: MIT
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from '../abi/index.ts';
import {
  cpuFbatches,
  folio,
  gmemInode,
  iPages,
  mlockFbatch,
  type Patch,
  pins,
  type Profile,
  pte,
} from '../kernel/index.ts';
import { columnOf } from '../lang/index.ts';
import {
  type Cpu,
  type FolioIndex,
  folioIndex,
  type FolioLedger,
  heldOnlyByBatches,
  type Holder,
  type Ledger,
  referencesOf,
  type Verdict,
} from '../ledger/index.ts';
import { createMachine, type Machine } from './machine.ts';

/** A question about a ledger: would a conversion of these pages to private, on this CPU, be refused? */
export interface ConversionQuestion {
  readonly ledger: Ledger;
  /** Half-open; the whole inode if absent. */
  readonly range?: { readonly from: FolioIndex; readonly to: FolioIndex };
  readonly cpu: Cpu;
  readonly cpus: number;
  readonly patch: Patch;
  readonly profile: Profile;
}

/**
 * Verdicts from the kernel's own conversion, run on machines restored from ledgers. Machines are reused for questions
 * of the same size.
 */
export class Judge {
  readonly #machines = new Map<string, Machine>();

  /** @throws RangeError if the ledger names a CPU that the machine would not have. */
  verdict(question: ConversionQuestion): Verdict {
    const { range } = question;
    const asked = question.ledger.filter(
      ({ index, order }) => range === undefined || (index < range.to && index + 2 ** order > range.from),
    );
    if (!isNotEmpty(asked)) return { verdict: 'safe' };
    // The machine may have more CPUs than requested.
    const stranger = asked.flatMap(({ holders }) => holders).find(({ cpu = 0 }) => cpu >= question.cpus);
    if (stranger !== undefined) throw new RangeError(`CPU ${stranger.cpu} is beyond the machine's ${question.cpus}`);
    const machine = this.#machineFor(question, asked);
    const [{ index: begins }] = asked;
    // The range may begin or end within a large folio.
    const first = Math.max(0, (range?.from ?? 0) - begins);
    const beyond = range === undefined ? 0 : Math.max(0, endOf(asked) - range.to);
    const pages = restore(machine, asked, question.cpu, first);
    const outcome = machine.call(CONVERTER, {
      call: 'set-memory-attributes2',
      inode: 0,
      argument: {
        offset: BigInt(first) * PAGE_SIZE,
        size: BigInt(pages - first - beyond) * PAGE_SIZE,
        attributes: KVM_MEMORY_ATTRIBUTE_PRIVATE,
        flags: 0n,
        reserved: [],
      },
    });
    if (outcome.result === 'ok') return { verdict: 'safe' };
    if (outcome.result !== 'EAGAIN' || outcome.errorIndex === undefined)
      throw new Error(`the conversion of a restored machine ended in ${outcome.result}`);
    const { folio: refused, offset } = folioAt(asked, outcome.errorIndex);
    // The conversion unmaps before it counts, so mappings do not cause a refusal.
    const reasons = refused.holders.filter(({ kind }) => kind !== 'user-mapping');
    return { verdict: 'refused', index: folioIndex(refused.index + offset), spurious: heldOnlyByBatches(reasons) };
  }

  #machineFor({ cpus: asked, patch, profile }: ConversionQuestion, ledger: Ledger): Machine {
    const cpus = Math.max(FEWEST.cpus, asked);
    const pages = powerOfTwoFrom(Math.max(FEWEST.pages, pagesOf(ledger)));
    const processes = powerOfTwoFrom(1 + Math.max(...ledger.map(({ holders }) => of(holders, 'user-mapping'))));
    const held = ledger.reduce((sum, { holders }) => sum + holders.length, 1);
    const outside = powerOfTwoFrom(Math.max(FEWEST.outside, held));
    const most = Math.max(...ledger.map(({ holders }) => referencesOf(holders)));
    const references = powerOfTwoFrom(Math.max(FEWEST.references, most));
    const largestOrder = Math.max(...ledger.map(({ order }) => order));
    const parts = ledger.some(({ holders }) => of(holders, 'mlock-batch') > 0) ? (['mlock'] as const) : [];
    const key = [patch.name, profile.name, cpus, pages, processes, outside, references, largestOrder, ...parts].join(
      ' ',
    );
    const known = this.#machines.get(key);
    if (known !== undefined) {
      known.boot();
      return known;
    }
    const machine = createMachine({
      cpus,
      patch,
      profile,
      largestOrder,
      pins: outside,
      outsideReferences: references,
      folios: pages,
      tasks: Array.from({ length: processes }, (_, process) => ({ name: `process ${process}`, cpu: 0, process })),
      guestMemfds: [{ pages }],
      calls: ['convert', 'sched_setaffinity'],
      parts,
    });
    this.#machines.set(key, machine);
    return machine;
  }
}

/** Small questions share one machine: building one takes longer than many questions. */
const FEWEST = { cpus: 4, pages: 128, outside: 256, references: 16 } as const;

/** The task of a restored machine that converts. */
const CONVERTER = 0;

const powerOfTwoFrom = (least: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, least)));

type NotEmpty = readonly [FolioLedger, ...FolioLedger[]];
const isNotEmpty = (ledger: Ledger): ledger is NotEmpty => ledger.length > 0;

/** The index after the last page. */
const endOf = (ledger: Ledger): number => Math.max(...ledger.map(({ index, order }) => index + 2 ** order));

const pagesOf = (ledger: Ledger): number => ledger.reduce((sum, { order }) => sum + 2 ** order, 0);

/** Number of references of one kind. */
const of = (holders: readonly Holder[], kind: Holder['kind']): number =>
  referencesOf(holders.filter((holder) => holder.kind === kind));

/** Holders for which the machine has no state: they hold their reference until they release it. */
const isOutside = ({ kind }: Holder): boolean =>
  kind !== 'page-cache' && kind !== 'lru-add-batch' && kind !== 'mlock-batch' && kind !== 'user-mapping';

/** The folio at a page of a restored machine, which has the ledger's folios without holes. */
function folioAt(ledger: Ledger, page: FolioIndex): { readonly folio: FolioLedger; readonly offset: number } {
  let begins = 0;
  for (const entry of ledger) {
    const pages = 2 ** entry.order;
    if (page < begins + pages) return { folio: entry, offset: page - begins };
    begins += pages;
  }
  throw new Error(`the restored machine has no page ${page}`);
}

/** The columns of one kind of per-CPU batch. */
interface BatchColumns {
  readonly counts: { [cpu: number]: number; readonly length: number };
  readonly folios: { [slot: number]: number };
  readonly slots: number;
}

/**
 * Puts a folio into a CPU's batch, `entries` times.
 * @returns the number of entries that fitted; 0 if the CPU is unknown.
 */
function putInto(
  { counts, folios, slots }: BatchColumns,
  cpu: Cpu | undefined,
  folioNumber: number,
  entries: number,
): number {
  if (cpu === undefined) return 0;
  const taken = counts[cpu];
  if (taken === undefined) throw new RangeError(`CPU ${cpu} is beyond the machine's ${counts.length}`);
  const found = Math.min(entries, slots - taken);
  for (let slot = taken; slot < taken + found; slot++) folios[cpu * slots + slot] = folioNumber;
  counts[cpu] = taken + found;
  return found;
}

/**
 * Puts the ledger's folios, in order and without holes, into a freshly booted machine. A ledger does not say which page
 * of a large folio is mapped: it counts as a page that the conversion, from page `first` on, unmaps.
 * @returns the number of pages.
 */
function restore(machine: Machine, ledger: Ledger, cpu: Cpu, first: number): number {
  const { memory, program } = machine;
  const slots = program.sizes['slot'] ?? 1;
  const pagesPerInode = program.sizes['index'] ?? 1;
  const lruAdd = {
    counts: columnOf(memory, cpuFbatches.lruAdd.nr),
    folios: columnOf(memory, cpuFbatches.lruAdd.folios),
    slots,
  };
  const mlock = {
    counts: columnOf(memory, mlockFbatch.nr),
    folios: columnOf(memory, mlockFbatch.folios),
    slots: program.sizes['mlock_slot'] ?? 0,
  };
  let page = 0;
  let pin = 0;
  const hold = (number: number, references: number): void => {
    if (pin >= columnOf(memory, pins.folio).length) throw new Error('a restored machine has too few pins');
    columnOf(memory, pins.folio)[pin] = number;
    columnOf(memory, pins.references)[pin] = references;
    pin++;
  };
  machine.call(CONVERTER, { call: 'migrate-to', cpu });
  for (const [number, entry] of ledger.entries()) {
    const pages = 2 ** entry.order;
    columnOf(memory, folio.allocated)[number] = 1;
    columnOf(memory, folio.order)[number] = entry.order;
    columnOf(memory, folio.mapping)[number] = 0;
    columnOf(memory, folio.index)[number] = page;
    columnOf(memory, folio.uptodate)[number] = 1;
    columnOf(memory, folio.refcount)[number] = referencesOf(entry.holders);
    columnOf(memory, folio.mapcount)[number] = of(entry.holders, 'user-mapping');
    columnOf(memory, iPages).fill(number, page, page + pages);
    let batched = false;
    let mm = 0;
    for (const holder of entry.holders) {
      if (holder.kind === 'lru-add-batch') {
        // A folio is in a lru_add batch at most once. A folio on its way there, or at a full batch, is found by no
        // drain.
        const found = putInto(lruAdd, holder.cpu, number, Math.min(1, holder.references));
        batched ||= found > 0;
        if (holder.references > found) hold(number, holder.references - found);
      } else if (holder.kind === 'mlock-batch') {
        // One entry for each locking and unlocking of the page: several are possible.
        const found = machine.profile.mlockBatchHoldsReference
          ? putInto(mlock, holder.cpu, number, holder.references)
          : 0;
        if (holder.references > found) hold(number, holder.references - found);
      } else if (holder.kind === 'user-mapping')
        for (let i = 0; i < holder.references; i++)
          columnOf(memory, pte)[mm++ * pagesPerInode + Math.max(first, page)] = number;
      else if (isOutside(holder)) hold(number, holder.references);
    }
    columnOf(memory, folio.lru)[number] = Number(!batched);
    page += pages;
  }
  columnOf(memory, gmemInode.pages)[0] = page;
  return page;
}
