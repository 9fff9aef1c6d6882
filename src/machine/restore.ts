// SPDX-License-Identifier: MIT
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from '../abi/index.ts';
import { type Patch, type Profile, writeLedger } from '../kernel/index.ts';
import {
  type Cpu,
  type FolioIndex,
  folioIndex,
  type FolioLedger,
  heldByIdleOnly,
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
 * @example
 * import { cpu, folioIndex, order, pfn } from 'folioscope/ledger';
 * import { DEFAULT_PROFILE, Judge, patchNamed } from 'folioscope/machine';
 * const ledger = [
 *   {
 *     index: folioIndex(0),
 *     pfn: pfn(7),
 *     order: order(0),
 *     strength: 'derived',
 *     holders: [
 *       { kind: 'page-cache', references: 1 },
 *       { kind: 'lru-add-batch', cpu: cpu(1), references: 1 },
 *     ],
 *   },
 * ] as const;
 * const asked = { ledger, cpu: cpu(0), cpus: 2, profile: DEFAULT_PROFILE };
 * new Judge().verdict({ ...asked, patch: patchNamed('baseline') }); // => { verdict: 'refused', index: 0, spurious: true }
 * new Judge().verdict({ ...asked, patch: patchNamed('v6') }); // => { verdict: 'safe' }
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
    machine.call(CONVERTER, { call: 'migrate-to', cpu: question.cpu });
    const pages = writeLedger(machine, asked, first);
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
    return { verdict: 'refused', index: folioIndex(refused.index + offset), spurious: heldByIdleOnly(reasons) };
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

/** The folio of a restored machine's page, which has the ledger's folios without the holes between them. */
function folioAt(ledger: Ledger, page: FolioIndex): { readonly folio: FolioLedger; readonly offset: number } {
  let begins = 0;
  for (const entry of ledger) {
    const pages = 2 ** entry.order;
    if (page < begins + pages) return { folio: entry, offset: page - begins };
    begins += pages;
  }
  throw new Error(`the restored machine has no page ${page}`);
}
