// SPDX-License-Identifier: MIT
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from '../abi/index.ts';
import { errorName, type Native } from './native.ts';
import { UnavailableError } from './unavailable.ts';

/** Moves the calling thread between CPUs, and drains their batches. */
export class Cpus {
  /** CPUs on which this process may run. */
  readonly allowed: readonly number[];
  readonly #native: Native;
  /** An own page, touched once: mlock(2) of it drains the batches of the CPU that the call runs on. */
  readonly #page: number;

  constructor(native: Native) {
    this.#native = native;
    this.allowed = native.affinity();
    this.#page = native.mmap(native.pageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    native.touch(this.#page);
  }

  /** Runs on one CPU from here on. @throws UnavailableError if this process may not run there. */
  moveTo(cpu: number): void {
    const returned = this.#native.setAffinity([cpu]);
    if (returned < 0)
      throw new UnavailableError(
        `this process may not run on CPU ${cpu} (${errorName(returned)})`,
        `taskset, or a cpuset that has CPU ${cpu}`,
      );
  }

  /** Runs on any of the allowed CPUs again. */
  release(): void {
    this.#native.setAffinity(this.allowed);
  }

  /**
   * Drains the batches of this CPU: the walk of mlock(2) begins and ends with lru_add_drain().
   * @returns 0, or an error, negative (RLIMIT_MEMLOCK of 0).
   */
  drainHere(): number {
    const returned = this.#native.mlock(this.#page, this.#native.pageSize);
    this.#native.munlock(this.#page, this.#native.pageSize);
    return returned;
  }

  /** Drains the batches of these CPUs, one after the other, and stays on the last. */
  drain(cpus: readonly number[]): number {
    let failed = 0;
    for (const cpu of cpus) {
      this.moveTo(cpu);
      failed ||= this.drainHere();
    }
    return failed;
  }

  close(): void {
    this.release();
    this.#native.munmap(this.#page, this.#native.pageSize);
  }
}
