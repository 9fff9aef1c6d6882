// SPDX-License-Identifier: MIT
import type { Cpu } from '../../ledger/index.ts';
import type { ByteSource } from '../byte-source.ts';
import { readFully } from '../byte-source.ts';
import type { Walked } from './decoder.ts';
import type { Extent } from './extents.ts';
import type { BufferData, CpuData, Recording } from './recording.ts';
import type { PageWalker } from './page-walker.ts';
import type { Words } from './record-fields.ts';
import { wordsOf } from './record-fields.ts';

const CHUNK_COUNT_BYTES = 4;
/** trace-cmd packs ten pages together; more count as damage, and so does a packed chunk larger than its pages. */
const MAX_CHUNK_PAGES = 64;

/** Unpacked bytes that all CPUs together may still hold. */
interface Budget {
  bytes: number;
}

interface StreamOptions<Event extends Walked> {
  readonly source: ByteSource;
  readonly buffer: BufferData;
  readonly data: CpuData;
  /** Place of the data; undefined if there are none. */
  readonly extent: Extent | undefined;
  readonly walker: PageWalker<Event>;
  readonly littleEndian: boolean;
  /** Largest number of bytes of unpacked pages in memory; at least one page is held. */
  readonly blockBytes: number;
  /** Events that the full ring buffer refused after the last one, if the recording says so. */
  readonly droppedAtEnd: number | undefined;
  readonly symbols: Recording['symbols'];
  readonly budget: Budget;
}

/**
 * One CPU of one buffer: fetches its pages block by block and hands them to its walker. It holds at most one block, so
 * memory depends on the number of CPUs, not on the length of the recording.
 */
export class CpuStream<Event extends Walked> {
  readonly walker: PageWalker<Event>;
  readonly cpu: Cpu;
  /** Whether the file ends before this CPU's data do. */
  readonly truncated: boolean;
  /** Next entry of the walker's events that the merge takes. */
  head = 0;

  readonly #source: ByteSource;
  readonly #buffer: BufferData;
  readonly #littleEndian: boolean;
  readonly #blockBytes: number;
  /** End of the available data. */
  #end: number;
  readonly #droppedAtEnd: number | undefined;
  readonly #symbols: Recording['symbols'];
  #offset: number;
  #chunksLeft: number | undefined;
  /** Bytes of the file from `#fetchedAt` on, in reused memory. */
  #fetched: Uint8Array = new Uint8Array(0);
  #fetchedAt = 0;
  #memory: Uint8Array = new Uint8Array(0);
  /** Available pages, and the position of the next one to walk. */
  #pages: Uint8Array = new Uint8Array(0);
  #words: Words = new Uint32Array(0);
  #nextPage = 0;
  #finished = false;
  readonly #isDamaged: boolean;
  readonly #budget: Budget;
  /** This CPU's share of it. */
  #held = 0;

  constructor(options: StreamOptions<Event>) {
    const { source, buffer, data, extent, walker, littleEndian, blockBytes, droppedAtEnd, symbols, budget } = options;
    this.#symbols = symbols;
    this.#budget = budget;
    this.#source = source;
    this.#buffer = buffer;
    this.#littleEndian = littleEndian;
    this.#blockBytes = Math.max(buffer.pageSize, blockBytes - (blockBytes % buffer.pageSize));
    this.#offset = data.offset;
    this.#end = extent?.end ?? data.offset;
    this.truncated = extent?.isCutOff === true;
    this.#isDamaged = extent?.damage !== undefined;
    if (extent?.isCutOff === true) walker.tellDamage(data.place, extent.damage ?? '');
    else if (extent?.damage !== undefined) walker.damageAt(data.place, extent.damage);
    this.#droppedAtEnd = droppedAtEnd;
    this.walker = walker;
    this.cpu = data.cpu as Cpu;
  }

  /** Bytes of the file not yet read. */
  get left(): number {
    return this.#finished ? 0 : Math.max(0, this.#end - this.#offset);
  }

