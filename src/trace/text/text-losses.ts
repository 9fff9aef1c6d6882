// SPDX-License-Identifier: MIT
import type { Cpu, Loss, Nanoseconds } from '../../ledger/index.ts';
import { lostCount } from '../limits.ts';
import type { TextLoss } from './dialect.ts';

/** Losses that were reported and wait for the next event of their CPU and buffer. */
export class TextLosses {
  readonly #waiting = new Map<string, TextLoss>();
  /** A piece of the text is missing: every CPU may have lost something. The CPUs that have reported it since. */
  #reportedForAll: Set<string> | undefined;
  #isWaiting = false;

  /** Whether some event may have a loss before it; called for every line. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Two losses before one event are one, of an unknown number if one of them is. */
  add(loss: TextLoss): void {
    const key = keyOf(loss.cpu, loss.buffer);
    const before = this.#waiting.get(key);
    const events =
      before?.events === undefined || loss.events === undefined ? undefined : lostCount(before.events + loss.events);
    this.#isWaiting = true;
    this.#waiting.set(key, before === undefined ? loss : { ...loss, events });
  }

  ofAll(): void {
    this.#isWaiting = true;
    this.#reportedForAll = new Set();
  }

  ofEach(cpus: readonly number[]): void {
    for (const cpu of cpus) this.add({ cpu, events: undefined, buffer: undefined });
  }

  /** The loss before an event at `at`, which is then reported. */
  take(cpu: number, buffer: string | undefined, at: Nanoseconds): Loss | undefined {
    const key = keyOf(cpu, buffer);
    if (this.#reportedForAll !== undefined && !this.#reportedForAll.has(key)) {
      this.#reportedForAll.add(key);
      this.add({ cpu, events: undefined, buffer });
    }
    const loss = this.#waiting.get(key);
    if (loss === undefined) return undefined;
    this.#waiting.delete(key);
    this.#isWaiting = this.#waiting.size > 0 || this.#reportedForAll !== undefined;
    return { type: 'loss', cpu: cpu as Cpu, at, events: loss.events, buffer };
  }

  /** The losses without a later event of their CPU. */
  rest(cpus: readonly number[]): Loss[] {
    const reported = this.#reportedForAll;
    if (reported !== undefined) this.ofEach(cpus.filter((cpu) => !reported.has(keyOf(cpu, undefined))));
    return [...this.#waiting.values()]
      .toSorted((a, b) => a.cpu - b.cpu)
      .map(({ cpu, events, buffer }) => ({ type: 'loss', cpu: cpu as Cpu, at: undefined, events, buffer }));
  }
}

const keyOf = (cpu: number, buffer: string | undefined): string => `${cpu} ${buffer ?? ''}`;
