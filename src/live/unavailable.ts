// SPDX-License-Identifier: MIT

/**
 * A need of a command that this machine does not have, as one line.
 * @example
 * import { UnavailableError } from 'folioscope/live';
 * new UnavailableError('/dev/kvm is missing', 'modprobe kvm').message; // => '/dev/kvm is missing; to get it: modprobe kvm'
 */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  /** What is missing. */
  readonly missing: string;
  /** How to get it. */
  readonly enable: string;

  constructor(missing: string, enable: string) {
    super(`${missing}; to get it: ${enable}`);
    this.missing = missing;
    this.enable = enable;
  }
}
