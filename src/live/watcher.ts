// SPDX-License-Identifier: MIT
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './error-code.ts';
import { findTracefs, TraceInstance } from './tracefs.ts';
import { UnavailableError } from './unavailable.ts';

const ADD = 'filemap/mm_filemap_add_to_page_cache';
/** `... [001] ..... 12.5: mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x7 ...`; the task's name comes before it. */
const ADD_LINE = /\[(\d+)\] [^[]*: mm_filemap_add_to_page_cache: .*\bpfn=0x([0-9a-f]+)/;
const BLOCK_BYTES = 64 * 1024;
/** O_RDONLY, O_NONBLOCK. */
const FLAGS = 0o4_000;

/** Remembers the CPU on which pages enter the page cache, from now on: they wait in the batch of this CPU. */
export class AddWatcher {
  readonly #instance: TraceInstance;
  readonly #pipe: number;
  readonly #cpus = new Map<number, number>();
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  #rest = '';

  /** @throws UnavailableError if nothing can be traced here. @param filter of the event. */
  constructor(filter: string) {
    this.#instance = new TraceInstance(findTracefs(), 'inspect');
    try {
      if (!this.#instance.hasEvent(ADD))
        throw new UnavailableError(`this kernel has no event ${ADD}`, 'a kernel with CONFIG_TRACING and its mm events');
      this.#pipe = openSync(join(this.#instance.path, 'trace_pipe'), FLAGS);
      this.#instance.enable(ADD, filter);
    } catch (error) {
      this.#instance.close();
      throw error;
    }
  }

  /** Takes the events since the last time. */
  poll(): void {
    for (;;) {
      let got: number;
      try {
        got = readSync(this.#pipe, this.#block, 0, BLOCK_BYTES, null);
      } catch (error) {
        if (codeOf(error) === 'EAGAIN') return;
        throw error;
      }
      if (got === 0) return;
      const lines = (this.#rest + this.#block.toString('latin1', 0, got)).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) {
        const [, cpu, frame] = ADD_LINE.exec(line) ?? [];
        if (cpu !== undefined && frame !== undefined) this.#cpus.set(Number.parseInt(frame, 16), Number(cpu));
      }
    }
  }

  /** The CPU on which a page entered the page cache; undefined if that was before. */
  cpuOf(frame: number): number | undefined {
    return this.#cpus.get(frame);
  }

  close(): void {
    closeSync(this.#pipe);
    this.#instance.close();
  }
}
