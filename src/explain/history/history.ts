// SPDX-License-Identifier: MIT
import {
  type Cpu,
  type Dev,
  type FolioIndex,
  type FolioLedger,
  type Ino,
  type KernelEvent,
  type Nanoseconds,
  nanoseconds,
  type Order,
  type Pfn,
} from '../../ledger/index.ts';
import type { Patch } from '../../machine/index.ts';
import type { ByteSource, TraceSummary } from '../../trace/index.ts';
import type { DrainRound, Explanation, FolioLife, IndexRange, MomentAnswer } from '../answer.ts';
import type { Answerer, Basis } from '../answerer.ts';
import { readInto } from '../explain-trace.ts';
import { Explainer } from '../explainer.ts';
import type { Generation } from '../generation.ts';
import type { TrackedInode } from '../inodes.ts';
import type { TimeWindow } from '../moments.ts';
import type { InodeSelector, Question } from '../question.ts';
import { momentOf } from '../state/inode-state.ts';
import { presentAt } from '../state/standing.ts';
import { ledgerOf } from '../state/views.ts';
import { type FolioSpan, type Shared, sharedBy, spansOf } from './spans.ts';

/** An inode's name. */
export interface InodeName {
  readonly dev: Dev;
  readonly ino: Ino;
}

/** One folio's life in the page cache. */
export interface FolioStory extends InodeName {
  readonly index: FolioIndex;
  readonly order: Order;
  readonly pfn: Pfn;
  readonly life: FolioLife;
  /** The task that added it; undefined if that was before the recording or lost. */
  readonly task: { readonly pid: number; readonly name: string | undefined } | undefined;
  /** By rising time, without holes; empty if it came and went within one stamp. */
  readonly spans: readonly FolioSpan[];
  /** Time of its insertion into an LRU list; undefined if none was seen. */
  readonly insertedAt: Nanoseconds | undefined;
  /** Time at which it left the page cache; undefined if no event shows that. */
  readonly removedAt: Nanoseconds | undefined;
  /** The flush that inserted it, with its first and last insertion, as far as they are known when the story is delivered. */
  readonly flush: { readonly cpu: Cpu; readonly first: Nanoseconds; readonly last: Nanoseconds } | undefined;
}

/** A marker of the recording. */
export interface MarkerSeen {
  readonly at: Nanoseconds;
  readonly cpu: Cpu;
  readonly text: string;
}

export interface HistoryOptions {
  /** Forms of the check, in the order of the answers. */
  readonly patches: readonly Patch[];
  /** Receives the summary of the first reading, before any folio. */
  readonly onSummary?: ((trace: TraceSummary) => void) | undefined;
  /** Receives every folio of the inodes that an explanation lists, each once, in no order. */
  readonly onFolio: (story: FolioStory) => void;
  /** Receives each round of lru_add_drain_all(), by rising time. */
  readonly onRound?: ((round: DrainRound) => void) | undefined;
  /** Whether rounds tell which tasks ran while their works waited: the scheduler's events are most of many recordings. */
  readonly scheduling?: boolean | undefined;
  /** Replaces what identifies, in everything that is delivered. */
  readonly redactor?: Question['redactor'];
  /** Receives the markers, by rising time. */
  readonly onMarker: (marker: MarkerSeen) => void;
  /** Progress callback with the share of the work that is done. */
  readonly onProgress?: ((share: number) => void) | undefined;
  /** Only this buffer of the recording. */
  readonly buffer?: string | undefined;
  /** Only this inode, in any case; all that an explanation lists if undefined. */
  readonly inode?: InodeSelector | undefined;
  /** Number of folios' lives that are kept for moments; undefined: {@link MOST_KEPT}. */
  readonly mostKept?: number | undefined;
}

/** Default number of folios' lives that are kept: some hundred megabytes. */
const MOST_KEPT = 400_000;
/**
 * Number of lives that are held back after their end in a recording that is not kept whole: the next events may still belong to
 * their flush. Few, because long-lived objects slow the garbage collector down.
 */
