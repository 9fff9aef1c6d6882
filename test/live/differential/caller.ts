// SPDX-License-Identifier: MIT
import { closeSync, openSync, readSync } from 'node:fs';
import {
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
  MADV_DONTNEED,
  POSIX_FADV_DONTNEED,
} from '../../../src/abi/index.ts';
import { Cpus, GuestMemory, type Native, Vm } from '../../../src/live/index.ts';
import { PAGES, PINS, type Step } from './steps.ts';

/** A guest_memfd and pipes of this process, and the calls of a sequence on them. */
export class Caller {
  readonly cpus: Cpus;
  readonly memory: GuestMemory;
  readonly #native: Native;
  readonly #pipes: { readonly read: number; readonly write: number }[] = [];
  readonly #program: number;
  readonly #buffer: Uint8Array;
  readonly #opened: (() => void)[] = [];

  /** @throws UnavailableError if this machine has no guest_memfd that can be mapped. */
  constructor(native: Native) {
    this.#native = native;
    const vm = new Vm(native);
    this.#opened.push(() => vm.close());
    try {
      const memory = new GuestMemory(native, vm, PAGES, GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED);
      this.#opened.push(() => memory.close());
      this.memory = memory;
      const cpus = new Cpus(native);
      this.#opened.push(() => cpus.close());
      this.cpus = cpus;
      for (let nth = 0; nth < PINS; nth++) this.#pipe();
      // A page of a file on disk that stays in the page cache: to drop it drains all CPUs.
      this.#program = openSync(process.execPath, 'r');
      this.#opened.push(() => closeSync(this.#program));
      this.#buffer = new Uint8Array(native.pageSize).fill(1);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #pipe(): void {
    const pipe = this.#native.pipe();
    if (typeof pipe === 'number') throw new Error(`no pipe: ${pipe}`);
    this.#opened.push(() => {
      closeSync(pipe.read);
      closeSync(pipe.write);
    });
    this.#pipes.push(pipe);
  }

  /** @returns 0, or the error, negative. */
  make(step: Step): number {
    const { memory } = this;
    const native = this.#native;
    switch (step.call) {
      case 'move':
        this.cpus.moveTo(this.cpus.allowed[step.cpu] ?? 0);
        return 0;
      case 'touch':
        return Math.min(0, memory.touch(step.start, step.pages));
      case 'fallocate':
        return memory.allocate(step.start, step.pages);
      case 'punch':
        return memory.punch(step.start, step.pages);
      case 'mlock':
        return memory.mlock(step.start, step.pages);
      case 'munlock':
        return memory.munlock(step.start, step.pages);
      case 'dontneed':
        return native.madvise(memory.at(step.start), step.pages * native.pageSize, MADV_DONTNEED);
      case 'drain':
        return this.cpus.drainHere();
      case 'drain-all':
        return native.fadvise(this.#program, 0, native.pageSize, POSIX_FADV_DONTNEED);
      case 'pin':
        return Math.min(0, memory.pin(this.#pipes[step.pin]?.write ?? -1, step.page, 1));
      case 'unpin':
        return readSync(this.#pipes[step.pin]?.read ?? -1, this.#buffer, 0, native.pageSize, null) > 0 ? 0 : -1;
    }
  }

  close(): void {
    for (const close of this.#opened.toReversed()) close();
  }
}