  /**
   * Walks on until there are events to merge: page by page, so that few events are alive at a time and the garbage
   * collector finds nearly all of them dead (docs/trace-readers.md).
   * @returns false at the end of this CPU's data.
   */
  refill(): boolean | Promise<boolean> {
    if (this.#finished) return false;
    this.head = 0;
    return this.#walkOn() || this.#further();
  }

  /** @returns whether there are events to merge; if not, it must wait for pages or names. */
  #walkOn(): boolean {
    const { walker } = this;
    do {
      walker.begin();
      if (!this.#walkPage() || walker.nameless.length > 0) return false;
      walker.keepLast();
    } while (walker.length === 0);
    return true;
  }

  async #further(): Promise<boolean> {
    const { walker } = this;
    do {
      if (walker.nameless.length > 0) walker.giveNames(await this.#symbols());
      else if (!(await this.#load())) {
        this.#finished = true;
        if (this.#isDamaged) walker.lose(undefined);
        else if (this.#droppedAtEnd !== undefined) walker.lose(this.#droppedAtEnd);
        walker.finish();
        return walker.length > 0;
      }
      walker.keepLast();
    } while (walker.length === 0 && !this.#walkOn());
    return true;
  }

  /** @returns false at the end of the available pages. */
  #walkPage(): boolean {
    const start = this.#nextPage;
    const end = start + this.#buffer.pageSize;
    if (end > this.#pages.byteLength) return false;
    this.#nextPage = end;
    this.walker.walk(this.#words, this.#pages, start >>> 2);
    return true;
  }

  /** Fetches pages; none if a chunk is damaged. @returns false at the end of this CPU's data. */
  #load(): Promise<boolean> {
    return this.#buffer.inflate === undefined ? this.#rawBlock() : this.#packedChunk();
  }

  async #rawBlock(): Promise<boolean> {
    const size = Math.min(this.#blockBytes, this.#end - this.#offset);
    const bytes = await readFully(this.#source, this.#offset, size, this.#reusable(size));
    this.walker.origin = this.#offset;
    const { pageSize } = this.#buffer;
    const rest = bytes.byteLength % pageSize;
    const whole = bytes.byteLength - rest;
    if (whole > 0) {
      // The loss behind these pages is reported after they have been walked: it hides later events.
      this.#offset += whole;
      this.#take(bytes.subarray(0, whole));
      return true;
    }
    if (rest > 0 && rest === size && !this.#isDamaged) {
      this.walker.damageAt(`byte ${this.#offset}`, `${rest} bytes, expected a whole page of ${pageSize}`);
    }
    this.#offset += rest;
    if (rest < size) {
      const missing = this.#end - this.#offset;
      this.walker.damageAt(
        `byte ${this.#offset}`,
        `nothing to read, expected ${missing} bytes: the file became shorter`,
      );
      this.#end = this.#offset;
    }
    return false;
  }

  #take(pages: Uint8Array): void {
    this.#words = wordsOf(pages, this.#littleEndian);
    this.#pages = pages;
    this.#nextPage = 0;
  }

  /** Memory that was fetched into before. */
  #reusable(size: number): Uint8Array {
    if (this.#memory.byteLength < size) this.#memory = new Uint8Array(size);
    return this.#memory;
  }

  /** `u32 chunks`, then for each `u32 packed size, u32 unpacked size` and the packed pages. */
  async #packedChunk(): Promise<boolean> {
    this.#budget.bytes += this.#held;
    this.#held = 0;
    if (this.#chunksLeft === undefined) {
      const count = await this.#fetch(CHUNK_COUNT_BYTES);
      if (count === undefined) return this.#left(0);
      this.#chunksLeft = this.#u32(count, 0);
      this.#offset += CHUNK_COUNT_BYTES;
    }
    if (this.#chunksLeft-- <= 0) return this.#left(this.left);
    const at = this.#offset;
    const header = await this.#fetch(8);
    if (header === undefined) return this.#cutShort(at);
    const packedSize = this.#u32(header, 0);
    const unpackedSize = this.#u32(header, 4);
    const most = Math.min(MAX_CHUNK_PAGES * this.#buffer.pageSize, this.#budget.bytes);
    this.#offset += 8;
    if (packedSize > 2 * MAX_CHUNK_PAGES * this.#buffer.pageSize) return this.#cutShort(at);
    const packed = await this.#fetch(packedSize);
    if (packed === undefined) return this.#cutShort(at);
    this.#offset += packedSize;
    const { pageSize } = this.#buffer;
    // A chunk that cannot be unpacked does not hide the position of the next one.
    if (unpackedSize > most) {
      this.walker.damageAt(`byte ${at}`, `a chunk of ${unpackedSize} bytes, expected at most ${most}`);
      return true;
    }
    const pages = await this.#buffer.inflate?.(packed, unpackedSize);
    if (pages === undefined || pages.byteLength % pageSize !== 0) {
      const expected = `expected ${unpackedSize} bytes in pages of ${pageSize}`;
      this.walker.damageAt(`byte ${at}`, `a chunk that cannot be unpacked, ${expected}`);
    }
    if (pages === undefined) return true;
    this.#budget.bytes -= pages.byteLength;
    this.#held = pages.byteLength;
    this.walker.packedAt = at;
    this.#take(pages);
    return true;
  }

  /** The end of the chunks, with `bytes` left behind them. */
  #left(bytes: number): false {
    if (bytes > 0 && !this.#isDamaged) {
      this.walker.damageAt(`byte ${this.#offset}`, `${bytes} bytes behind the last chunk, expected none`);
    }
    return false;
  }

  /** A chunk that runs past the end: known if the file is cut off, otherwise its size is damaged. */
  #cutShort(at: number): false {
    if (this.#isDamaged) this.walker.lose(undefined);
    else
      this.walker.damageAt(
        `byte ${at}`,
        `a chunk runs past the end of its CPU, expected at most ${this.#end - at} bytes`,
      );
    return false;
  }

  /** The next `length` bytes without advancing; undefined if this CPU's data end earlier. */
  async #fetch(length: number): Promise<Uint8Array | undefined> {
    if (this.#offset + length > this.#end) return undefined;
    let from = this.#offset - this.#fetchedAt;
    if (from < 0 || from + length > this.#fetched.byteLength) {
      const size = Math.min(Math.max(length, 2 * this.#blockBytes), this.#end - this.#offset);
      this.#fetched = await readFully(this.#source, this.#offset, size, this.#reusable(size));
      this.#fetchedAt = this.#offset;
      from = 0;
      if (this.#fetched.byteLength < length) return undefined;
    }
    return this.#fetched.subarray(from, from + length);
  }

  #u32(bytes: Uint8Array, at: number): number {
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, this.#littleEndian);
  }
}
