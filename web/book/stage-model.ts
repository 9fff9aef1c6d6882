// SPDX-License-Identifier: MIT
import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { KeyHelp } from '../view/index.ts';
import { type Line, lineOf, switchesOf } from './align.ts';
import type { Film } from './film.ts';
import type { EveryOrder } from './protocol.ts';

/** Milliseconds from one step to the next while it plays. */
const PACE = 260;

/** The keys of a stage, for the `?` sheet. */
export const STAGE_KEYS: readonly KeyHelp[] = [
  { keys: ['←', '→'], does: 'one step back, forward' },
  { keys: ['Home', 'End'], does: 'to the first step, to the last' },
  { keys: ['[', ']'], does: 'to the previous, the next switch of threads' },
  { keys: ['Space'], does: 'play, pause' },
  { keys: ['1', '…', '9'], does: 'let this thread take the next step' },
  { keys: ['C'], does: 'show only what the step has changed' },
];

/** The films that are played, one or two on one line, and the position. */
export class Stage {
  readonly films: Signal<readonly Film[]> = signal([]);
  readonly position: Signal<number> = signal(0);
  readonly onlyChanges: Signal<boolean> = signal(false);
  readonly isPlaying: Signal<boolean> = signal(false);
  readonly everyOrder: Signal<readonly EveryOrder[]> = signal([]);
  readonly line: ReadonlySignal<Line> = computed(() => lineOf(this.films.value));
  /** The frame of each film. */
  readonly frames: ReadonlySignal<readonly number[]> = computed(() => this.line.value.framesAt(this.position.value));
  readonly #choose: (schedule: readonly string[], film: number, frame: number) => void;
  readonly #stopEffect: () => void;

  /** @param choose called to play other turns: those of a film up to a frame, and then one that the reader chose. */
  constructor(choose: (turns: readonly string[], film: number, frame: number) => void) {
    this.#choose = choose;
    this.#stopEffect = effect(() => {
      if (!this.isPlaying.value) return undefined;
      const timer = setInterval(() => this.#tick(), PACE);
      return () => clearInterval(timer);
    });
  }

  show(films: readonly Film[], position: number): void {
    this.films.value = films;
    this.everyOrder.value = [];
    this.seek(position);
  }

  seek(position: number): void {
    this.position.value = Math.min(Math.max(Math.round(position), 0), this.line.value.end);
  }

  /** To a frame of one film. */
  seekFrame(film: number, frame: number): void {
    this.seek(this.line.value.positionOf(film, frame));
  }

  play(): void {
    if (!this.isPlaying.value && this.position.value >= this.line.value.end) this.seek(this.#start());
    this.isPlaying.value = !this.isPlaying.value;
  }

  /** Lets a task of a film take the next turn. */
  choose(film: number, task: number): void {
    const its = this.films.value[film];
    const frame = this.frames.value[film] ?? 0;
    const name = its?.tasks[task];
    if (its === undefined || name === undefined || frame < its.start) return;
    const turns = its.frames
      .slice(its.start + 1, frame + 1)
      .flatMap(({ step }) => (step?.stage === 'threads' ? [its.tasks[step.task] ?? ''] : []));
    this.isPlaying.value = false;
    this.#choose([...turns, name], film, frame + 1);
  }

  /** The film whose turn it is at this position, or the longest. */
  leading(): number {
    const here = this.frames.value;
    const next = this.line.value.framesAt(this.position.value + 1);
    const moving = next.findIndex((frame, film) => frame !== here[film]);
    return moving === -1 ? 0 : moving;
  }

  /** @returns whether the key was one of the stage's. */
  key(event: KeyboardEvent): boolean {
    const { position, line } = this;
    switch (event.key) {
      case 'ArrowLeft':
        this.seek(position.value - 1);
        return true;
      case 'ArrowRight':
        this.seek(position.value + 1);
        return true;
      case 'Home':
        this.seek(0);
        return true;
      case 'End':
        this.seek(line.value.end);
        return true;
      case '[':
        this.seek(this.#switches().findLast((at) => at < position.value) ?? 0);
        return true;
      case ']':
        this.seek(this.#switches().find((at) => at > position.value) ?? line.value.end);
        return true;
      case ' ':
        this.play();
        return true;
      case 'c':
        this.onlyChanges.value = !this.onlyChanges.value;
        return true;
      default:
        return /^[1-9]$/.test(event.key) && this.#chooseByKey(Number(event.key) - 1);
    }
  }

  unmount(): void {
    this.isPlaying.value = false;
    this.#stopEffect();
  }

  /** Tries the leading film first: a thread that cannot step there may step in the other film. */
  #chooseByKey(task: number): boolean {
    const leading = this.leading();
    const order = [leading, ...[...this.films.value.keys()].filter((film) => film !== leading)];
    const film = order.find(
      (one) => this.films.value[one]?.frames[this.frames.value[one] ?? 0]?.tasks[task]?.state === 'ready',
    );
    if (film !== undefined) this.choose(film, task);
    return film !== undefined;
  }

  #switches(): readonly number[] {
    return switchesOf(this.films.value, this.line.value);
  }

  #start(): number {
    return Math.min(...this.films.value.map(({ start }) => start));
  }

  #tick(): void {
    if (this.position.value >= this.line.value.end) this.isPlaying.value = false;
    else this.seek(this.position.value + 1);
  }
}