const MOST_HELD_BACK = 1000;
/** Number of recorded times in a window; a time is recorded after every so many lives. */
const NOTES_A_WINDOW = 400;

/** A requested moment. */
export interface AskedMoment extends InodeName {
  readonly at: Nanoseconds;
  /** The marker at this moment, if the marker was requested. */
  readonly marker?: Pick<MarkerSeen, 'text' | 'cpu'> | undefined;
  /** The pages to convert; undefined: the whole inode. */
  readonly range?: IndexRange | undefined;
  /** The CPU that converts; undefined: chosen from the recording. */
  readonly cpu?: Cpu | undefined;
}

/** Lost events of a CPU that may hide folios. */
export interface HiddenTime {
  readonly cpu: Cpu;
  /** The last event before them; undefined if there is none. */
  readonly from: Nanoseconds | undefined;
  /** The first event after them; undefined if there is none. */
  readonly to: Nanoseconds | undefined;
  /** Time from which the content of the CPU's batch is known again; undefined: never. */
  readonly knownFrom: Nanoseconds | undefined;
}

/** One folio at a moment. */
export interface FolioThen {
  readonly folio: FolioLedger;
  readonly life: FolioLife;
  readonly mayBeGone: boolean;
}

/** A recording with answers for any moment. Moments within {@link window} are answered at once. */
export interface History {
  /** The answer without moments, equal at every moment. */
  readonly explanation: Explanation;
  /** By their order in the recording. */
  readonly hidden: readonly HiddenTime[];
  /** Times whose folios are kept; undefined if the recording has no event. */
  readonly window: TimeWindow | undefined;
  /** Reads the recording again, and keeps a window around a time. */
  moveTo(at: Nanoseconds, onProgress?: (share: number) => void): Promise<void>;
  /**
   * The answer of `explainTrace` for the same question.
   * @throws RangeError if the moment is outside the window.
   */
  moment(asked: AskedMoment): MomentAnswer | undefined;
  /** The folio of the page cache at an index, which may be a large folio's inner page. */
  folio(inode: InodeName, index: number, at: Nanoseconds): FolioThen | undefined;
}

/** Earlier and later than any time of a recording, which has 64 bits. */
const ALWAYS: TimeWindow = { from: nanoseconds(-(1n << 64n)), to: nanoseconds(1n << 64n) };

/**
 * Reads a recording. The meaning of its beginning depends on facts that are known only at its end. So if not all lives can be
 * kept until then, it is read a second time; each folio is delivered on the way, and a window is kept.
 * @throws InputError if nothing can be answered from the input.
 * @example
 * import { readHistory } from 'folioscope/explain';
 * import { PATCHES } from 'folioscope/machine';
 * import { memorySource } from 'folioscope/trace';
 * const text = `# tracer: nop
 * #
 * # entries-in-buffer/entries-written: 1/1   #P:2
 * #
 *  vmm-1000 [001] ..... 1.000001: mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x7 ofs=0 order=0
 * `;
 * const source = memorySource('trace.txt', new TextEncoder().encode(text));
 * const history = await readHistory(source, { patches: PATCHES, onFolio: () => {}, onMarker: () => {} });
 * history.explanation.trace.events; // => 1
 * history.window !== undefined; // => true
 */
export async function readHistory(source: ByteSource, options: HistoryOptions): Promise<History> {
  const beginning = await readFirst(source, options);
  return beginning instanceof Reading ? beginning : readAgain(source, options, beginning);
}

/** What a second reading needs of the first one, and no folio: both readings' would need twice the memory. */
interface Beginning {
  readonly question: Question;
  readonly notes: Notes;
  readonly pageSize: TraceSummary['pageSize'];
  readonly window: TimeWindow | undefined;
  readonly drains: Explanation['drains'];
  readonly delivery: Delivery;
}

