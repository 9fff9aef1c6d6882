// SPDX-License-Identifier: MIT
import type { Nanoseconds } from '../../ledger/index.ts';
import { nanoseconds } from '../../ledger/index.ts';
import { HOST_IS_LITTLE_ENDIAN } from '../host-order.ts';

const SECOND = 1_000_000_000n;
/** More do not fit into 64 signed bits; no clock of a machine gets there, a damaged line may. */
const MAX_SECONDS = 9_000_000_000;

const CELL = new BigInt64Array(1);
const HALVES = new Uint32Array(CELL.buffer);
const LOW = HOST_IS_LITTLE_ENDIAN ? 0 : 1;

/** Makes the times of lines; many share a second, and some are equal. */
export class LineClock {
  #seconds = -1;
  /** The present second: as a whole, and as the halves of a 64-bit cell. */
  #start = 0n;
  #startLow = 0;
  #startHigh = 0;
  #fraction = -1;
  #time = nanoseconds(0n);

  /**
   * Through the cell a time is one bigint: `start + BigInt(fraction)` would make two, in twice the time.
   * @param seconds whole, at least 0; `fraction` the nanoseconds after it, below 10^9.
   */
  at(seconds: number, fraction: number): Nanoseconds {
    if (seconds !== this.#seconds) this.#enter(seconds);
    else if (fraction === this.#fraction) return this.#time;
    this.#fraction = fraction;
    if (seconds > MAX_SECONDS) return (this.#time = nanoseconds(this.#start + BigInt(fraction)));
    const low = this.#startLow + fraction;
    HALVES[LOW] = low; // modulo 2^32
    HALVES[1 - LOW] = this.#startHigh + (low >= 0x1_0000_0000 ? 1 : 0);
    return (this.#time = nanoseconds(CELL[0]!));
  }

  #enter(seconds: number): void {
    this.#seconds = seconds;
    this.#start = BigInt(seconds) * SECOND;
    CELL[0] = this.#start;
    this.#startLow = HALVES[LOW]!;
    this.#startHigh = HALVES[1 - LOW]!;
  }
}
