// SPDX-License-Identifier: MIT
import {
  type FolioIndex,
  folioIndex,
  type Holder,
  isIdle,
  CHECKS_OWN,
  type Ledger,
  referencesOf,
} from '../ledger/index.ts';
import {
  CHECK,
  COUNT,
  DRAIN_ALL,
  DRAIN_LOCAL,
  folio as folioMemory,
  type LiveLedger,
  LOOK,
  REFUSED,
} from '../kernel/index.ts';
import { columnOf } from '../lang/index.ts';
import type { Machine, Outcome, Taken } from '../machine/index.ts';
import type { ConversionAnswer, ConversionVerdict, CountRead } from './answer.ts';

/** Reasons why the holders at the look before a refusal are unknown. */
export const NOT_SHOWN = 'this form does not say when it looks at a page';
export const LOOK_GONE = 'the folio that this form looked at had left the file';

/** A look at a folio that has left its file. */
const GONE = 'gone';

/** Follows one conversion, step by step, by the marks of its text, and summarises what it did. */
export class ConversionWatch {
  readonly #machine: Machine;
  readonly #ledger: LiveLedger;
  readonly #inode: number;
  readonly #ledgerBefore: Ledger;
  #checked = false;
  #countsRead = 0;
  /** By page: the last look at it. */
  readonly #looks = new Map<number, CountRead | typeof GONE>();
  #lastLook: CountRead | typeof GONE | undefined;
  #drainsOfAll = 0;
  #localDrains = 0;
  #refused: { readonly index: FolioIndex | undefined; readonly look: CountRead | typeof GONE | undefined } | undefined;

  constructor(machine: Machine, ledger: LiveLedger, inode: number) {
    this.#machine = machine;
    this.#ledger = ledger;
    this.#inode = inode;
    this.#ledgerBefore = machine.ledger(inode, ledger.all);
  }

  /** Records each step of the converting task after it was taken, before the ledger is updated. */
  saw({ task, observed }: Taken): void {
    for (const { mark, args } of observed)
      if (mark === CHECK) this.#checked = true;
      else if (mark === DRAIN_ALL) this.#drainsOfAll++;
      else if (mark === DRAIN_LOCAL) this.#localDrains++;
      else if (mark === COUNT) this.#countsRead++;
      else if (mark === LOOK) this.#look(task, args['folio'] ?? 0);
      else if (mark === REFUSED) this.#refuse(args['index'] ?? 0);
  }

  #look(taskNumber: number, number: number): void {
    const { memory, program } = this.#machine;
    const mapping = columnOf(memory, folioMemory.mapping)[number];
    if (mapping === program.sizes['inode']) this.#forget(columnOf(memory, folioMemory.index)[number] ?? 0);
    if (mapping !== this.#inode) return;
    const folio = this.#machine.folioLedger(number, this.#ledger.of(number));
    const name = this.#machine.taskName(taskNumber);
    const isOwn = ({ kind, task: of }: Holder): boolean =>
      of === name && (kind === 'safety-check' || CHECKS_OWN.has(kind));
    const users = folio.holders.filter((holder) => !isIdle(holder.kind) && !isOwn(holder));
    const isCounted = (holder: Holder): boolean => holder.kind === 'page-cache' || isOwn(holder);
    const look: CountRead = {
      folio,
      count: referencesOf(folio.holders),
      expected: referencesOf(folio.holders.filter(isCounted)),
      users,
    };
    for (let page = 0; page < 2 ** folio.order; page++) this.#looks.set(folio.index + page, look);
    this.#lastLook = look;
  }

  /** A look at a folio that has left its file says nothing of the page, and earlier looks are obsolete. */
  #forget(index: number): void {
    this.#looks.set(index, GONE);
    this.#lastLook = GONE;
  }

  /** The last look at the named page decides; if there was none, the last look at any page. */
  #refuse(index: number): void {
    const named = index < (this.#machine.program.sizes['index'] ?? 0) ? folioIndex(index) : undefined;
    const look = named === undefined ? undefined : this.#looks.get(named);
    this.#refused = { index: named, look: look ?? this.#lastLook };
  }

  /** What the conversion did. @param outcome undefined if it never returned. */
  answer(outcome: Outcome | undefined): ConversionAnswer {
    const verdict = this.#verdict(outcome);
    return {
      verdict,
      checked: this.#checked,
      drainsOfAll: this.#drainsOfAll,
      localDrains: this.#localDrains,
      countsRead: this.#countsRead,
      ledgerBefore: this.#ledgerBefore,
      refusal: this.#refused?.look === GONE ? undefined : this.#refused?.look,
    };
  }

  #verdict(outcome: Outcome | undefined): ConversionVerdict {
    if (outcome === undefined) return { verdict: 'undecided', reason: 'the call did not return' };
    if (outcome.result === 'ok') return { verdict: 'safe' };
    const { result, errorIndex } = outcome;
    const refused = this.#refused;
    if (refused === undefined) return { verdict: 'undecided', reason: `it ended in ${result}, which is not a refusal` };
    const { look } = refused;
    // With -EFAULT the caller does not receive the index.
    const index = errorIndex ?? refused.index;
    if (look === undefined || look === GONE)
      return { verdict: 'refused', index, reason: look === GONE ? LOOK_GONE : NOT_SHOWN };
    return { verdict: 'refused', index, spurious: look.users.length === 0 };
  }
}
