// SPDX-License-Identifier: MIT
// What tests of the running kernel need, and why one cannot run here.
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ } from '../../src/abi/index.ts';
import { Vm } from '../../src/live/kvm.ts';
import { loadNative } from '../../src/live/native.ts';
import { PageReader } from '../../src/live/pages.ts';

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Why there is no guest_memfd to be had, or its pages cannot be seen; undefined where both are possible. */
export async function lackingGuestMemfd(): Promise<string | undefined> {
  try {
    const native = await loadNative();
    const vm = new Vm(native);
    const { has, flags } = vm.guestMemfd;
    vm.close();
    if (!has || (flags & 3n) !== 3n) return 'this kernel has no guest_memfd that can be mapped';
    const reader = new PageReader('self');
    const address = native.mmap(4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    reader.mapped(address, 1);
    native.munmap(address, 4096);
    reader.close();
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}
