// SPDX-License-Identifier: MIT
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from '../abi/index.ts';
import type { Scenario, ScenarioCall } from '../scenario/index.ts';

const half = (start: number, pages: number): string => `${start}..${start + pages}`;

/** A call in a few words, as a scenario file would say it: `convert 0..1 to private`. */
export function callText(scenario: Scenario, { call }: ScenarioCall): string {
  const of = (inode: number): string => {
    const name = scenario.guestMemfds[inode];
    return name === undefined ? '' : ` of ${name}`;
  };
  switch (call.call) {
    case 'touch':
    case 'punch-hole':
    case 'mincore':
    case 'mbind':
    case 'write':
    case 'mmap':
    case 'munmap':
    case 'mlock':
    case 'munlock':
      return `${call.call} ${half(call.start, call.pages)}${of(call.inode)}`;
    case 'guest-touch':
      return `guest touches ${half(call.start, call.pages)}${of(call.inode)} as ${call.private ? 'private' : 'shared'}`;
    case 'fallocate':
      return `fallocate${call.large === true ? '-large' : ''} ${half(call.start, call.pages)}${of(call.inode)}`;
    case 'set-memory-attributes2': {
      const { argument, inode } = call;
      if (argument === undefined) return `convert${of(inode)}, struct unreadable`;
      const { offset, size, attributes, flags, reserved } = argument;
      const whole = offset % PAGE_SIZE === 0n && size % PAGE_SIZE === 0n && size > 0n;
      const range = whole ? `${offset / PAGE_SIZE}..${(offset + size) / PAGE_SIZE}` : `bytes ${offset}+${size}`;
      const to = attributes === KVM_MEMORY_ATTRIBUTE_PRIVATE ? 'private' : 'shared';
      const extras = [
        ...(flags === 0n ? [] : [`flags ${flags}`]),
        ...(reserved.every((word) => word === 0n) ? [] : [`reserved ${reserved.join(' ')}`]),
        ...(call.writable === false ? ['struct read-only'] : []),
        ...(call.outOfMemory === true ? ['out of memory'] : []),
      ];
      const target =
        attributes === KVM_MEMORY_ATTRIBUTE_PRIVATE || attributes === 0n ? `to ${to}` : `to attributes ${attributes}`;
      return [`convert ${range}${of(inode)} ${target}`, ...extras].join(', ');
    }
    case 'load':
      return `load page ${call.index}${of(call.inode)}`;
    case 'store':
      return `store ${call.value} to page ${call.index}${of(call.inode)}`;
    case 'guest-load':
      return `guest loads page ${call.index}${of(call.inode)} as ${call.private ? 'private' : 'shared'}`;
    case 'guest-store':
      return `guest stores ${call.value} to page ${call.index}${of(call.inode)} as ${call.private ? 'private' : 'shared'}`;
    case 'populate': {
      const from = `page ${call.sourceIndex}${of(call.sourceInode)}`;
      return `populate page ${call.index}${of(call.inode)} from ${from}`;
    }
    case 'bind':
    case 'delete-memslot':
      return `${call.call} ${half(call.start, call.pages)}${of(call.inode)}`;
    case 'release':
      return `the last reference to the file${of(call.inode)} is closed`;
    case 'unknown-ioctl':
      return 'an ioctl of unknown number';
    case 'vmsplice':
    case 'pin-user-pages':
    case 'pin-longterm':
      return `${call.call} page ${call.index}${of(call.inode)} as ${scenario.pins[call.pin] ?? ''}`;
    case 'unpin':
      return `unpin ${scenario.pins[call.pin] ?? ''}`;
    case 'page-idle':
    case 'damon':
    case 'soft-offline':
    case 'memory-failure':
      return `${call.call} pfn ${call.pfn}`;
    case 'lru-cache-disable':
      return 'lru_cache_disable()';
    case 'lru-cache-enable':
      return 'lru_cache_enable()';
    case 'migrate-to':
      return `migrate to CPU ${call.cpu}`;
    case 'migrate':
      return `the scheduler moves ${scenario.machine.tasks[call.task]?.name ?? ''} to CPU ${call.cpu}`;
    case 'numa-hint-fault':
      return `NUMA hint fault at ${half(call.start, call.pages)}${of(call.inode)}`;
    case 'madvise-pageout':
      return `madvise(MADV_PAGEOUT) ${half(call.start, call.pages)}${of(call.inode)}`;
    case 'madvise-dontneed':
      return `madvise(MADV_DONTNEED) ${half(call.start, call.pages)}${of(call.inode)}`;
    case 'fork':
      return `fork into process ${call.process}`;
    case 'exit':
      return 'its process exits';
    case 'use-other-memory':
      return `leaves a page of other memory in ${call.batch}`;
    case 'cpu-down':
      return `CPU ${call.cpu} goes offline`;
    case 'cpu-up':
      return `CPU ${call.cpu} comes back`;
    case 'lru-add-drain':
      return 'lru_add_drain()';
    case 'lru-add-drain-all':
      return 'lru_add_drain_all()';
  }
}
