// SPDX-License-Identifier: MIT

/** Why no step of the model shows an event. */
export interface DivergenceWhy {
  /** What the model allowed there. */
  readonly allowed: string;
  /** The guard that was false, with its values. */
  readonly guard: string;
  /** The batches of the model there. */
  readonly frontier: readonly string[];
}

/** The recording is no behaviour of the model, along one way of following it. */
export class Divergence extends Error {
  /** The event's place. */
  readonly at: number;
  readonly why: DivergenceWhy;

  /** The task waits for something: another CPU's event may be what it waits for. */
  readonly waits: boolean;

  constructor(at: number, why: DivergenceWhy, waits = false) {
    super(why.allowed);
    this.at = at;
    this.why = why;
    this.waits = waits;
  }
}
