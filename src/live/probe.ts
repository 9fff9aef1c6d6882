// SPDX-License-Identifier: MIT
import { GUEST_MEMFD_FLAG_MMAP } from '../abi/index.ts';
import { GuestMemory, Vm } from './kvm.ts';
import { loadNative } from './native.ts';

/** Experiments that may end their process by a signal: each runs in a child process of its own. */
export type Probe = 'private-page';

/**
 * Runs an experiment. If it ends without a signal, it prints nothing.
 * @example
 * import { runProbe } from 'folioscope/live';
 * typeof runProbe; // => 'function'
 */
export async function runProbe(probe: Probe): Promise<void> {
  const native = await loadNative();
  switch (probe) {
    case 'private-page': {
      const memory = new GuestMemory(native, new Vm(native), 1, GUEST_MEMFD_FLAG_MMAP);
      native.store(memory.address);
    }
  }
}
