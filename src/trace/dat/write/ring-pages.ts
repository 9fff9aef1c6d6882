// SPDX-License-Identifier: MIT
import { DEFAULT_PAGE_SIZE } from '../../../abi/index.ts';
import type { Nanoseconds } from '../../../ledger/index.ts';
import { Bytes } from './bytes.ts';

/** Bytes of a page, and of what stands before its records: its time, and its length with the flags of a loss. */
export const RING_PAGE_BYTES: number = DEFAULT_PAGE_SIZE;
const HEAD_BYTES = 16;
/** Flags in the length (kernel/trace/ring_buffer.c): RB_MISSED_EVENTS and RB_MISSED_STORED. */
const MISSED_EVENTS = 0x8000_0000n;
const MISSED_STORED = 0x4000_0000n;
const STORED_BYTES = 8;
/** Largest data of a record without a word for their length, in words; types of time extensions. */
const MOST_WORDS = 28;
const TIME_EXTEND = 30;
const DELTA_BITS = 27n;
const DELTA = (1n << DELTA_BITS) - 1n;
/** Distance from the last record above which a page of its own is made. */
const FAR = 1n << 58n;

/** As tracefs describes such pages in `events/header_page`, on a machine with longs of 8 bytes. */
export const HEADER_PAGE = [
  '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;',
  '\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;',
  '\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;',
  `\tfield: char data;\toffset:${HEAD_BYTES};\tsize:${RING_PAGE_BYTES - HEAD_BYTES};\tsigned:1;`,
  '',
].join('\n');

/** As tracefs describes records in `events/header_event`. */
export const HEADER_EVENT = [
  '# compressed entry header',
  '\ttype_len    :    5 bits',
  '\ttime_delta  :   27 bits',
  '\tarray       :   32 bits',
  '',
  '\tpadding     : type == 29',
  '\ttime_extend : type == 30',
  '\ttime_stamp : type == 31',
  '\tdata max type_len  == 28',
  '',
].join('\n');

/** Writes the ring-buffer pages of one CPU, record by record. */
export class RingPages {
  readonly #onPage: (page: Uint8Array) => void;
  readonly #records = new Bytes();
  readonly #page = new Bytes();
  #stamp = 0n;
  #last = 0n;
  /** A loss before the page's first record; undefined: none. */
  #loss: { readonly events: number | undefined } | undefined;

  /** @param onPage receives each page; it is valid until it returns. */
  constructor(onPage: (page: Uint8Array) => void) {
    this.#onPage = onPage;
  }

  /** Events were lost before the next record. @param events undefined: their number is not known. */
  lost(events: number | undefined): void {
    this.flush();
    this.#loss = { events };
  }

  add(at: Nanoseconds, data: Uint8Array): void {
    const words = Math.ceil(data.byteLength / 4);
    const room = RING_PAGE_BYTES - HEAD_BYTES - (this.#loss === undefined ? 0 : STORED_BYTES);
    const isFirst = this.#records.length === 0;
    const delta = at - this.#last;
    const most = 4 * words + 16;
    if (!isFirst && (delta < 0n || delta > FAR || this.#records.length + most > room)) this.flush();
    if (this.#records.length === 0) {
      this.#stamp = at;
      this.#last = at;
    }
    const far = at - this.#last;
    if (far > DELTA)
      this.#records.number((Number(far & DELTA) * 2 ** 5 + TIME_EXTEND) >>> 0, 4).number(far >> DELTA_BITS, 4);
    const near = far > DELTA ? 0 : Number(far);
    const isShort = words > 0 && words <= MOST_WORDS;
    this.#records.number((near * 2 ** 5 + (isShort ? words : 0)) >>> 0, 4);
    if (!isShort) this.#records.number(4 * words + 4, 4);
    this.#records.raw(data).padTo(Math.ceil(this.#records.length / 4) * 4);
    this.#last = at;
  }

  /** Ends the page; one without records only tells of a loss. */
  flush(): void {
    const loss = this.#loss;
    if (this.#records.length === 0 && loss === undefined) return;
    const flags = loss === undefined ? 0n : loss.events === undefined ? MISSED_EVENTS : MISSED_EVENTS | MISSED_STORED;
    this.#page.clear().number(this.#records.length === 0 ? this.#last : this.#stamp, 8);
    this.#page.number(BigInt(this.#records.length) | flags, 8).raw(this.#records.done);
    if (loss?.events !== undefined) this.#page.number(loss.events, 8);
    this.#onPage(this.#page.padTo(RING_PAGE_BYTES).done);
    this.#records.clear();
    this.#loss = undefined;
  }
}
