// SPDX-License-Identifier: MIT
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { scenarioTexts } from '../library/index.ts';
import type { Page, Port, ViewState } from '../view/index.ts';
import { timeText, offsetOf } from './clock.ts';
import type { FolioLane, InodeLanes, Pages, Timeline } from './data/model.ts';
import type { Asked, Hit, PanelMoment } from './data/opened.ts';
import { countAt, placeAt } from './data/series.ts';
import { nameOf, type Row, rowsOf } from './layout.ts';
import type { Ask, Tell } from './protocol.ts';
import { parseSearch } from './search-text.ts';

/** Times of the view, in nanoseconds after the recording's begin. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** Pages of an inode. */
export interface Selection {
  readonly inode: number;
  readonly pages: Pages;
}

/** Shortest time that a view shows, in nanoseconds. */
const LEAST_SHOWN = 20;
/** Milliseconds after the last change until the address is updated. */
const REPORT_PAUSE = 250;

/** State and actions of the view, without page elements. */
export class TimelineModel {
  readonly page: Page;
  /** Share of the recording that has been read; undefined where nothing is being read. */
  readonly reading: Signal<number | undefined> = signal(undefined);
  readonly timeline: Signal<Timeline | undefined> = signal(undefined);
  readonly open: Signal<ReadonlyMap<string, readonly FolioLane[]>> = signal(new Map());
  readonly window: Signal<Window> = signal({ from: 0, to: 1 });
  /** Time of the cursor. */
  readonly cursor: Signal<number | undefined> = signal(undefined);
  /** Time under the pointer, while it is over the lanes. */
  readonly pointer: Signal<number | undefined> = signal(undefined);
  /** Keys of the row that was chosen, and of the one below the pointer. */
  readonly chosen: Signal<string | undefined> = signal(undefined);
  readonly hovered: Signal<string | undefined> = signal(undefined);
  /** The pages to convert; undefined: the whole inode. */
  readonly range: Signal<Selection | undefined> = signal(undefined);
  readonly answered: Signal<{ readonly asked: Asked; readonly moment: PanelMoment | undefined } | undefined> =
    signal(undefined);
  readonly hits: Signal<readonly Hit[] | undefined> = signal(undefined);
  readonly isNarrow: Signal<boolean> = signal(false);
  readonly isTableShown: Signal<boolean> = signal(false);
  readonly rows: ReadonlySignal<readonly Row[]> = computed(() => {
    const timeline = this.timeline.value;
    return timeline === undefined ? [] : rowsOf(timeline, this.open.value, this.isNarrow.value);
  });
  /** The time and the row that the panel describes. */
  readonly time: ReadonlySignal<number | undefined> = computed(() => this.pointer.value ?? this.cursor.value);
  readonly row: ReadonlySignal<Row | undefined> = computed(() => {
    const key = this.hovered.value ?? this.chosen.value;
    return this.rows.value.find((row) => row.key === key);
  });
  /** Pages whose holders the panel shows: those of the row, or of the whole first inode. */
  readonly subject: ReadonlySignal<Selection | undefined> = computed(() => {
    const row = this.row.value;
    if (row?.kind === 'folio') return { inode: row.lane.inode, pages: row.lane.pages };
    return this.#firstInode();
  });
  readonly #port: Port<Ask, Tell>;
  readonly #endings: (() => void)[] = [];
  #asked: { readonly number: number; readonly asked: Asked } | undefined;
  #next: Asked | undefined;
  #number = 0;
  #searches = 0;
  #hit = -1;
  #searched = '';
  #report: ReturnType<typeof setTimeout> | undefined;
  #state: ViewState;
  /** The run that is shown, for the address; empty for a file. */
  #run: { readonly run?: string; readonly form?: string } = {};

  constructor(page: Page) {
    this.page = page;
    this.#state = page.state;
    this.#port = page.startWorker<Ask, Tell>('timeline');
    this.#endings.push(this.#port.hear((tell) => this.#hear(tell)));
    // A link to a run opens that run, whatever file the page was opened with.
    if (page.state['run'] !== undefined || page.file === undefined) this.#openNamedRun(page.state);
    else this.openFile(page.file.name, page.file.content);
  }

