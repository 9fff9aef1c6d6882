// SPDX-License-Identifier: MIT
import {
  type ConversionCall,
  type DrainRound,
  type FolioThen,
  type History,
  type MarkerSeen,
  type MomentAnswer,
  readHistory,
} from '../../../src/explain/index.ts';
import { errnoName, isErrno } from '../../../src/abi/index.ts';
import { type Dev, folioIndex, type Ino, nanoseconds } from '../../../src/ledger/index.ts';
import { PATCHES } from '../../../src/machine/index.ts';
import type { ByteSource } from '../../../src/trace/index.ts';
import { HOLDER_LOOKS } from '../../design/index.ts';
import { Builder, type Packed } from './builder.ts';
import { fillOf, firstLanes, flushesOf, type SortedChanges, sortChanges, unfold } from './lanes.ts';
import type {
  CallResult,
  ConversionSeen,
  CpuLane,
  DrainRoundSeen,
  FolioLane,
  InodeLanes,
  LossSpan,
  Pages,
  Timeline,
} from './model.ts';

/** A moment that the panel asks for. */
export interface Asked {
  /** Nanoseconds of the recording's clock. */
  readonly at: bigint;
  readonly dev: string;
  readonly ino: string;
  /** The pages to convert; undefined: the whole inode. */
  readonly range: Pages | undefined;
  /** Pages whose holders are asked for; the first folio of each group is returned in full. */
  readonly pages: Pages;
}

/** Folios with equal holders. */
export interface FolioGroup {
  readonly ranges: readonly Pages[];
  readonly count: number;
  /** The first of them, in full. */
  readonly first: FolioThen;
}

/** A moment, as the panel shows it. */
export interface PanelMoment {
  readonly answer: MomentAnswer;
  /** Folios of the asked pages, those with equal holders together, by their first index. */
  readonly groups: readonly FolioGroup[];
  /** Number of folios in the asked pages. */
  readonly folios: number;
}

/** A place that a search has found. */
export interface Hit {
  readonly inode: number;
  readonly index: number;
  readonly at: number;
  readonly pfn: number;
  readonly task: string | undefined;
}

/** What is searched for: `index 93`, `pfn 0x234f52`, `task gmem-workload` or `pid 24162`. */
export type Search =
  | { readonly what: 'index' | 'pfn' | 'pid'; readonly number: number }
  | { readonly what: 'task'; readonly text: string };

/** A recording that was opened. It stays in the worker; {@link timeline} goes to the page. */
export class Opened {
  readonly timeline: Timeline;
  readonly #history: History;
  readonly #packed: Packed;
  readonly #changes: SortedChanges;
  readonly #markers: readonly MarkerSeen[];

  constructor(name: string, history: History, packed: Packed, markers: readonly MarkerSeen[]) {
    const { changes } = packed;
    this.#history = history;
    this.#changes = sortChanges(changes, packed.rows.length);
    // The unsorted columns are released: they are as large as the sorted ones.
    this.#packed = { ...packed, changes: this.#changes, fills: new Map(), flushes: new Map() };
    this.#markers = markers;
    this.timeline = timelineOf(name, history, packed, this.#changes, markers);
  }

  /** Whether a moment can be answered without reading again. */
  isAtHand(at: bigint): boolean {
    const { window } = this.#history;
    return window !== undefined && window.from <= at && at <= window.to;
  }

  async moveTo(at: bigint, onProgress: (share: number) => void): Promise<void> {
    await this.#history.moveTo(nanoseconds(at), onProgress);
  }

  /** The answer of `explain --json` at a moment. @returns undefined if the recording has no such inode. */
  moment({ at, dev, ino, range, pages }: Asked): PanelMoment | undefined {
    const name = this.#nameOf(dev, ino);
    if (name === undefined) return undefined;
    const time = nanoseconds(at);
    const marker = this.#markers.find((one) => one.at === time);
    const answer = this.#history.moment({
      at: time,
      ...name,
      marker,
      range: range === undefined ? undefined : { from: folioIndex(range.from), to: folioIndex(range.to) },
    });
    if (answer === undefined) return undefined;
    return { answer: plain(answer), ...groupsOf(answer, pages) };
  }

  unfold(lane: Pick<FolioLane, 'inode' | 'pages' | 'depth'>): readonly FolioLane[] {
    return unfold(lane, this.#packed, this.#changes);
  }

  /** The first hits, by rising time; of one row only the first. */
  search(search: Search, most: number): readonly Hit[] {
    const { lives, rows, tasks } = this.#packed;
    const byNumber = new Map(rows.map((row) => [row.number, row]));
    const isTask = (number: number): boolean => {
      const task = tasks[number];
      if (task === undefined || number === 0) return false;
      if (search.what === 'pid') return task.pid === search.number;
      return search.what === 'task' && (task.name ?? '').includes(search.text);
    };
    const wanted = new Set(tasks.flatMap((_, number) => (isTask(number) ? [number] : [])));
    const hits: Hit[] = [];
    const seen = new Set<number>();
    for (let place = 0; place < lives.rows.length; place++) {
      const number = lives.rows[place] ?? 0;
      if (seen.has(number)) continue;
      const pfn = lives.pfns[place] ?? 0;
      const row = byNumber.get(number);
      if (row === undefined) continue;
      const isHit =
        search.what === 'index'
          ? row.index <= search.number && search.number < row.index + row.pages
          : search.what === 'pfn'
            ? pfn <= search.number && search.number < pfn + row.pages
            : wanted.has(lives.tasks[place] ?? 0);
      if (!isHit) continue;
      seen.add(number);
      const task = tasks[lives.tasks[place] ?? 0];
      hits.push({ inode: row.inode, index: row.index, at: lives.from[place] ?? 0, pfn, task: task?.name });
    }
    return hits.toSorted((a, b) => a.at - b.at).slice(0, most);
  }

  #nameOf(dev: string, ino: string): { readonly dev: Dev; readonly ino: Ino } | undefined {
    return this.#history.explanation.inodes.find((one) => one.dev === dev && hex(one.ino) === ino);
  }
}

