// SPDX-License-Identifier: MIT
import { KVM_SET_MEMORY_ATTRIBUTES2 } from '../abi/index.ts';
import type { Call, Conversion } from '../machine/index.ts';
import type { HelperName } from './helpers.ts';

/** How a user program makes a call: an expression of C that gives its result, and the helpers that it calls. */
export type Making =
  | { readonly text: string; readonly needs: readonly HelperName[] }
  /** Why no user program can make it on purpose, as a part of a sentence. */
  | { readonly cannot: string };

/** Where a pin of the model is kept in the program. */
export type PinKind = 'pipe' | 'ring';

/** How a pin is taken; undefined for a call that takes none. */
export const pinKindOf = ({ call }: Call): PinKind | undefined => {
  if (call === 'vmsplice') return 'pipe';
  return call === 'pin-user-pages' || call === 'pin-longterm' ? 'ring' : undefined;
};

const making = (text: string, ...needs: readonly HelperName[]): Making => ({ text, needs });

/**
 * A call in C.
 * @param number of the call in the program.
 * @param pins by number: how each is taken.
 */
export function makingOf(call: Call, number: number, pins: ReadonlyMap<number, PinKind>): Making {
  switch (call.call) {
    case 'touch':
      return making(`touch(${call.inode}, ${call.start}, ${call.pages}, 0)`, 'touch');
    case 'write':
      return making(`touch(${call.inode}, ${call.start}, ${call.pages}, 1)`, 'touch');
    case 'load':
      return making(`load(${number}, ${call.inode}, ${call.index})`, 'load');
    case 'store':
      return making(`store(${call.inode}, ${call.index}, ${call.value})`, 'store');
    case 'fallocate':
      return making(`allocate(${call.inode}, ${call.start}, ${call.pages}, FALLOC_FL_KEEP_SIZE)`, 'allocate');
    case 'punch-hole':
      return making(
        `allocate(${call.inode}, ${call.start}, ${call.pages}, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)`,
        'allocate',
      );
    case 'set-memory-attributes2':
      return conversion(call, number);
    case 'vmsplice':
      return making(`pipe_page(${call.pin}, ${call.inode}, ${call.index})`, 'pipe');
    case 'pin-user-pages':
    case 'pin-longterm':
      return making(`pin_page(${call.pin}, ${call.inode}, ${call.index})`, 'ring');
    case 'unpin':
      return pins.get(call.pin) === 'ring'
        ? making(`unpin_page(${call.pin})`, 'leaveRing')
        : making(`empty_pipe(${call.pin})`, 'emptyPipe');
    case 'migrate-to':
      return making(`move_to(${call.cpu})`);
    case 'migrate':
      return making(`move_task(${call.task}, ${call.cpu})`, 'move');
    case 'mlock':
      return making(`lock_pages(${call.inode}, ${call.start}, ${call.pages})`, 'mlock');
    case 'munlock':
      return making(`unlock_pages(${call.inode}, ${call.start}, ${call.pages})`, 'munlock');
    case 'mincore':
      return making(`ask_mincore(${call.inode}, ${call.start}, ${call.pages})`, 'mincore');
    case 'madvise-pageout':
      return making(`advise(${call.inode}, ${call.start}, ${call.pages}, MADV_PAGEOUT)`, 'madvise');
    case 'madvise-dontneed':
      return making(`advise(${call.inode}, ${call.start}, ${call.pages}, MADV_DONTNEED)`, 'madvise');
    case 'mmap':
      return making(`map_pages(${call.inode}, ${call.start}, ${call.pages})`, 'mmap');
    case 'munmap':
      return making(`unmap_pages(${call.inode}, ${call.start}, ${call.pages})`, 'munmap');
    case 'release':
      return making(`release(${call.inode})`, 'release');
    case 'lru-add-drain':
      return making('drain_own_cpu()');
    case 'lru-add-drain-all':
      return making('drain_all()', 'drain');
    case 'unknown-ioctl':
      return making(`unknown_ioctl(0x${(KVM_SET_MEMORY_ATTRIBUTES2 + 1n).toString(16)})`, 'ioctl');
    case 'fallocate-large':
      return { cannot: 'a guest_memfd of this kernel has no large folios' };
    case 'populate':
      return { cannot: 'only the launch of a confidential VM fills a private page so' };
    case 'guest-touch':
    case 'guest-load':
    case 'guest-store':
      return { cannot: 'it takes a guest with code of its own' };
    case 'bind':
    case 'delete-memslot':
      return { cannot: 'memory slots matter to a guest, and the program has none' };
    case 'mbind':
      return { cannot: 'it isolates a page only if that is on another NUMA node' };
    case 'numa-hint-fault':
      return { cannot: 'NUMA balancing chooses the pages' };
    case 'page-idle':
    case 'damon':
      return { cannot: 'a user program sees no page frame of its own, and no end of such a look' };
    case 'soft-offline':
    case 'memory-failure':
      return { cannot: 'it would take memory from the machine for good' };
    case 'cpu-down':
    case 'cpu-up':
      return { cannot: 'it would take a CPU from everything that runs on the machine' };
    case 'use-other-memory':
      return { cannot: 'no system call leaves a page in one chosen batch' };
    case 'lru-cache-disable':
    case 'lru-cache-enable':
      return { cannot: 'only the kernel calls it' };
    case 'fork':
    case 'exit':
      return { cannot: 'the program starts its processes before the first call, and ends them after the last' };
  }
}

const hex = (value: bigint): string => (value < 10n ? String(value) : `0x${value.toString(16)}`);

function conversion({ inode, argument, writable = true, outOfMemory = false }: Conversion, number: number): Making {
  if (outOfMemory) return { cannot: 'it takes fault injection to let that allocation fail' };
  if (argument === undefined) return making(`convert(${number}, ${inode}, NULL, 1)`, 'convert');
  const { offset, size, attributes, flags, reserved } = argument;
  const fields = [
    `.offset = ${hex(offset)}`,
    `.size = ${hex(size)}`,
    `.attributes = ${hex(attributes)}`,
    ...(flags === 0n ? [] : [`.flags = ${hex(flags)}`]),
    ...(reserved.every((word) => word === 0n) ? [] : [`.reserved = { ${reserved.map(hex).join(', ')} }`]),
  ];
  return making(
    `convert(${number}, ${inode}, &(struct kvm_memory_attributes2){ ${fields.join(', ')} }, ${writable ? 1 : 0})`,
    'convert',
  );
}
