// SPDX-License-Identifier: MIT
import { type Cpu, formatTime, type Marker, type Nanoseconds } from '../ledger/index.ts';
import type { TraceSummary } from '../trace/index.ts';
import { type MomentSelector, QuestionError } from './question.ts';

/** A time at which the state is requested. */
export interface Moment {
  readonly at: Nanoseconds;
  /** Text of the marker there, and the CPU that wrote it; undefined for a time or the end. */
  readonly marker: { readonly text: string; readonly cpu: Cpu } | undefined;
}

/** Largest number of marker texts that are kept, to name some in a message. */
const MOST_TEXTS = 100;

/** The default: every marker, and the end. */
const EVERYTHING: readonly MomentSelector[] = [{ kind: 'every-marker' }, { kind: 'end' }];

/** Times of a recording, both included. */
export interface TimeWindow {
  readonly from: Nanoseconds;
  readonly to: Nanoseconds;
}

/** States that are kept besides those of the requested moments, for later questions. */
export interface Keeping {
  /** Times of which any moment may be requested later; undefined: none. */
  readonly window: TimeWindow | undefined;
  /** Whether each folio keeps all its states until it leaves the page cache, and is delivered then. */
  readonly whole: boolean;
}

const NOTHING_MORE: Keeping = { window: undefined, whole: false };

/** Finds the requested moments while the recording is read. */
export class Moments {
  readonly #selectors: readonly MomentSelector[];
  readonly #keeping: Keeping;
  readonly #everyMarker: boolean;
  readonly #texts: Set<string>;
  readonly #found: Moment[] = [];
  /** Times of the moments known so far, rising. */
  readonly #times: Nanoseconds[] = [];
  /** Texts of markers, for the message that one is missing. */
  readonly #seen = new Set<string>();
  /** Number of markers with each requested text. */
  readonly #counts = new Map<string, number>();

  constructor(selectors: readonly MomentSelector[], keeping: Keeping = NOTHING_MORE) {
    this.#keeping = keeping;
    this.#selectors = selectors.length === 0 ? EVERYTHING : selectors;
    this.#everyMarker = this.#selectors.some(({ kind }) => kind === 'every-marker');
    this.#texts = new Set(this.#selectors.flatMap((selector) => (selector.kind === 'marker' ? [selector.text] : [])));
    // The clock decides later which of the two is meant; until then the states for both are kept.
    for (const selector of this.#selectors)
      if (selector.kind === 'time')
        for (const at of [selector.at, ...(selector.count === undefined ? [] : [selector.count])]) this.#mayAsk(at);
  }

  marker({ at, cpu, text }: Marker): void {
    const asked = this.#texts.has(text) && !this.#seen.has(text);
    if (this.#texts.has(text)) this.#counts.set(text, 1 + (this.#counts.get(text) ?? 0));
    if (this.#seen.size < MOST_TEXTS || this.#texts.has(text)) this.#seen.add(text);
    if (asked || this.#everyMarker) this.#add({ at, marker: { text, cpu } });
  }

  /** Requested texts that several markers have: the answer is for the first one. */
  get repeated(): readonly { readonly text: string; readonly count: number }[] {
    return [...this.#counts].flatMap(([text, count]) => (count > 1 ? [{ text, count }] : []));
  }

  /** Whether a state of `[from, to)` is needed while its folio is in the page cache. */
  needsState(from: Nanoseconds | undefined, to: Nanoseconds): boolean {
    return this.#keeping.whole || this.anyWithin(from, to);
  }

  /** Whether a moment known so far lies in `[from, to)`, or one that may be requested later. */
  anyWithin(from: Nanoseconds | undefined, to: Nanoseconds): boolean {
    const { window } = this.#keeping;
    if (window !== undefined && window.from < to && (from === undefined || from <= window.to)) return true;
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#times[middle] ?? to) < to) low = middle + 1;
      else high = middle;
    }
    const latest = this.#times[low - 1];
    return latest !== undefined && (from === undefined || latest >= from);
  }

  /**
   * All requested moments, by rising time; those of one time in the order of the recording.
   * @param begin time of the first event; `end`: of the last; `countsTime`: whether the clock counts; `hidden`: markers without
   * a text.
   * @throws QuestionError if a requested marker is missing, or a time is outside the recording.
   */
  resolve(
    begin: Nanoseconds | undefined,
    end: Nanoseconds | undefined,
    { countsTime = false, hiddenMarkers: hidden = 0 }: Partial<Pick<TraceSummary, 'countsTime' | 'hiddenMarkers'>> = {},
  ): readonly Moment[] {
    const times = this.#selectors.flatMap((selector) =>
      selector.kind === 'time' ? [countsTime ? (selector.count ?? selector.at) : selector.at] : [],
    );
    for (const time of times) requireWithin(time, begin, end, countsTime);
    for (const text of this.#texts) if (!this.#seen.has(text)) throw new QuestionError(this.#noMarker(text, hidden));
    const asksEnd = this.#selectors.some(({ kind }) => kind === 'end');
    const ends = asksEnd && end !== undefined ? [end] : [];
    const all = [...this.#found, ...[...times, ...ends].map((at) => ({ at, marker: undefined }))];
    return all.toSorted((a, b) => Number(a.at > b.at) - Number(a.at < b.at));
  }

  #noMarker(text: string, hidden: number): string {
    const some = [...this.#seen]
      .slice(0, 5)
      .map((other) => `'${other.length > 60 ? `${other.slice(0, 57)}...` : other}'`);
    const there =
      some.length === 0
        ? hidden > 0
          ? `${hidden} markers have no text here, because option 'fields' hides it (echo nofields > trace_options): use a time`
          : 'it has no markers'
        : `there are ${some.join(', ')}${this.#seen.size > 5 ? ', ...' : ''}`;
    return `no marker '${text}' in the recording; ${there}`;
  }

  #add(moment: Moment): void {
    this.#found.push(moment);
    this.#mayAsk(moment.at);
  }

  #mayAsk(at: Nanoseconds): void {
    let place = this.#times.length;
    while (place > 0 && (this.#times[place - 1] ?? at) > at) place--;
    this.#times.splice(place, 0, at);
  }
}

/** Texts of a recording round its times to microseconds. */
const ROUNDING = 1000n;

function requireWithin(
  at: Nanoseconds,
  begin: Nanoseconds | undefined,
  end: Nanoseconds | undefined,
  countsTime: boolean,
): void {
  if (begin === undefined || end === undefined) return;
  if (at + ROUNDING >= begin && at <= end + ROUNDING) return;
  const stamp = (time: Nanoseconds): string => (countsTime ? String(time) : formatTime(time));
  throw new QuestionError(
    `time ${stamp(at)} is outside the recording, which goes from ${stamp(begin)} to ${stamp(end)}`,
  );
}