const hex = (ino: bigint): string => `0x${ino.toString(16)}`;

/** The answer without lazily computed parts, which the page does not need: a message copies everything. */
function plain(answer: MomentAnswer): MomentAnswer {
  const { at, marker, dev, ino, count, notable, goneNotable, strengths, staleCount, unsettled } = answer;
  const { verdicts, localDrainByCpu, baseline, strength, unseen, isOlder } = answer;
  const { lowerIndex, range, cpu, cpuBecause, evidence } = answer;
  return {
    at,
    marker,
    dev,
    ino,
    folios: [],
    count,
    notable,
    unsettled,
    strengths,
    lives: [],
    stale: new Set(),
    staleCount,
    goneNotable,
    verdicts,
    localDrainByCpu,
    baseline,
    strength,
    unseen,
    isOlder,
    lowerIndex,
    range,
    cpu,
    cpuBecause,
    evidence,
  };
}

/** Largest number of groups that a panel gets. */
const MOST_GROUPS = 64;

function groupsOf({ folios, lives, stale }: MomentAnswer, pages: Pages): Pick<PanelMoment, 'groups' | 'folios'> {
  const groups = new Map<string, { ranges: { from: number; to: number }[]; count: number; first: FolioThen }>();
  let count = 0;
  for (const [place, folio] of folios.entries()) {
    const { index, order, holders, strength } = folio;
    const end = index + 2 ** order;
    if (end <= pages.from || index >= pages.to) continue;
    count++;
    const mayBeGone = stale.has(index);
    const key = [
      order,
      strength,
      mayBeGone,
      ...holders.map(({ kind, cpu, task, references }) => `${kind} ${cpu} ${task} ${references}`),
    ].join();
    const known = groups.get(key);
    if (known === undefined) {
      const life = lives[place] ?? { number: 1, since: undefined };
      groups.set(key, { ranges: [{ from: index, to: end }], count: 1, first: { folio, life, mayBeGone } });
      continue;
    }
    known.count++;
    const last = known.ranges.at(-1);
    if (last?.to === index) last.to = end;
    else known.ranges.push({ from: index, to: end });
  }
  return { groups: [...groups.values()].slice(0, MOST_GROUPS), folios: count };
}

/** Reads a recording. */
export async function openRecording(
  source: ByteSource,
  onProgress: (share: number) => void,
  mostKept?: number,
): Promise<Opened> {
  const markers: MarkerSeen[] = [];
  let builder = new Builder(0n);
  const history = await readHistory(source, {
    patches: PATCHES,
    onSummary: ({ from }) => (builder = new Builder(from ?? 0n)),
    onFolio: (story) => builder.folio(story),
    onMarker: (marker) => void markers.push(marker),
    onProgress,
    mostKept,
  });
  return new Opened(source.name, history, builder.finish(), markers);
}