/** @returns the history if one reading was enough. */
async function readFirst(source: ByteSource, options: HistoryOptions): Promise<Reading | Beginning> {
  const { patches, onFolio, onMarker, onProgress, buffer, redactor, mostKept = MOST_KEPT } = options;
  const question: Question = { moments: [{ kind: 'end' }], patches, buffer, inode: options.inode, redactor };
  const ends: Nanoseconds[] = [];
  const livesANote = Math.max(1, Math.floor(mostKept / NOTES_A_WINDOW));
  let lives = 0;
  const keeping: { window: TimeWindow | undefined; readonly whole: true } = { window: ALWAYS, whole: true };
  const onEnd = ({ deletedAt }: Generation): void => {
    if (lives++ % livesANote === 0 && deletedAt !== undefined) ends.push(deletedAt);
    if (lives === mostKept) keeping.window = undefined;
  };
  const first = new Explainer(question, Object.assign(keeping, { onEnd, onRound: options.onRound }));
  const isWhole = (): boolean => keeping.window !== undefined;
  const firstPart = { ...question, onProgress: (share: number) => onProgress?.(isWhole() ? share : share / 2) };
  const facts = await readInto(source, firstPart, {
    scheduling: options.scheduling === true,
    onEvents: (events) => {
      first.events(events);
      if (!isWhole()) first.forgetEnded();
      for (const event of events) if (event.type === 'marker') onMarker(markerOf(event));
    },
  });
  const { trace, shownPageSize: pageSize } = facts;
  const answerer = first.answerer();
  const basis = answerer.basis(trace);
  const { drains } = basis;
  const { from, to } = trace;
  options.onSummary?.(trace);
  const reach = Math.max(1, Math.floor(mostKept / livesANote / 2));
  const notes: Notes = { ends, reach, isWhole: isWhole(), from, to };
  const delivery = new Delivery(basis, onFolio, from ?? nanoseconds(0n));
  const window = to === undefined ? undefined : windowAround(to, notes);
  if (!isWhole() || pageSize !== undefined) return { question, notes, pageSize, window, drains, delivery };
  delivery.refusedAt = (folio) => first.refusedAt(folio);
  delivery.finish(basis.followed.flatMap((inode) => inode.folios()));
  return new Reading({ source, question, notes, pageSize, window, trace, answerer, basis, drains });
}

async function readAgain(
  source: ByteSource,
  { onProgress }: HistoryOptions,
  { question, notes, pageSize, window, drains, delivery }: Beginning,
): Promise<History> {
  const deliversEnds = notes.isWhole ? {} : { onEnd: (folio: Generation): void => delivery.ended(folio) };
  const second = new Explainer(question, { window, whole: true, ...deliversEnds });
  delivery.refusedAt = (folio) => second.refusedAt(folio);
  const secondPart = { ...question, onProgress: (share: number) => onProgress?.((1 + share) / 2) };
  const { trace } = await readInto(source, secondPart, {
    scheduling: false,
    pageSize,
    onEvents: (events) => {
      second.events(events);
      delivery.advance();
    },
  });
  const answerer = second.answerer();
  const basis = answerer.basis(trace);
  delivery.finish(basis.followed.flatMap((inode) => (notes.isWhole ? inode.folios() : [...inode.live.values()])));
  return new Reading({ source, question, notes, pageSize, window, trace, answerer, basis, drains });
}

const markerOf = ({ at, cpu, text }: Extract<KernelEvent, { type: 'marker' }>): MarkerSeen => ({ at, cpu, text });

/** Times by which windows are chosen. */
interface Notes {
  /** Time of the end of every so many lives. */
  readonly ends: readonly Nanoseconds[];
  /** Number of them on each side of a window's middle. */
  readonly reach: number;
  /** Whether all lives may be kept. */
  readonly isWhole: boolean;
  readonly from: Nanoseconds | undefined;
  readonly to: Nanoseconds | undefined;
}

