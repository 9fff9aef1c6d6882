// SPDX-License-Identifier: MIT
import type { FolioSpan, FolioStory } from '../explain/index.ts';
import type { Cpu, Holder, Nanoseconds, Strength } from '../ledger/index.ts';
import { inoText } from './event-rows.ts';
import type { TableFile } from './tables.ts';

/** A holder's references to one folio, from a time on. */
interface Holding {
  readonly holder: Holder;
  readonly strength: Strength;
  readonly mayBeGone: boolean;
  readonly from: Nanoseconds;
  to: Nanoseconds | undefined;
}

/** Fills the tables of folios' lives. */
export class LifeRows {
  readonly #recording: string;
  readonly #folios: TableFile<'folios'> | undefined;
  readonly #holdings: TableFile<'holdings'> | undefined;
  /** Time of the last event, up to which what lasts is counted; undefined if the recording has none. */
  end: Nanoseconds | undefined;

  constructor(recording: string, folios: TableFile<'folios'> | undefined, holdings: TableFile<'holdings'> | undefined) {
    this.#recording = recording;
    this.#folios = folios;
    this.#holdings = holdings;
  }

  readonly onFolio = (story: FolioStory): void => {
    const { dev, ino, index, order, pfn, life, task, insertedAt, removedAt } = story;
    const named = { recording: this.#recording, dev, ino: inoText(ino), page_index: index, pfn, life: life.number };
    const holdings = holdingsOf(story.spans);
    if (this.#folios !== undefined) {
      const waits = holdings.filter(
        ({ holder: { kind }, strength }) => kind === 'lru-add-batch' && strength !== 'unknown',
      );
      this.#folios.add({
        ...named,
        folio_order: order,
        added_ns: life.since,
        inserted_ns: insertedAt,
        removed_ns: removedAt,
        pid: task?.pid,
        task: task?.name,
        batch_cpu: batchCpu(waits) ?? story.flush?.cpu,
        waited_ns: waits.reduce((sum, wait) => sum + this.#held(wait), 0n),
      });
    }
    for (const holding of holdings) {
      const { holder, strength, mayBeGone, from, to } = holding;
      this.#holdings?.add({
        ...named,
        holder: holder.kind,
        cpu: holder.cpu,
        task: holder.task,
        count: holder.references,
        from_ns: from,
        to_ns: to,
        held_ns: this.#held(holding),
        strength,
        may_be_gone: mayBeGone,
      });
    }
  };

  #held({ from, to = this.end ?? from }: Holding): bigint {
    return to > from ? to - from : 0n;
  }
}

const batchCpu = (waits: readonly Holding[]): Cpu | undefined => waits[0]?.holder.cpu;

/** Spans are cut where any holder changes; a holder that stays is one holding. By their begins. */
function holdingsOf(spans: readonly FolioSpan[]): readonly Holding[] {
  const all: Holding[] = [];
  let open: readonly Holding[] = [];
  for (const { from, to, folio, mayBeGone } of spans) {
    const now: Holding[] = [];
    for (const holder of folio.holders) {
      const before = open.find(
        (one) =>
          one.to === from &&
          one.mayBeGone === mayBeGone &&
          one.strength === folio.strength &&
          one.holder.kind === holder.kind &&
          one.holder.references === holder.references &&
          one.holder.cpu === holder.cpu &&
          one.holder.task === holder.task &&
          !now.includes(one),
      );
      const holding = before ?? { holder, strength: folio.strength, mayBeGone, from, to };
      holding.to = to;
      if (before === undefined) all.push(holding);
      now.push(holding);
    }
    open = now;
  }
  return all;
}
