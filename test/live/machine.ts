// SPDX-License-Identifier: MIT
// What tests of the running kernel need, and why one cannot run here.
import { accessSync, constants, existsSync } from 'node:fs';
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
    const reader = new PageReader('self', native.pageSize);
    const address = native.mmap(4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    reader.mapped(address, 1);
    native.munmap(address, 4096);
    reader.close();
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** Where tracefs is; undefined where it is not mounted, or not for this user. */
export const TRACEFS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'].find((path) =>
  existsSync(`${path}/events`),
);

/** Why nothing can be traced here. */
export function lackingTracefs(): string | undefined {
  if (TRACEFS === undefined) return 'tracefs is not mounted, or this user may not see it';
  try {
    accessSync(`${TRACEFS}/instances`, constants.W_OK);
  } catch (error) {
    return reasonOf(error);
  }
  return existsSync(`${TRACEFS}/events/filemap/mm_filemap_add_to_page_cache`)
    ? undefined
    : 'this kernel has no mm_filemap events';
}
