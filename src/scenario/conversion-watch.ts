// SPDX-License-Identifier: MIT
import { folioIndex, heldOnlyByBatches, type Ledger, referencesOf } from '../ledger/index.ts';
import { folio as folioMemory, type LiveLedger } from '../kernel/index.ts';
import { columnOf } from '../lang/index.ts';
import type { Machine, Outcome, Taken } from '../machine/index.ts';
import type { ConversionAnswer, ConversionVerdict, CountRead } from './answer.ts';

/** The routine that every form of the check goes by. */
const CHECK = 'kvm_gmem_is_safe_for_conversion';
/** What only a conversion does that is also checked, by a form that may do so without a step. */
const UNMAP = 'unmap_mapping_pages';
/** Drains of all CPUs: the second is lru_cache_disable()'s. */
const DRAINS_OF_ALL = ['lru_add_drain_all', '__lru_add_drain_all'];
/** The reference that the check itself takes of each folio. */
const OF_THE_CHECK = 1;

const isOf = ({ folio: { index, order } }: CountRead, page: number): boolean =>
  page >= index && page < index + 2 ** order;

/** Follows one conversion, step by step, and says in the end what it did. */
export class ConversionWatch {
  readonly #machine: Machine;
  readonly #ledger: LiveLedger;
  readonly #inode: number;
  readonly #ledgerBefore: Ledger;
  #path: readonly string[] = [];
  #checked = false;
  #countsRead = 0;
  #lastRead: CountRead | undefined;
  #drainsOfAll = 0;
  #localDrains = 0;

  constructor(machine: Machine, ledger: LiveLedger, inode: number) {
    this.#machine = machine;
    this.#ledger = ledger;
    this.#inode = inode;
    this.#ledgerBefore = machine.ledger(inode, ledger.all);
  }

  /**
   * To be told of each step of the converting task when it has been taken.
   * @param counted the folio whose count the step read.
   */
  saw({ step: { path } }: Taken, counted: number | undefined): void {
    for (const [depth, routine] of path.entries()) if (this.#enters(path, depth)) this.#entered(routine, path, depth);
    this.#path = path;
    if (counted === undefined || !path.includes(CHECK)) return;
    this.#countsRead++;
    if (columnOf(this.#machine.memory, folioMemory.mapping)[counted] !== this.#inode) return;
    const folio = this.#machine.folioLedger(counted, this.#ledger.of(counted));
    this.#lastRead = { folio, count: referencesOf(folio.holders), expected: 2 ** folio.order + OF_THE_CHECK };
  }

  /** Whether the step before was not in the call of the routine at `depth` of this step's path. */
  #enters(path: readonly string[], depth: number): boolean {
    return path.slice(0, depth + 1).some((routine, i) => routine !== this.#path[i]);
  }

  #entered(routine: string, path: readonly string[], depth: number): void {
    const outer = new Set(path.slice(0, depth));
    if (routine === CHECK || routine === UNMAP) this.#checked = true;
    if (!outer.has(CHECK)) return;
    if (DRAINS_OF_ALL.includes(routine)) this.#drainsOfAll++;
    const own = ![...DRAINS_OF_ALL, 'folio_batch_release'].some((by) => outer.has(by));
    if (routine === 'lru_add_drain' && own) this.#localDrains++;
  }

  /** What the conversion did. @param outcome undefined where it never returned. */
  answer(outcome: Outcome | undefined): ConversionAnswer {
    const verdict = this.#verdict(outcome);
    return {
      verdict,
      checked: this.#checked,
      drainsOfAll: this.#drainsOfAll,
      localDrains: this.#localDrains,
      countsRead: this.#countsRead,
      ledgerBefore: this.#ledgerBefore,
      refusal: verdict.verdict === 'refused' && verdict.spurious !== undefined ? this.#lastRead : undefined,
    };
  }

  #verdict(outcome: Outcome | undefined): ConversionVerdict {
    if (outcome === undefined) return { verdict: 'undecided', reason: 'the call did not return' };
    if (outcome.result === 'ok') return { verdict: 'safe' };
    const read = this.#lastRead;
    const { result, errorIndex } = outcome;
    if (result === 'EAGAIN' && errorIndex !== undefined && (read === undefined || !isOf(read, errorIndex))) {
      const reason =
        read === undefined ? 'refused without reading a count' : 'the count that was read last is not of this page';
      return { verdict: 'refused', index: errorIndex, reason };
    }
    if (read === undefined) return { verdict: 'undecided', reason: `it ended in ${result} without reading a count` };
    // With -EFAULT the caller is not told which page it was.
    const index = errorIndex ?? folioIndex(read.folio.index);
    return { verdict: 'refused', index, spurious: heldOnlyByBatches(read.folio.holders) };
  }
}
