// SPDX-License-Identifier: MIT
import { type Patch, type Profile, RESULTS } from '../kernel/index.ts';
import type { KernelEvent } from '../ledger/index.ts';
import type { EventKind, SilentKind } from './answer.ts';
import type { Asked } from './conversions.ts';
import { Divergence, type DivergenceWhy } from './divergence.ts';
import type { Driver, Rest, Shown, ShownKind } from './driver.ts';
import { firstAfter, type Plan } from './plan.ts';
import type { Recording } from './recording.ts';
import { type CpuState, type Running, State } from './state.ts';

/** With which kernel and form of the check a recording is followed. */
export interface FollowOptions {
  readonly profile: Profile;
  readonly patch: Patch;
  readonly way?: 'interpreted' | 'compiled';
}

/** A conversion whose arguments no event shows, with what was there before it: its other options can be tried. */
export interface Choice {
  readonly at: number;
  readonly pid: number;
  readonly saved: ReturnType<Driver['save']>;
  readonly state: State;
  readonly options: readonly Asked[];
  next: number;
}

/** What all parts of following a recording share: the recording, the model, the place reached, and the words for it. */
export class Following {
  readonly recording: Recording;
  readonly events: readonly KernelEvent[];
  readonly plan: Plan;
  readonly driver: Driver;
  readonly options: FollowOptions;
  /** Kinds of steps that the recording shows. */
  readonly kinds: ReadonlySet<ShownKind>;
  /** Of guest_memfds, by device and inode number: their inodes in the model. */
  readonly inodes: ReadonlyMap<string, number>;
  /** Of each inode: one more than the largest page that the recording names. */
  readonly most: ReadonlyMap<number, number>;
  /** Pages of each inode in the model. */
  readonly pages: number;
  /** Folios whose references are recorded from their allocation on. */
  readonly folioReferences = new Set<number>();
  state = new State();
  choices: Choice[] = [];
  /** The event that is being taken. */
  at = 0;
  /** The last event that a step has shown. */
  shownAt = -1;
  /** Why a later divergence may be the follower's: a choice that it gave up because of a bound; the first one. */
  gaveUp: string | undefined;
  /** Most ways in which one event was followed. */
  frontier = 1;

  constructor(
    parts: Pick<Following, 'recording' | 'plan' | 'driver' | 'options' | 'kinds' | 'inodes' | 'most' | 'pages'>,
  ) {
    const { recording, plan, driver, options, kinds, inodes, most, pages } = parts;
    this.recording = recording;
    this.events = recording.events;
    this.plan = plan;
    this.driver = driver;
    this.options = options;
    this.kinds = kinds;
    this.inodes = inodes;
    this.most = most;
    this.pages = pages;
  }

  /** An event of a kind is shown by a step of the model. */
  match(kind: EventKind): void {
    count(this.state.matched, kind);
    this.shownAt = this.at;
  }

  /** An event of a kind is not held: the model has no step for it here. */
  pass(kind: EventKind): void {
    count(this.state.passed, kind);
  }

  /** Calls of the model that no event shows. */
  silently(kind: SilentKind, times = 1): void {
    count(this.state.silent, kind, times);
  }

  /** Ends this way of following. `waits`: another CPU's event may make it possible. */
  diverge(why: Omit<DivergenceWhy, 'frontier'>, waits = false): never {
    throw new Divergence(this.at, { ...why, frontier: this.#ledgers() }, waits);
  }

  /** A choice is given up because of a bound: a later divergence decides nothing. `decides`: what would show the choice. */
  givesUp(bound: string, decides: string): void {
    this.gaveUp ??= `${bound} (event ${this.at + 1}); ${decides} decide it`;
  }

  /** What each CPU's batch holds in the model, for the report. */
  #ledgers(): readonly string[] {
    const { cpus } = this.state;
    return cpus.flatMap((_, cpu) => {
      const names = this.driver.batch(cpu).map((of) => this.nameOf(of));
      return names.length === 0 ? [] : [`lru_add of CPU ${cpu}: ${names.length} folios: ${shortened(names)}`];
    });
  }

  /** A folio as the recording names it. */
  nameOf(of: number): string {
    const name = this.state.pfnOf.get(of);
    return name === undefined ? `folio ${of}` : `pfn 0x${name.toString(16)}`;
  }

  /** What is known of a CPU's flushes. */
  cpu(cpu: number): CpuState {
    const state = this.state.cpus[cpu];
    if (state === undefined) throw new Error(`no CPU ${cpu}`);
    return state;
  }

  /** The next event of a task after the present one. */
  nextOf(pid: number): KernelEvent | undefined {
    return this.events[this.nextPlaceOf(pid)];
  }

  /** Whether the present event is this task's, and no step has shown it yet. */
  isDue(pid: number): boolean {
    const here = this.events[this.at];
    return here !== undefined && here.type !== 'loss' && here.pid === pid && this.shownAt !== this.at;
  }

  /** Its place; -1 if there is none. */
  nextPlaceOf(pid: number): number {
    const here = this.events[this.at];
    if (here !== undefined && here.type !== 'loss' && here.pid === pid) return this.plan.next[this.at] ?? -1;
    return firstAfter(this.plan.ofTask.get(pid), this.at);
  }

  /** What a step would show, in words. */
  say(shown: readonly Shown[]): string {
    return shown
      .map((one) => {
        switch (one.kind) {
          case 'add':
          case 'delete':
            return `${one.kind} of page ${one.index}${one.kind === 'delete' ? ` (${this.nameOf(one.folio)})` : ''}`;
          case 'insertion':
            return `insertion of ${this.nameOf(one.folio)}`;
          case 'work-queued':
            return `work queued on CPU ${one.cpu}`;
          case 'work-begun':
            return `work begun on CPU ${one.cpu}`;
          case 'work-done':
            return `work done on CPU ${one.cpu}`;
          case 'return':
            return `the call returns ${RESULTS[one.result]}`;
          case 'reference':
            return `page_ref ${one.operation} of ${this.nameOf(one.folio)}: val ${one.value} count ${one.count}`;
        }
      })
      .join('; ');
  }

  /** Where a task stands, in words. */
  sayRest({ task, code, pid }: Running, rest: Rest): string {
    const step = this.driver.next(task);
    const place = step === undefined ? 'its end' : `${step.path.at(-1) ?? code}.${step.name}`;
    return `task ${pid} stands in ${code} at ${place}${rest.at === 'waits' ? ', whose guard is false' : ''}`;
  }
}

/** Counts one more of a kind. */
export const count = <T>(counts: Map<T, number>, kind: T, times = 1): void => {
  counts.set(kind, (counts.get(kind) ?? 0) + times);
};

const shortened = (names: readonly string[]): string =>
  names.length <= 6 ? names.join(', ') : `${names.slice(0, 5).join(', ')}, ... ${names.at(-1)}`;