  unmount(): void {
    clearTimeout(this.#report);
    for (const end of this.#endings) end();
    this.#port.stop();
  }

  /** Shows a run of the model. @param scenario name of its file, without `.yaml`. */
  openRun(scenario: string, form: string): void {
    const text = scenarioTexts().get(scenario);
    if (text === undefined) {
      this.page.complain(`no scenario '${scenario}' in this page`);
      return;
    }
    this.#reset();
    this.#run = { run: scenario, form };
    this.#port.ask({ kind: 'run', run: { name: `${scenario}.yaml`, scenario: text, form } });
  }

  #openNamedRun({ run, form = 'v6' }: ViewState): void {
    if (run !== undefined) this.openRun(run, form);
  }

  openFile(name: string, content: Blob): void {
    this.#reset();
    this.#run = {};
    this.#port.ask({ kind: 'open', name, content });
  }

  #reset(): void {
    this.page.complain(undefined);
    batch(() => {
      this.timeline.value = undefined;
      this.reading.value = 0;
      this.answered.value = undefined;
      this.hits.value = undefined;
      this.open.value = new Map();
    });
    this.#asked = undefined;
    this.#next = undefined;
  }

  /** The inode with the most lanes: that of the guest, as a rule. */
  #firstInode(): Selection | undefined {
    const inodes = this.timeline.value?.inodes ?? [];
    let best: InodeLanes | undefined;
    for (const inode of inodes) if (inode.lanes.length > (best?.lanes.length ?? 0)) best = inode;
    const [lane] = best?.lanes ?? [];
    return best === undefined || lane === undefined
      ? undefined
      : { inode: lane.inode, pages: { from: 0, to: best.pages } };
  }

  inodeOf(number: number): InodeLanes | undefined {
    return this.timeline.value?.inodes.find(({ lanes }) => lanes[0]?.inode === number);
  }

  #hear(tell: Tell): void {
    switch (tell.kind) {
      case 'read':
        this.reading.value = tell.share;
        return;
      case 'opened':
        this.#opened(tell.timeline);
        return;
      case 'moment':
        if (tell.number !== this.#asked?.number) return;
        batch(() => {
          this.reading.value = undefined;
          if (this.#asked !== undefined) this.answered.value = { asked: this.#asked.asked, moment: tell.moment };
        });
        this.#asked = undefined;
        if (this.#next !== undefined) this.#send(this.#next);
        return;
      case 'unfolded':
        this.open.value = new Map([...this.open.value, [tell.id, tell.lanes]]);
        return;
      case 'found':
        if (tell.number === this.#searches) this.#found(tell.hits);
    }
  }

  #opened(timeline: Timeline): void {
    batch(() => {
      this.reading.value = undefined;
      this.timeline.value = timeline;
      this.window.value = whole(timeline);
      this.cursor.value = firstCursor(timeline);
      this.chosen.value = this.#firstRow(timeline);
      this.#apply(this.#state);
    });
    // A run has no file, so the state names the run.
    if (this.#run.run !== undefined) this.#changed();
    const { lost } = timeline;
    const loss = lost === 0 ? 'no events lost' : `${lost ?? 'some'} events lost`;
    this.page.say(`${timeline.name}: ${timeline.events} events, ${timeline.cpuNumbers.length} CPUs, ${loss}`);
    this.ask();
  }

  /** The first lane that matters to a conversion at the cursor; otherwise the first lane. */
  #firstRow({ inodes }: Timeline): string | undefined {
    const lanes = inodes.flatMap((inode) => inode.lanes);
    const at = this.cursor.value ?? 0;
    const isHeld = ({ codes, series }: FolioLane): boolean =>
      codes.some((code, channel) => code > 0 && countAt(series, channel, at) > 0);
    return (lanes.find(isHeld) ?? lanes[0])?.id;
  }

  restate(state: ViewState): void {
    this.#state = state;
    if (state['run'] !== undefined && (state['run'] !== this.#run.run || state['form'] !== this.#run.form)) {
      this.#openNamedRun(state);
      return;
    }
    batch(() => this.#apply(state));
    this.ask();
  }

  /** Applies the state of an address, as far as it fits the recording. */
  #apply(state: ViewState): void {
    const timeline = this.timeline.value;
    if (timeline === undefined) return;
    const time = (key: string): number | undefined => offsetOf(timeline, state[key] ?? '');
    const [from, to, at] = [time('from'), time('to'), time('at')];
    if (from !== undefined && to !== undefined && from < to) this.window.value = this.#clamped({ from, to });
    if (at !== undefined) this.cursor.value = Math.min(Math.max(0, at), timeline.end);
    if (state['row'] !== undefined) this.chosen.value = state['row'];
    const [, inode, first, last] = /^(\d+):(\d+)\.\.(\d+)$/.exec(state['range'] ?? '') ?? [];
    if (inode !== undefined)
      this.range.value = { inode: Number(inode), pages: { from: Number(first), to: Number(last) } };
    for (const id of (state['open'] ?? '').split(',')) this.#unfoldById(id);
  }

  #unfoldById(id: string): void {
    const [, inode, from, to, depth] = /^(\d+):(\d+)\.\.(\d+)(?:@(\d+))?$/.exec(id) ?? [];
    if (inode === undefined || this.open.value.has(`${inode}:${from}..${to}`)) return;
    const pages = { from: Number(from), to: Number(to) };
    this.#port.ask({
      kind: 'unfold',
      lane: { id: `${inode}:${from}..${to}`, inode: Number(inode), pages, depth: Number(depth ?? 0) },
    });
  }

  /** The state for the address. */
  get state(): ViewState {
    const timeline = this.timeline.value;
    if (timeline === undefined) return this.#state;
    const { from, to } = this.window.value;
    const range = this.range.value;
    const cursor = this.cursor.value;
    const isWhole = from <= 0 && to >= timeline.end;
    const chosen = this.chosen.value;
    const open = [...this.open.value].map(([id, lanes]) => {
      const depth = (lanes[0]?.depth ?? 1) - 1;
      return depth === 0 ? id : `${id}@${depth}`;
    });
    return {
      ...this.#run,
      ...(isWhole ? {} : { from: timeText(timeline, from), to: timeText(timeline, to) }),
      ...(cursor === undefined ? {} : { at: timeText(timeline, cursor) }),
      ...(chosen === undefined ? {} : { row: chosen }),
      ...(range === undefined ? {} : { range: `${range.inode}:${range.pages.from}..${range.pages.to}` }),
      ...(open.length === 0 ? {} : { open: open.join(',') }),
    };
  }

  #changed(): void {
    clearTimeout(this.#report);
    this.#report = setTimeout(() => this.page.report(this.state, 'replace'), REPORT_PAUSE);
  }

  #clamped({ from, to }: Window): Window {
    const all = whole(this.timeline.value);
    const length = Math.min(Math.max(to - from, LEAST_SHOWN), all.to - all.from);
    const start = Math.min(Math.max(from, all.from), all.to - length);
    return { from: start, to: start + length };
  }

  show(window: Window): void {
    this.window.value = this.#clamped(window);
    this.#changed();
  }

  /** Moves the view by a share of its width. */
  pan(share: number): void {
    const { from, to } = this.window.value;
    const by = (to - from) * share;
    this.show({ from: from + by, to: to + by });
  }

  /** Makes the view longer or shorter by a factor, around a fixed time. */
  zoom(factor: number, around = this.#middle()): void {
    const { from, to } = this.window.value;
    const all = whole(this.timeline.value);
    const length = Math.min(Math.max((to - from) * factor, LEAST_SHOWN), all.to - all.from);
    const start = around - ((around - from) / (to - from)) * length;
    this.show({ from: start, to: start + length });
  }

  #middle(): number {
    const { from, to } = this.window.value;
    const cursor = this.cursor.value;
    return cursor !== undefined && cursor >= from && cursor <= to ? cursor : (from + to) / 2;
  }

  showAll(): void {
    this.show(whole(this.timeline.value));
  }

  /** Puts the cursor; the view follows if it would be out of sight. */
  put(at: number): void {
    const timeline = this.timeline.value;
    if (timeline === undefined) return;
    const cursor = Math.round(Math.min(Math.max(0, at), timeline.end));
    this.cursor.value = cursor;
    const { from, to } = this.window.value;
    if (cursor < from || cursor > to) this.show({ from: cursor - (to - from) / 2, to: cursor + (to - from) / 2 });
    this.#changed();
    this.ask();
  }

  choose(key: string | undefined): void {
    this.chosen.value = key;
    this.#changed();
    this.ask();
  }

  /** The pointer is over the lanes at a time, or has left them. */
  point(at: number | undefined, key: string | undefined): void {
    const timeline = this.timeline.value;
    if (timeline === undefined) return;
    batch(() => {
      this.pointer.value = at === undefined ? undefined : Math.round(Math.min(Math.max(0, at), timeline.end));
      this.hovered.value = key;
    });
    this.ask();
  }

  /** Unfolds or folds a lane. */
  toggle(lane: FolioLane): void {
    const { open } = this;
    if (open.value.has(lane.id)) {
      open.value = new Map([...open.value].filter(([id]) => id !== lane.id));
    } else if (lane.isFolded) this.#port.ask({ kind: 'unfold', lane });
    this.#changed();
  }

  /** Chooses the lane of a page. */
  showPage(inode: number, index: number): void {
    this.choose(this.#rowOf(inode, index)?.key);
  }

  /** The deepest lane of a page. */
  #rowOf(inode: number, index: number): Row | undefined {
    return this.rows.value.findLast(
      (one) =>
        one.kind === 'folio' && one.lane.inode === inode && one.lane.pages.from <= index && index < one.lane.pages.to,
    );
  }

  select(range: Selection | undefined): void {
    this.range.value = range;
    this.#changed();
    this.ask();
  }

  /** Requests the panel's present content. */
  ask(): void {
    const timeline = this.timeline.value;
    const subject = this.subject.value;
    const time = this.time.value;
    const inode = subject === undefined ? undefined : this.inodeOf(subject.inode);
    if (timeline === undefined || subject === undefined || time === undefined || inode === undefined) return;
    const range = this.range.value;
    this.#send({
      at: timeline.begin + BigInt(Math.round(time)),
      dev: inode.dev,
      ino: inode.ino,
      range: range?.inode === subject.inode ? range.pages : undefined,
      pages: subject.pages,
    });
  }

  /** Sends one question at a time; of the questions that arrive meanwhile, only the latest. */
  #send(asked: Asked): void {
    if (this.#asked !== undefined) {
      this.#next = asked;
      return;
    }
    this.#next = undefined;
    this.#asked = { number: ++this.#number, asked };
    this.#port.ask({ kind: 'moment', number: this.#number, asked });
  }

  /** Searches, or goes to the next place of the same search. */
  search(text: string): void {
    const search = parseSearch(text);
    const hits = this.hits.value;
    if (search === undefined) {
      this.hits.value = undefined;
      return;
    }
    if (text === this.#searched && hits !== undefined && hits.length > 0) {
      this.#hit = (this.#hit + 1) % hits.length;
      this.#go(hits);
      return;
    }
    this.#searched = text;
    this.#hit = 0;
    this.#port.ask({ kind: 'search', number: ++this.#searches, search });
  }

  #found(hits: readonly Hit[]): void {
    this.hits.value = hits;
    if (hits.length === 0) {
      this.page.say(`nothing found for ${this.#searched}`);
      return;
    }
    this.#go(hits);
  }

  /** Number of the hit that is shown, from 1. */
  get hitNumber(): number {
    return this.#hit + 1;
  }

  #go(hits: readonly Hit[]): void {
    const hit = hits[this.#hit];
    if (hit === undefined) return;
    this.hits.value = [...hits];
    const row = this.#rowOf(hit.inode, hit.index);
    batch(() => {
      this.chosen.value = row?.key;
      const cursor = this.cursor.value;
      // The cursor stays if the folio exists at that time; otherwise it moves to the folio's first moment.
      if (cursor === undefined || cursor < hit.at) this.put(hit.at);
    });
    this.#changed();
    this.ask();
    this.page.say(
      `page ${hit.index}, ${this.#hit + 1} of ${hits.length}${row === undefined ? '' : `, in ${nameOf(row)}`}`,
    );
  }

  /** The next or the previous change of the chosen lane. */
  step(direction: 1 | -1): void {
    const row = this.rows.value.find(({ key }) => key === this.chosen.value);
    const cursor = this.cursor.value ?? 0;
    const series = row?.kind === 'folio' ? row.lane.series : row?.kind === 'cpu' ? row.lane.fill : undefined;
    if (series === undefined) return;
    const place = placeAt(series, cursor);
    const isThere = series.times[place] === cursor;
    const next = series.times[direction === 1 ? place + 1 : isThere ? place - 1 : place];
    if (next !== undefined) this.put(next);
  }

  /** The next or the previous call or marker. */
  jump(direction: 1 | -1): void {
    const timeline = this.timeline.value;
    if (timeline === undefined) return;
    const cursor = this.cursor.value ?? 0;
    const marks = [...timeline.conversions, ...timeline.markers].map(({ at }) => at);
    const beyond = marks.filter((at) => (direction === 1 ? at > cursor : at < cursor));
    if (beyond.length > 0) this.put(direction === 1 ? Math.min(...beyond) : Math.max(...beyond));
  }

  /** The lane above or below the chosen one. */
  walk(direction: 1 | -1): void {
    const rows = this.rows.value.filter(({ kind }) => kind === 'folio' || kind === 'cpu');
    const place = rows.findIndex(({ key }) => key === this.chosen.value);
    const row = rows[place < 0 ? 0 : place + direction];
    if (row === undefined) return;
    this.choose(row.key);
    this.page.say(nameOf(row));
  }
}

/** All of a recording. */
const whole = (timeline: Timeline | undefined): Window => {
  const end = timeline?.end ?? 1;
  return { from: 0, to: Math.max(end * 1.01, LEAST_SHOWN) };
};

/** The first refused call, else the first; else the marker at which most folios wait; else the end. */
function firstCursor({ conversions, markers, cpus, end }: Timeline): number {
  const refused = conversions.find(({ result }) => result === 'refused');
  const [call] = conversions;
  if (refused !== undefined || call !== undefined) return (refused ?? call)?.at ?? end;
  let best = end;
  let most = 0;
  for (const { at } of markers) {
    const waiting = cpus.reduce((sum, { fill }) => sum + countAt(fill, 0, at), 0);
    if (waiting > most) [best, most] = [at, waiting];
  }
  return best;
}