/** A window around a time with as many lives as are kept. */
function windowAround(at: Nanoseconds, { ends, reach, isWhole, from = at, to = at }: Notes): TimeWindow {
  if (isWhole) return { from, to };
  const place = ends.findIndex((end) => end > at);
  const middle = Math.min(Math.max(place < 0 ? ends.length : place, reach), Math.max(reach, ends.length - reach));
  const low = ends[middle - reach - 1] ?? from;
  const high = ends[middle + reach] ?? to;
  return { from: at < low ? at : low, to: high < at ? at : high };
}

/** Delivers lives, some time after their ends. */
class Delivery {
  refusedAt: (folio: Generation) => Nanoseconds | undefined = () => undefined;
  readonly #names: ReadonlySet<string>;
  readonly #shared: Shared;
  readonly #onFolio: HistoryOptions['onFolio'];
  #ended: Generation[] = [];

  constructor({ followed, around, hasPutbacks }: Basis, tell: HistoryOptions['onFolio'], begin: Nanoseconds) {
    this.#names = new Set(followed.map(nameOf));
    this.#shared = sharedBy({ ...around, refusedAt: (folio) => this.refusedAt(folio) }, hasPutbacks, begin);
    this.#onFolio = tell;
  }

  ended(folio: Generation): void {
    this.#ended.push(folio);
  }

  advance(): void {
    if (this.#ended.length < 2 * MOST_HELD_BACK) return;
    for (const folio of this.#ended.slice(0, MOST_HELD_BACK)) this.#story(folio);
    this.#ended = this.#ended.slice(MOST_HELD_BACK);
  }

  /** @param rest folios that have not ended, or were not delivered yet. */
  finish(rest: readonly Generation[]): void {
    for (const folio of [...this.#ended, ...rest]) this.#story(folio);
    this.#ended = [];
  }

  #story(folio: Generation): void {
    const { inode, index, order, pfn, life, add, flush } = folio;
    if (inode === undefined || !this.#names.has(nameOf(inode))) return;
    this.#onFolio({
      dev: inode.dev,
      ino: inode.ino,
      index,
      order,
      pfn,
      life,
      task: add === undefined ? undefined : { pid: add.pid, name: add.comm },
      spans: spansOf(folio, this.#shared),
      insertedAt: folio.insertion?.at,
      removedAt: folio.deletedAt,
      flush: flush === undefined ? undefined : { cpu: flush.cpu, first: flush.first, last: flush.last },
    });
  }
}

const nameOf = ({ dev, ino }: InodeName): string => `${dev}:${ino}`;

/** Result of one reading. */
interface Kept {
  readonly window: TimeWindow | undefined;
  readonly trace: TraceSummary;
  readonly answerer: Answerer;
  readonly basis: Basis;
  /** Made at the first use. */
  readonly lives: Map<TrackedInode, Lives>;
}

class Reading implements History {
  readonly explanation: Explanation;
  readonly hidden: readonly HiddenTime[];
  readonly #of: {
    readonly source: ByteSource;
    readonly question: Question;
    readonly notes: Notes;
    readonly pageSize: TraceSummary['pageSize'];
  };
  #kept: Kept;

  constructor(
    of: Omit<Kept, 'lives'> & {
      readonly source: ByteSource;
      readonly question: Question;
      readonly notes: Notes;
      readonly pageSize: TraceSummary['pageSize'];
      /** Of the first reading: only that one may have read the scheduler's events. */
      readonly drains: Explanation['drains'];
    },
  ) {
    this.#of = of;
    this.#kept = { ...of, lives: new Map() };
    this.explanation = of.answerer.finalForm({ ...of.basis.explanation([]), drains: of.drains }, of.trace);
    this.hidden = of.basis.around.gaps.map(({ cpu, from, to, flushedAt }) => ({ cpu, from, to, knownFrom: flushedAt }));
  }

  get window(): TimeWindow | undefined {
    return this.#kept.window;
  }

  async moveTo(at: Nanoseconds, onProgress?: (share: number) => void): Promise<void> {
    const { source, question, notes, pageSize } = this.#of;
    const window = windowAround(at, notes);
    const explainer = new Explainer(question, { window, whole: false });
    const onEvents = (events: readonly KernelEvent[]): void => explainer.events(events);
    const { trace } = await readInto(source, { ...question, onProgress }, { scheduling: false, pageSize, onEvents });
    const answerer = explainer.answerer();
    this.#kept = { window, trace, answerer, basis: answerer.basis(trace), lives: new Map() };
  }

  moment({ at, marker, range, cpu, ...name }: AskedMoment): MomentAnswer | undefined {
    this.#requireWithin(at);
    const { answerer, basis, trace } = this.#kept;
    const inode = this.#inode(name);
    if (inode === undefined) return undefined;
    const folios = this.#presentAt(inode, at);
    const answer = answerer.momentAt(basis, { at, marker }, { inode, folios }, { range, cpu });
    // Only the moment must be brought into its final form.
    const around: Explanation = { ...this.explanation, conversions: [], drains: undefined, moments: [answer] };
    return answerer.finalForm(around, trace).moments[0];
  }

  folio(name: InodeName, index: number, at: Nanoseconds): FolioThen | undefined {
    this.#requireWithin(at);
    const { basis } = this.#kept;
    const inode = this.#inode(name);
    if (inode === undefined) return undefined;
    const asked = basis.asked(inode);
    const moment = momentOf(asked, at, basis.around);
    for (const folio of this.#presentAt(inode, at)) {
      if (folio.index > index) return undefined;
      if (folio.index + 2 ** folio.order <= index) continue;
      const present = presentAt(folio, moment, basis.around);
      if (present === undefined) continue;
      return { folio: ledgerOf(present, 'shown', []), life: folio.life, mayBeGone: present.mayBeGone !== undefined };
    }
    return undefined;
  }

  /** Folios of an inode that may be in the page cache at a time, by rising index. */
  #presentAt(inode: TrackedInode, at: Nanoseconds): readonly Generation[] {
    const { lives, basis } = this.#kept;
    const known = lives.get(inode) ?? new Lives(basis.asked(inode).folios);
    lives.set(inode, known);
    return known.at(at);
  }

  #inode(name: InodeName): TrackedInode | undefined {
    return this.#kept.basis.followed.find(({ dev, ino }) => dev === name.dev && ino === name.ino);
  }

