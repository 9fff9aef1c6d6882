// SPDX-License-Identifier: MIT
import type { KernelEvent } from '../../ledger/index.ts';
import type { Batcher } from '../batcher.ts';

/** A kernel stack has at most some dozen frames; a longer list is no stack. */
const MAX_FRAMES = 512;

type Traced = Exclude<KernelEvent, { type: 'loss' }>;

/**
 * Attaches each stack trace to its event: the one directly before it on its CPU, in the same task. If something came in
 * between (an interrupt's event), the trace is dropped, because it would be a guess.
 */
export class StackTraces {
  readonly #batcher: Batcher;
  /** By CPU, the event on its last line, if that was decoded. */
  readonly #last: (Traced | undefined)[] = [];
  #target: Traced | undefined;
  #frames: string[] = [];
  #isOpen = false;

  constructor(batcher: Batcher) {
    this.#batcher = batcher;
  }

  /** Records a line of `cpu` with an event that is not decoded, or unreadable. */
  passed(cpu: number): void {
    if (this.#last[cpu] !== undefined) this.#last[cpu] = undefined;
  }

  /** Records a line of `cpu` with a decoded event. */
  decoded(cpu: number, event: Traced): void {
    this.#last[cpu] = event;
  }

  /** The line that introduces a stack trace. */
  begin(cpu: number, pid: number): void {
    const last = this.#last[cpu];
    this.#last[cpu] = undefined;
    this.#target = last?.pid === pid ? last : undefined;
    this.#isOpen = true;
  }

  /** The same for a trace without such a line: it belongs to the event on the previous line. */
  beginBehind(event: Traced | undefined): void {
    this.#target = event;
    this.#isOpen = true;
  }

  /** Whether lines of a trace may follow now. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  frame(name: string): void {
    if (this.#frames.length < MAX_FRAMES) this.#frames.push(name);
  }

  /** Any line that does not belong to a trace. */
  end(): void {
    this.#isOpen = false;
    if (this.#frames.length > 0) {
      if (this.#target !== undefined) this.#batcher.replace(this.#target, { ...this.#target, stack: this.#frames });
      this.#frames = [];
    }
    this.#target = undefined;
  }
}
