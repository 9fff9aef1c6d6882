// SPDX-License-Identifier: MIT
// A machine of many CPUs and as many pages as one likes, and what is done with all of them.
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
  KVM_MEMORY_ATTRIBUTE_PRIVATE,
  PAGE_SIZE,
} from '../src/abi/index.ts';
import { type GuestMemfd, Host, type Machine, type Mapping, type Thread } from '../src/machine/index.ts';

/** A call's pages where all CPUs share the work: fewer than a batch has places, so that all batches fill alike. */
const CHUNK = 16;
/** 2 MiB. */
const HUGE = 512;

/** Something that is done with all pages. */
export interface Phase {
  readonly name: string;
  readonly run: () => void;
}

export interface LargeMachine {
  readonly machine: Machine;
  /** In order they return to the initial state: no page, and no holder. */
  readonly phases: readonly Phase[];
}

/** The result of a call. @throws Error if it failed. */
function got<T extends object>(returned: T | string | number): T {
  if (typeof returned !== 'object') throw new Error(`a call returned ${returned}`);
  return returned;
}

function ok(returned: string): void {
  if (returned !== 'ok') throw new Error(`a call returned ${returned}`);
}

/** A VM with one guest_memfd, shared at first, that a process with a thread on each CPU has mapped as a whole. */
export function largeMachine(cpus: number, pages: number): LargeMachine {
  const names = Array.from({ length: cpus }, (_, cpu) => `vcpu ${cpu}`);
  const host = new Host({ cpus, threads: names.map((name, cpu) => ({ name, cpu })), files: 1, pages });
  const threads = names.map((name) => host.thread(name));
  const threadOf = (turn: number): Thread => got(threads[turn % cpus] ?? 'nothing');
  const vm = host.createVm({ hasPrivateMemory: true, inPlaceConversion: true });
  const size = BigInt(pages) * PAGE_SIZE;
  const flags = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED;
  const file: GuestMemfd = got(vm.createGuestMemfd({ size, flags }));
  const mapping: Mapping = got(threadOf(0).mmap(file, { length: size, shared: true }));
  ok(vm.setUserMemoryRegion2(threadOf(0), 0, { gpa: 0n, size, file, offset: 0n }));

  /** Every page by CPUs in turn, beginning with CPU `first`. */
  const inTurn = (
    first: number,
    chunk: number,
    work: (thread: Thread, start: number, pages: number) => string,
  ): void => {
    for (let start = 0, turn = first; start < pages; start += chunk, turn++)
      ok(work(threadOf(turn), start, Math.min(chunk, pages - start)));
  };
  const bytes = (of: number): bigint => BigInt(of) * PAGE_SIZE;
  const touchAll = (first: number): void =>
    inTurn(first, CHUNK, (thread, start, of) => thread.touch(mapping, bytes(start), bytes(of)));
  const convert = (thread: Thread, attributes: bigint): void =>
    ok(thread.setMemoryAttributes2(file, { offset: 0n, size, attributes, flags: 0n, reserved: [] }).result);
  const mode = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE;
  const punch = (thread: Thread, start: number, of: number): string =>
    thread.fallocate(file, { mode, offset: bytes(start), length: bytes(of) });
  const inode = file.inode;

  return {
    machine: host.machine,
    phases: [
      { name: 'fault on all CPUs', run: () => touchAll(0) },
      { name: 'convert to private', run: () => convert(threadOf(3), KVM_MEMORY_ATTRIBUTE_PRIVATE) },
      {
        name: 'punch every other 2 MiB',
        run: () => inTurn(0, 2 * HUGE, (thread, start, of) => punch(thread, start, Math.min(HUGE, of))),
      },
      {
        name: 'guest faults, private',
        run: () =>
          inTurn(5, CHUNK, (thread, start, of) =>
            thread.call({ call: 'guest-touch', inode, start, pages: of, private: true }),
          ),
      },
      { name: 'convert to shared', run: () => convert(threadOf(7), 0n) },
      { name: 'fault again, other CPUs', run: () => touchAll(9) },
      {
        name: 'punch all, mapped',
        run: () => {
          ok(punch(threadOf(1), 0, pages));
          // What the punch left in other CPUs' batches.
          ok(threadOf(2).call({ call: 'lru-add-drain-all' }));
        },
      },
    ],
  };
}
