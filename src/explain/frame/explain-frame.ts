// SPDX-License-Identifier: MIT
import { type Holder, type KernelEvent, type Nanoseconds, type Pfn, pfn as pfnOf } from '../../ledger/index.ts';
import type { ByteSource, ByteStream, TraceSummary } from '../../trace/index.ts';
import { readInto } from '../explain-trace.ts';
import { EventOrder } from '../follow/event-order.ts';
import { Moments } from '../moments.ts';
import { askedOf, type MomentSelector, type Question, QuestionError } from '../question.ts';
import type { FrameAnswer, FrameMoment } from './frame-answer.ts';
import { FrameFollower } from './frame-follower.ts';

/** A question about one page frame. */
export interface FrameQuestion extends Pick<Question, 'buffer' | 'redactor' | 'onProgress'> {
  readonly pfn: Pfn;
  /** The end of the recording if empty. */
  readonly moments: readonly MomentSelector[];
}

/** Reads `N` or `0xN`, a page frame number. @returns undefined for any other text. */
export function parsePfn(text: string): Pfn | undefined {
  // Physical addresses have at most 52 bits (x86-64, arm64 with LPA2), pages 12 of them or more.
  if (!/^(?:0x[\da-f]{1,10}|\d{1,13})$/i.test(text)) return undefined;
  const number = Number(text);
  return number < 2 ** 40 ? pfnOf(number) : undefined;
}

/**
 * Everything that a recording shows of one page frame, whatever its owner: its lives, the tasks that took and put its
 * references, its stays in `lru_add` batches, and the references that were not put.
 * @throws InputError if nothing can be read from the input.
 * @throws QuestionError if no event of the recording shows the frame, or it does not have a requested moment.
 * @example
 * import { explainFrame, parsePfn } from 'folioscope/explain';
 * import { memorySource } from 'folioscope/trace';
 * const text = `# tracer: nop
 * #
 * # entries-in-buffer/entries-written: 1/1   #P:2
 * #
 *  vmm-1000 [001] ..... 1.000001: mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x7 ofs=0 order=0
 * `;
 * const source = memorySource('trace.txt', new TextEncoder().encode(text));
 * const { left } = await explainFrame(source, { pfn: parsePfn('0x7')!, moments: [] });
 * left.map(({ holder }) => holder.kind); // => ['page-cache', 'lru-add-batch']
 */
export async function explainFrame(source: ByteSource | ByteStream, question: FrameQuestion): Promise<FrameAnswer> {
  const { moments: asked, redactor, buffer, onProgress } = question;
  const pfn = redactor === undefined ? question.pfn : redactor.askedFrame(question.pfn);
  if (pfn === undefined) throw noFrame(question.pfn);
  const selectors: readonly MomentSelector[] = asked.length === 0 ? [{ kind: 'end' }] : askedOf(asked, redactor);
  const moments = new Moments(selectors);
  const follower = new FrameFollower(pfn);
  const order = new EventOrder();
  const states = new States(selectors, () => follower.holders);
  const onEvents = (events: readonly KernelEvent[]): void => {
    for (const event of events) {
      if (event.type === 'loss') {
        follower.lost(event.at ?? order.lastAt);
        continue;
      }
      order.precedes(event);
      states.before(event.at);
      if (event.type === 'marker') {
        moments.marker(event);
        states.keep(event.at);
      }
      follower.event(event);
      order.passed(event);
    }
  };
  const { trace } = await readInto(source, { buffer, redactor, onProgress }, { scheduling: false, onEvents });
  order.look(order.lastAt);
  if (follower.lives.length === 0) throw noFrame(question.pfn);
  const found = moments.resolve(trace.from, trace.to, trace);
  return {
    pfn,
    trace,
    lives: follower.lives,
    outcome: order.late === undefined ? outcomeOf(follower, trace) : 'unknown',
    moments: found.map(
      ({ at, marker }): FrameMoment => ({
        at,
        marker: marker?.text,
        isEnd: marker === undefined && at === trace.to,
        holders: states.at(at),
      }),
    ),
    left: follower.left,
    counts: follower.counts,
    isOrdered: order.late === undefined,
    ...follower.seen,
  };
}

const noFrame = (pfn: Pfn): QuestionError =>
  new QuestionError(
    `no event shows page frame 0x${pfn.toString(16)}: expected one with pfn= in mm_filemap_*, mm_lru_insertion, mm_page_free or page_ref_*`,
  );

function outcomeOf({ lives, left, seen }: FrameFollower, { damage, lost }: TraceSummary): FrameAnswer['outcome'] {
  if (left.some(({ isLeftOver, taken, holder }) => isLeftOver && taken !== undefined && holder.kind !== 'unknown'))
    return 'left';
  const last = lives.at(-1);
  const isCutOff = damage.length > 0 || lost.some(({ at }) => at === undefined);
  if (isCutOff) return 'unknown';
  if (last?.freed !== undefined) return 'clean';
  return last?.proved === true && seen.references > 0 ? 'clean' : 'unknown';
}

/** The holders at the requested times, kept as the events pass. */
class States {
  readonly #holders: () => readonly Holder[] | undefined;
  /** Requested times that are still to come, rising. */
  readonly #times: Nanoseconds[];
  readonly #kept = new Map<Nanoseconds, readonly Holder[] | undefined>();

  constructor(selectors: readonly MomentSelector[], holders: () => readonly Holder[] | undefined) {
    this.#holders = holders;
    this.#times = selectors
      .flatMap((selector) =>
        selector.kind === 'time' ? [selector.at, ...(selector.count === undefined ? [] : [selector.count])] : [],
      )
      .toSorted((a, b) => Number(a - b));
  }

  /** An event at `at` follows. */
  before(at: Nanoseconds): void {
    for (let next = this.#times[0]; next !== undefined && next < at; next = this.#times[0]) {
      this.#kept.set(next, this.#holders());
      this.#times.shift();
    }
  }

  keep(at: Nanoseconds): void {
    this.#kept.set(at, this.#holders());
  }

  /** At a kept time; at the end of the recording otherwise. */
  at(at: Nanoseconds): readonly Holder[] | undefined {
    return this.#kept.has(at) ? this.#kept.get(at) : this.#holders();
  }
}
