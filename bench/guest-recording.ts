// SPDX-License-Identifier: MIT
// A long recording of a guest_memfd that is used: faults on two CPUs, full batches, drains, conversions, punched holes. Its
// formats and symbols are those of a real recording, whose own events it leaves out. Stand-alone:
//
//   npx tsx bench/guest-recording.ts IN OUT EVENTS
//
// IN is a trace.dat v6 with the events of this file, in this machine's byte order, of two CPUs
// (`trace-cmd convert --file-version 6 -i test/recordings/odd_v7_zstd.dat -o IN` makes one).
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { KVM_SET_MEMORY_ATTRIBUTES2 } from '../src/abi/index.ts';

const PAGE = 4096;
/** Bytes of a ring-buffer page's head: time and length. */
const HEAD = 16;
const LONGEST_DELTA = 2 ** 27 - 1;
const CPUS = 2;
const BATCH = 31;
const PAGES = 20_000;
const FIRST_PFN = 0x10_0000;
const DEVICE = 16;
const INODE = 0x44_14n;
const UNEVICTABLE = 4;
const EAGAIN = -11n;
const QUEUE = 'mm_percpu_wq\0';

/** Events of one CPU, as its ring buffer has them. */
class CpuBuffer {
  readonly pages: Buffer[] = [];
  #page: Buffer | undefined;
  #length = 0;
  #last = 0;

