// SPDX-License-Identifier: MIT
import { type FilemapEvent, type Holder, type Ledger, type LruInsertion, type Pfn, pfn } from '../ledger/index.ts';
import type { ConversionCall, DrainAnswer, Explanation, MomentAnswer } from './answer.ts';

/** A kernel address, in a text from outside: sixteen digits, or at least eight digits after `0x`. */
const ADDRESS = /\b(?:0x[\da-f]{8,16}|[\da-f]{16})\b/gi;

/** Pattern of a possible page frame number in a text from outside. */
const NUMBER = /\b(?:0x)?[\da-f]{4,13}\b/gi;

/**
 * Replaces the names of tasks by `task1`, `task2`, ... and page frames and addresses by 1, 2, ..., consistently within
 * one answer. Inodes, indexes, CPUs, pids and times stay: the answer is about them.
 */
export class Redactor {
  readonly #tasks = new Map<string, string>();
  readonly #frames = new Map<Pfn, Pfn>();
  readonly #addresses = new Map<string, string>();
  /** Names and page frames of the recording: texts from outside may contain them anywhere. */
  readonly #names = new Set<string>();
  readonly #pfns = new Set<number>();

  /** Records a name that some text may contain. */
  name(comm: string | undefined): void {
    if (comm !== undefined && comm !== '') this.#names.add(comm);
  }

  /** Records a page frame that some text may contain. */
  frame(pfn: Pfn): void {
    this.#pfns.add(pfn);
  }

  /** An event for quoting. */
  event<Event extends FilemapEvent | LruInsertion>(event: Event): Event {
    const { comm, pfn: frame } = event;
    return { ...event, comm: comm === undefined ? undefined : this.task(comm), pfn: this.pfn(frame) };
  }

  /** The answer without its evidence, which {@link event} replaces. */
  explanation(explanation: Explanation): Explanation {
    const { moments, conversions, drains, notes } = explanation;
    return {
      ...explanation,
      moments: moments.map((moment) => this.#moment(moment)),
      conversions: conversions.map((call) => ({
        ...this.#named(call),
        ...this.#met(call),
        causes: call.causes.map((cause) => ({
          ...cause,
          ...this.#met(cause),
          insertions: cause.insertions.map((event) => this.event(event)),
        })),
      })),
      drains: drains === undefined ? undefined : this.#drains(drains),
      inodes: explanation.inodes.map((inode) => ({
        ...inode,
        created: inode.created === undefined ? undefined : this.#named(inode.created),
        touchedBy: inode.touchedBy.map((toucher) => this.#named(toucher)),
      })),
      created: explanation.created.map((file) => this.#named(file)),
      notes: notes.map((note) => this.text(note)),
    };
  }

  #met({ batched, held }: Pick<ConversionCall, 'batched' | 'held'>): Pick<ConversionCall, 'batched' | 'held'> {
    return {
      batched: batched.map((folio) => ({ ...folio, pfn: this.pfn(folio.pfn) })),
      held: held.map((folio) => ({ ...folio, pfn: this.pfn(folio.pfn), holder: this.#holder(folio.holder) })),
    };
  }

  #named<Named extends { readonly task: string | undefined }>(named: Named): Named {
    return { ...named, task: named.task === undefined ? undefined : this.task(named.task) };
  }

  #moment(moment: MomentAnswer): MomentAnswer {
    const { marker, folios, notable, evidence } = moment;
    return {
      ...moment,
      marker: marker === undefined ? undefined : this.text(marker),
      folios: this.#ledger(folios),
      notable: this.#ledger(notable),
      evidence: evidence === undefined ? undefined : { ...evidence, pfn: this.pfn(evidence.pfn) },
    };
  }

  #ledger(folios: Ledger): Ledger {
    return folios.map((folio) => ({
      ...folio,
      pfn: this.pfn(folio.pfn),
      holders: folio.holders.map((holder) => this.#holder(holder)),
    }));
  }

  #holder(holder: Holder): Holder {
    return holder.task === undefined ? holder : { ...holder, task: this.task(holder.task) };
  }

  #drains(drains: DrainAnswer): DrainAnswer {
    const rounds = drains.rounds.map((round) => ({
      ...round,
      task: round.task === undefined ? undefined : this.task(round.task),
      works: round.works.map((work) => ({
        ...work,
        meanwhile: work.meanwhile.map((ran) => ({ ...ran, task: this.task(ran.task) })),
      })),
    }));
    return { ...drains, rounds };
  }

  /** The replacement of a task's name. */
  task(name: string): string {
    return numbered(this.#tasks, name, (number) => `task${number}`);
  }

  /** The replacement of a page frame. */
  pfn(frame: Pfn): Pfn {
    return numbered(this.#frames, frame, pfn);
  }

  /** A text from outside, without the names, page frames and addresses in it. */
  text(text: string): string {
    const plain = text.replaceAll(ADDRESS, (address) =>
      numbered(this.#addresses, address.toLowerCase().replace(/^0x/, ''), (number) => `address${number}`),
    );
    const framed = plain.replaceAll(NUMBER, (digits) => {
      const bare = digits.replace(/^0x/i, '');
      const known = [Number.parseInt(bare, 16), Number(bare)].find((value) => this.#pfns.has(value));
      return known === undefined ? digits : `frame${this.pfn(pfn(known))}`;
    });
    const longest = [...this.#names].toSorted((a, b) => b.length - a.length);
    return longest.reduce((rest, name) => (rest.includes(name) ? this.#without(rest, name) : rest), framed);
  }

  /** The text without a task's name, where the name is a whole word: `sh` in `pushed` stays. */
  #without(text: string, name: string): string {
    let result = '';
    let from = 0;
    for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + name.length)) {
      if (/\w/.test(text.charAt(at - 1)) || /\w/.test(text.charAt(at + name.length))) continue;
      result += text.slice(from, at) + this.task(name);
      from = at + name.length;
    }
    return result + text.slice(from);
  }
}

/** The replacement of a key, from its number. */
function numbered<Key, Value>(known: Map<Key, Value>, key: Key, make: (number: number) => Value): Value {
  const value = known.get(key) ?? make(known.size + 1);
  known.set(key, value);
  return value;
}