function timelineOf(
  name: string,
  history: History,
  packed: Packed,
  changes: SortedChanges,
  markers: readonly MarkerSeen[],
): Timeline {
  const { explanation } = history;
  const { trace, profile, conversions, drains, notes } = explanation;
  const begin = trace.from ?? 0n;
  const offset = (at: bigint): number => Math.max(0, Number(at - begin));
  const end = trace.to === undefined ? 0 : offset(trace.to);
  const calls = conversions.map((call) => conversionOf(call, offset));
  const shownMarkers = markers.map(({ at, cpu, text }) => ({ at: offset(at), cpu, text }));
  const marks = [...calls, ...shownMarkers].map(({ at }) => at).toSorted((a, b) => a - b);
  const lanes = firstLanes(packed, changes, marks);
  const inodeOf = new Map(packed.inodes.map(({ dev, ino }, place) => [`${dev}:${ino}`, place]));
  const cpuNumbers = [...new Set<number>([...trace.cpus, ...packed.fills.keys()])].toSorted((a, b) => a - b);
  return {
    name,
    format: trace.format,
    begin,
    countsTime: trace.countsTime,
    end,
    events: trace.events,
    cpuNumbers,
    lost: trace.lost.some(({ events }) => events === undefined)
      ? undefined
      : trace.lost.reduce((sum, { events = 0 }) => sum + events, 0),
    batchSize: profile.profile.batchSize,
    profile: profile.profile.name,
    notes,
    damage: trace.damage,
    cpus: cpuNumbers.map(
      (cpu): CpuLane => ({
        cpu,
        fill: fillOf(packed.fills.get(cpu)),
        flushes: flushesOf(packed.flushes.get(cpu)),
        losses: lossesOf(history, cpu, offset, end),
      }),
    ),
    inodes: explanation.inodes.map(({ dev, ino, kind, because }): InodeLanes => {
      const place = inodeOf.get(`${dev}:${ino}`);
      const own = place === undefined ? [] : (lanes[place] ?? []);
      return { dev, ino: hex(ino), kind, because, lanes: own, pages: own.at(-1)?.pages.to ?? 0 };
    }),
    drains: (drains?.rounds ?? []).map((round) => drainOf(round, offset)),
    drainCount: drains?.count ?? 0,
    conversions: calls,
    markers: shownMarkers,
  };
}

/** Gaps of a CPU. The number of lost events stands with the loss that ends at the same event. */
function lossesOf(
  { explanation: { trace }, hidden }: History,
  cpu: number,
  offset: (at: bigint) => number,
  end: number,
): readonly LossSpan[] {
  const or = (at: bigint | undefined, otherwise: number): number => (at === undefined ? otherwise : offset(at));
  return hidden
    .filter((gap) => gap.cpu === cpu)
    .map(({ from, to, knownFrom }) => ({
      from: or(from, 0),
      to: or(to, end),
      knownFrom: or(knownFrom, end),
      events: trace.lost.find((loss) => loss.cpu === cpu && loss.at === to)?.events,
    }));
}

function drainOf({ at, cpu, pid, task, took, works }: DrainRound, offset: (at: bigint) => number): DrainRoundSeen {
  return {
    at: offset(at),
    cpu,
    pid,
    task,
    until: took === undefined ? undefined : offset(at + took),
    works: works.map(({ cpu: on, queued, delay, run, insertions }) => ({
      cpu: on,
      queued: offset(queued),
      started: delay === undefined ? undefined : offset(queued + delay),
      ended: delay === undefined || run === undefined ? undefined : offset(queued + delay + run),
      insertions,
    })),
  };
}

function resultOf(returned: number | undefined): CallResult {
  if (returned === undefined) return 'unknown';
  if (returned === 0) return 'safe';
  return isErrno(returned, 'EAGAIN') ? 'refused' : 'failed';
}

function wordOf(returned: number): string {
  const name = errnoName(returned);
  return name === undefined ? String(returned) : `-${name}`;
}

function conversionOf(
  { at, until, cpu, pid, task, returned, drained, causes }: ConversionCall,
  offset: (at: bigint) => number,
): ConversionSeen {
  return {
    at: offset(at),
    until: until === undefined ? undefined : offset(until),
    cpu,
    pid,
    task,
    result: resultOf(returned),
    returned: returned === undefined ? undefined : wordOf(returned),
    drained,
    // A cause that no event shows is always possible; it gets a line only if there is no other cause.
    causes: causes
      .filter(({ how }) => how !== 'not recorded' || causes.length === 1)
      .map(({ how, kinds }) =>
        how === 'not recorded'
          ? 'no recorded event shows why'
          : `${kinds.map((kind) => HOLDER_LOOKS[kind].word).join(' or ')}, ${how}`,
      ),
  };
}