  #requireWithin(at: Nanoseconds): void {
    const { window } = this.#kept;
    if (window === undefined || at < window.from || at > window.to)
      throw new RangeError('the moment is outside the kept window');
  }
}

/**
 * Times at which folios were added and deleted, as numbers: a panel that follows a pointer requests moments in quick
 * succession, and comparing the bigints of all folios would take longer than the answer.
 */
class Lives {
  readonly #folios: readonly Generation[];
  readonly #begin: Nanoseconds;
  /** Nanoseconds after {@link #begin}, rounded outwards if a number is too coarse. */
  readonly #from: Float64Array;
  readonly #to: Float64Array;

  constructor(folios: readonly Generation[]) {
    this.#folios = folios;
    this.#begin = folios.find(({ add }) => add !== undefined)?.add?.at ?? nanoseconds(0n);
    this.#from = Float64Array.from(folios, ({ add }) =>
      add === undefined ? Number.NEGATIVE_INFINITY : Number(add.at - this.#begin),
    );
    this.#to = Float64Array.from(folios, ({ deletedAt }) =>
      deletedAt === undefined ? Number.POSITIVE_INFINITY : Number(deletedAt - this.#begin),
    );
  }

  /** Folios that may be present at a time, by their events: in a long recording most are gone, or not yet added. */
  at(time: Nanoseconds): readonly Generation[] {
    const at = Number(time - this.#begin);
    const slack = Number.isSafeInteger(at) ? 0 : Math.abs(at) * Number.EPSILON * 4;
    const present: Generation[] = [];
    for (const [place, folio] of this.#folios.entries())
      if ((this.#from[place] ?? 0) <= at + slack && (this.#to[place] ?? 0) >= at - slack) present.push(folio);
    return present;
  }
}