  /** @param at nanoseconds, rising. */
  record(at: number, payload: Buffer): void {
    const words = Math.ceil(payload.length / 4);
    const size = 4 + 4 * words;
    if (this.#page === undefined || HEAD + this.#length + size > PAGE || at - this.#last > LONGEST_DELTA)
      this.#open(at);
    const page = this.#page;
    if (page === undefined) return;
    const place = HEAD + this.#length;
    page.writeUInt32LE((((at - this.#last) << 5) | words) >>> 0, place);
    payload.copy(page, place + 4);
    this.#length += size;
    this.#last = at;
    page.writeBigUInt64LE(BigInt(this.#length), 8);
  }

  #open(at: number): void {
    const page = Buffer.alloc(PAGE);
    page.writeBigUInt64LE(BigInt(at), 0);
    this.pages.push(page);
    this.#page = page;
    this.#length = 0;
    this.#last = at;
  }
}

/** Ids of events, and the address of a function, by the recording's own head. */
class Formats {
  readonly #head: string;

  constructor(head: string) {
    this.#head = head;
  }

  id(name: string): number {
    const [, id] = new RegExp(String.raw`name: ${name}\nID: (\d+)\n`).exec(this.#head) ?? [];
    if (id === undefined) throw new Error(`the recording does not know the event ${name}`);
    return Number(id);
  }

  function(name: string): bigint {
    const [, address] = new RegExp(String.raw`([\da-f]{16}) [tT] ${name}\n`).exec(this.#head) ?? [];
    if (address === undefined) throw new Error(`the recording does not know the function ${name}`);
    return BigInt(`0x${address}`);
  }
}

/** A guest that faults pages in and gives them back. */
class Guest {
  readonly cpus = Array.from({ length: CPUS }, () => new CpuBuffer());
  events = 0;
  readonly #formats: Formats;
  readonly #ids = new Map<string, number>();
  readonly #batches: number[][] = Array.from({ length: CPUS }, () => []);
  readonly #here = new Set<number>();
  readonly #drain: bigint;
  #time = 1_000_000_000;
  #seed = 1;

  constructor(formats: Formats) {
    this.#formats = formats;
    this.#drain = formats.function('lru_add_drain_per_cpu');
  }

  /** Runs until so many events are recorded. */
  run(events: number): void {
    let index = 0;
    for (let step = 1; this.events < events; step++) {
      const cpu = this.#random() % CPUS;
      for (let burst = 1 + (this.#random() % 24); burst > 0; burst--) {
        this.#fault(cpu, index);
        index = (index + 1) % PAGES;
        if (index === 0) this.#punch(0, PAGES);
      }
      if (step % 150 === 0) this.#convert(step % 300 === 0);
      if (step % 400 === 0) this.#punch(this.#random() % PAGES, 512);
    }
  }

  #random(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#seed >>> 8;
  }

  #at(): number {
    this.#time += 300 + (this.#random() % 1500);
    return this.#time;
  }

  #record(cpu: number, name: string, pid: number, length: number, fill: (bytes: Buffer) => void): void {
    const id = this.#ids.get(name) ?? this.#formats.id(name);
    this.#ids.set(name, id);
    const bytes = Buffer.alloc(length);
    bytes.writeUInt16LE(id, 0);
    bytes.writeInt32LE(pid, 4);
    fill(bytes);
    this.cpus[cpu]?.record(this.#at(), bytes);
    this.events++;
  }

  #filemap(cpu: number, name: string, index: number): void {
    this.#record(cpu, name, 100 + cpu, 40, (bytes) => {
      bytes.writeBigUInt64LE(BigInt(FIRST_PFN + index), 8);
      bytes.writeBigUInt64LE(INODE, 16);
      bytes.writeBigUInt64LE(BigInt(index), 24);
      bytes.writeUInt32LE(DEVICE, 32);
    });
  }

  #fault(cpu: number, index: number): void {
    if (this.#here.has(index)) return;
    this.#here.add(index);
    this.#filemap(cpu, 'mm_filemap_add_to_page_cache', index);
    const batch = this.#batches[cpu];
    batch?.push(index);
    if (batch?.length === BATCH) this.#flush(cpu, 100 + cpu);
  }

  #flush(cpu: number, pid: number): void {
    for (const index of this.#batches[cpu]?.splice(0) ?? [])
      this.#record(cpu, 'mm_lru_insertion', pid, 40, (bytes) => {
        bytes.writeBigUInt64LE(BigInt(FIRST_PFN + index), 16);
        bytes.writeUInt32LE(UNEVICTABLE, 24);
      });
  }

  #punch(from: number, length: number): void {
    for (let index = from; index < Math.min(PAGES, from + length); index++)
      if (this.#here.delete(index)) this.#filemap(0, 'mm_filemap_delete_from_page_cache', index);
  }

  #convert(drains: boolean): void {
    this.#record(0, 'sys_enter_ioctl', 100, 40, (bytes) => {
      bytes.writeBigUInt64LE(8n, 16);
      bytes.writeBigUInt64LE(KVM_SET_MEMORY_ATTRIBUTES2, 24);
    });
    const isHeld = (this.#batches[1]?.length ?? 0) > 0;
    if (drains && isHeld) {
      this.#record(0, 'workqueue_queue_work', 100, 36 + QUEUE.length, (bytes) => {
        bytes.writeBigUInt64LE(0xffff_8880_0000_1000n, 8);
        bytes.writeBigUInt64LE(this.#drain, 16);
        bytes.writeUInt32LE((QUEUE.length << 16) | 36, 24);
        bytes.writeInt32LE(1, 28);
        bytes.writeInt32LE(1, 32);
        bytes.write(QUEUE, 36, 'latin1');
      });
      this.#work('workqueue_execute_start');
      this.#flush(1, 21);
      this.#work('workqueue_execute_end');
    }
    this.#record(0, 'sys_exit_ioctl', 100, 24, (bytes) => bytes.writeBigInt64LE(isHeld && !drains ? EAGAIN : 0n, 16));
  }

  #work(name: string): void {
    this.#record(1, name, 21, 24, (bytes) => {
      bytes.writeBigUInt64LE(0xffff_8880_0000_1000n, 8);
      bytes.writeBigUInt64LE(this.#drain, 16);
    });
  }
}

/**
 * Writes a recording of a guest's life to `output`, with the head of `input`.
 * @returns the number of events.
 */
export function recordGuest(input: string, output: string, events: number): number {
  const file = readFileSync(input);
  const tag = Buffer.from('flyrecord\0');
  const table = file.indexOf(tag) + tag.length;
  const first = Math.min(...Array.from({ length: CPUS }, (_, cpu) => Number(file.readBigUInt64LE(table + cpu * 16))));
  const head = Buffer.from(file.subarray(0, first));
  const guest = new Guest(new Formats(head.toString('latin1')));
  guest.run(events);
  let next = head.byteLength;
  for (const [cpu, { pages }] of guest.cpus.entries()) {
    head.writeBigUInt64LE(BigInt(next), table + cpu * 16);
    head.writeBigUInt64LE(BigInt(pages.length * PAGE), table + cpu * 16 + 8);
    next += pages.length * PAGE;
  }
  const out = openSync(output, 'w');
  writeSync(out, head);
  for (const { pages } of guest.cpus) for (const page of pages) writeSync(out, page);
  closeSync(out);
  return guest.events;
}

const [, script = '', input = '', output = '', events = ''] = process.argv;
if (import.meta.url === pathToFileURL(script).href) console.log(recordGuest(input, output, Number(events)));
