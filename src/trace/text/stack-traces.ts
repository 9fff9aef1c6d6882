// SPDX-License-Identifier: MIT
import type { KernelEvent } from '../../ledger/index.ts';
import type { Batcher } from '../batcher.ts';

/** A kernel stack has at most some dozen frames; what goes on is no stack. */
const MAX_FRAMES = 512;

type Traced = Exclude<KernelEvent, { type: 'loss' }>;

/**
 * Gives each stack trace to its event: the one that stands directly before it on its CPU, in the same task. If something
 * came in between (an interrupt's event), the trace is given to nobody, because it would be a guess.
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

  /** A line of `cpu` with an event that nobody decodes, or undecodable. */
  passed(cpu: number): void {
    if (this.#last[cpu] !== undefined) this.#last[cpu] = undefined;
  }

  /** A line of `cpu` with an event that was decoded. */
  decoded(cpu: number, event: Traced): void {
    this.#last[cpu] = event;
  }

  /** The line that a stack trace starts with. */
  begin(cpu: number, pid: number): void {
    const last = this.#last[cpu];
    this.#last[cpu] = undefined;
    this.#target = last?.pid === pid ? last : undefined;
    this.#isOpen = true;
  }

  /** The same where the trace has no such line: it belongs to the event on the line before. */
  beginBehind(event: Traced | undefined): void {
    this.#target = event;
    this.#isOpen = true;
  }

  /** Whether lines of a trace may come now. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  frame(name: string): void {
    if (this.#frames.length < MAX_FRAMES) this.#frames.push(name);
  }

  /** Any line that is no part of a trace. */
  end(): void {
    this.#isOpen = false;
    if (this.#frames.length > 0) {
      if (this.#target !== undefined) this.#batcher.replace(this.#target, { ...this.#target, stack: this.#frames });
      this.#frames = [];
    }
    this.#target = undefined;
  }
}
