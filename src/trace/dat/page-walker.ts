// SPDX-License-Identifier: MIT
import type { Cpu, Loss, Nanoseconds } from '../../ledger/index.ts';
import { nanoseconds } from '../../ledger/index.ts';
import type { Damages } from '../damage.ts';
import { lostCount } from '../limits.ts';
import type { ClockOptions } from './clock.ts';
import { toNanoseconds } from './clock.ts';
import type { Decoder, RecordInHand, Walked } from './decoder.ts';
import type { PageLayout } from './page-layout.ts';
import type { Words } from './record-fields.ts';
import { HOST_IS_LITTLE_ENDIAN } from '../host-order.ts';
import type { KernelSymbols } from './symbols.ts';

/** Bytes of events in a page; the bits above are flags: RB_MISSED_EVENTS and RB_MISSED_STORED of the ring buffer. */
const COMMIT_MASK = 0x07ff_ffff;
const MISSED_EVENTS = 0x8000_0000;
const MISSED_STORED = 0x4000_0000;

/**
 * type_len of a record: 1 to 28 are data of that many words, 0 is data with its length in the next word, 31 is an
 * absolute time stamp.
 */
const PADDING = 29;
const TIME_EXTEND = 30;
const RECORD = 'no record can stand here, expected one that ends within its page';

const STAMP_BITS = (1n << 59n) - 1n;
const STAMP_WRAP = 1n << 59n;

const CELL = new BigInt64Array(1);
const HALVES = new Uint32Array(CELL.buffer);
const LOW = HOST_IS_LITTLE_ENDIAN ? 0 : 1;

/** Data that all streams of one buffer share. */
export interface WalkContext<Event> {
  readonly layout: PageLayout;
  readonly littleEndian: boolean;
  readonly clock: ClockOptions;
  readonly decoders: readonly Decoder<Event>[];
  /** By event id: the place of its decoder plus one; 0 for an event that is only counted. */
  readonly kinds: Uint8Array;
  readonly taskNames: ReadonlyMap<number, string>;
  readonly damages: Damages;
  /** Origin of the merge keys: the time of the first page seen, in the recording's stamps. */
  readonly epoch: { value: bigint | undefined };
  /** Whether stack traces become part of the events before them. */
  readonly attachesStacks: boolean;
}

/** Addresses of an event that need names: of its function or of its stack trace. */
interface Nameless {
  readonly index: number;
  readonly addresses: readonly bigint[];
  readonly isStack: boolean;
}

/**
 * Walks the ring-buffer pages of one CPU, in order, and leaves the events in `events`, with merge keys beside them.
 * Losses are among the events, each before the first record after its gap.
 *
 * The key of an entry is the highest time so far of its CPU, as a distance from the epoch. trace-cmd merges all records
 * by always taking the smallest next time. Merging only the decoded ones gives the same order if a time that goes back
 * (unsynchronised clocks) does not pull its record forward.
 */
export class PageWalker<Event extends Walked> {
  /** Found and not yet merged, `length` of them: the arrays are reused and never shrink. */
  readonly events: (Event | Loss)[] = [];
  readonly keys: number[] = [];
  length = 0;
  /** Whether some of them are losses. */
  hasLosses = false;
  /** Records seen, decoded or not. */
  count = 0;
  /** Times of the first and the last record, in the recording's stamps. */
  first: bigint | undefined;
  last: bigint | undefined;
  /** Invalid records and pages, each also reported as a loss. */
  damaged = 0;
  /** Records of events that no format describes. */
  unknown = 0;
  /** Offset of the first of the present words: in the file, or in the packed data at a byte of it. */
  origin = 0;
  packedAt: number | undefined;

  /** Entries that wait for {@link giveNames}. */
  readonly nameless: Nameless[] = [];

  readonly #context: WalkContext<Event>;
  readonly #record: RecordInHand;
  #pageStamp = 0n;
  /**
   * Time since the page's stamp; a double from the start, because V8 compiles a variable that is first a whole number
   * as an int.
   */
  #elapsed = -0;
  /** The time of the page's last record, likewise; -1 before the first. */
  #lastTime = -0;
  /** The page's stamp, from the epoch, and in halves in nanoseconds. */
  #pageKey = -0;
  #baseLow = -0;
  #baseHigh = 0;
  #floor = Number.NEGATIVE_INFINITY;
  /** A loss that waits for the next record; `undefined` in it means "number unknown". */
  #pending: { events: number | undefined } | undefined;

  /** Number of the record of the last event. */
  #lastDecoded = -1;
  #kept: { readonly event: Event | Loss; readonly key: number } | undefined;

  constructor(context: WalkContext<Event>, cpu: Cpu, buffer: string | undefined) {
    this.#context = context;
    const at = 0n as Nanoseconds;
    const none = new Uint32Array(0);
    this.#record = {
      words: none,
      bytes: new Uint8Array(0),
      base: 0,
      length: 0,
      at,
      pid: 0,
      comm: undefined,
      cpu,
      buffer,
      addresses: undefined,
    };
  }

  /** Records that something is missing before the next record. */
  lose(events: number | undefined): void {
    if (this.#pending === undefined) this.#pending = { events };
    else if (events === undefined || this.#pending.events === undefined) this.#pending.events = undefined;
    else this.#pending.events = lostCount(this.#pending.events + events);
  }

  /** Starts over with no events except the delayed one. */
  begin(): void {
    this.length = 0;
    this.hasLosses = false;
    if (this.#kept === undefined) return;
    this.events[0] = this.#kept.event;
    this.keys[0] = this.#kept.key;
    this.length = 1;
    this.#kept = undefined;
  }

  /** Delays the last event if it is the last record, since its stack trace may still follow. */
  keepLast(): void {
    if (!this.#context.attachesStacks || this.length === 0 || this.#lastDecoded !== this.count) return;
    this.length--;
    this.#kept = { event: this.events[this.length]!, key: this.keys[this.length]! };
  }

  /** Gives functions and stack traces their names, as far as `symbols` knows them. */
  giveNames(symbols: KernelSymbols | undefined): void {
    for (const { index, addresses, isStack } of this.nameless) {
      const event = this.events[index]!;
      const names = addresses.map((address) => symbols?.name(address));
      if (isStack) {
        const stack = names.map((name, nth) => name ?? `0x${addresses[nth]!.toString(16)}`);
        this.events[index] = { ...event, stack } as Event;
      } else if (names[0] !== undefined) {
        this.events[index] = { ...event, function: names[0] } as Event;
      }
    }
    this.nameless.length = 0;
  }

  /** Ends the stream: a loss that is still waiting is reported without a time, since nothing follows. */
  finish(): void {
    if (this.#pending !== undefined) this.#tellLoss(undefined, this.#floor);
  }

  /** Walks the page that starts at word `start`. */
  walk(words: Words, bytes: Uint8Array, start: number): void {
    const { layout, littleEndian, epoch, clock } = this.#context;
    const low = littleEndian ? 0 : 1;
    const pageStamp = (BigInt(words[start + 1 - low]!) << 32n) | BigInt(words[start + low]!);
    // A commit of 8 bytes has its flags and length in the low half.
    const commitAt = start + (layout.commitOffset >>> 2);
    const commit = words[commitAt + (layout.longSize === 8 ? low : 0)]!;
    const length = commit & COMMIT_MASK;
    let at = start + (layout.dataOffset >>> 2);
    const room = start + (layout.pageSize >>> 2) - at;
    if (length > room * 4 || length % 4 !== 0) {
      this.#damage(commitAt, `a page with ${length} bytes of events, expected a multiple of 4 up to ${room * 4}`);
      return;
    }
    const end = at + (length >>> 2);
    if ((commit & MISSED_EVENTS) !== 0) this.lose(this.#storedLoss(words, commit, end, start));

    epoch.value ??= pageStamp;
    this.#pageKey = Number(pageStamp - epoch.value);
    this.#pageStamp = pageStamp;
    const base = clock.tsc === undefined ? toNanoseconds(pageStamp, clock) : 0n;
    this.#baseLow = Number(BigInt.asUintN(32, base));
    this.#baseHigh = Number(base >> 32n);
    this.#record.words = words;
    this.#record.bytes = bytes;
    this.#elapsed = -0;
    this.#lastTime = -1;
    for (at = this.#records(words, at, end); at < end; at = this.#records(words, at, end)) {
      at = this.#passTime(words, at, end);
    }

    if (this.#lastTime >= 0) {
      this.last = pageStamp + BigInt(this.#lastTime);
      this.#floor = Math.max(this.#floor, this.#pageKey + this.#lastTime);
    }
  }

  /**
   * Reads each record's header word, adds up the time and looks up the event's id; a record that is not decoded costs
   * no more than that. In-page times are plain numbers, exact up to 104 days after the page's own stamp; only a decoded
   * event gets a bigint. Records other than data are handled elsewhere: V8 compiles this loop for the cases that it has
   * met, and deoptimises it at the first new one (docs/trace-readers.md).
   * @returns the position of the next record if it is not data, or is invalid; `end` at the end.
   */
  #records(words: Words, start: number, end: number): number {
    const { littleEndian, kinds, decoders } = this.#context;
    const pageKey = this.#pageKey;
    const record = this.#record;
    const typeShift = littleEndian ? 0 : 27;
    const deltaShift = littleEndian ? 5 : 0;
    const idShift = littleEndian ? 0 : 16;
    let time = this.#elapsed;
    let lastTime = this.#lastTime;
    let { count } = this;
    let floor = this.#floor;
    // The first record of the CPU, or the first one after a gap: rare, so one test covers both.
    let isSpecial = this.first === undefined || this.#pending !== undefined;
    let at = start;

    while (at < end) {
      const header = words[at]!;
      const type = (header >>> typeShift) & 31;
      if (type >= PADDING) break;
      let payload = at + 1;
      let size = type;
      if (type === 0) {
        if (payload >= end || words[payload]! < 4) break;
        size = (words[payload]! - 1) >>> 2; // less 4 bytes, rounded up to words
        payload++;
      }
      const next = payload + size;
      if (next > end) break;
      at = next;
      time += (header >>> deltaShift) & 0x07ff_ffff;
      count++;
      lastTime = time;
      if (isSpecial) {
        isSpecial = false;
        this.first ??= this.#pageStamp + BigInt(time);
        if (this.#pending !== undefined) this.#tellLoss(this.#time(time), Math.max(floor, pageKey + time));
      }
      const kind = size === 0 ? 0 : kinds[(words[payload]! >>> idShift) & 0xffff]!;
      if (kind === 0) continue;
      if (pageKey + time > floor) floor = pageKey + time;
      record.base = payload;
      record.length = size;
      record.at = this.#time(time);
      const event = this.#decode(decoders[kind - 1]!, record);
      if (record.addresses !== undefined) this.#askNames(event, record, count);
      if (event === undefined) {
        isSpecial = this.#pending !== undefined;
        continue;
      }
      this.#lastDecoded = count;
      this.events[this.length] = event;
      this.keys[this.length++] = floor;
    }

    this.#elapsed = time;
    this.#lastTime = lastTime;
    this.count = count;
    this.#floor = floor;
    return at;
  }

  /**
   * Handles a record at word `at` that is not data: padding, a time extension or stamp, or damage, behind which nothing
   * in the page can be read.
   * @returns the position of the next record.
   */
  #passTime(words: Words, at: number, end: number): number {
    const { littleEndian } = this.#context;
    const header = words[at]!;
    const type = (header >>> (littleEndian ? 0 : 27)) & 31;
    const delta = (header >>> (littleEndian ? 5 : 0)) & 0x07ff_ffff;
    const payload = at + 1;
    if (payload >= end) {
      // Only "there is no room for another record" may be in the last word.
      if (type !== PADDING || delta !== 0) this.#damage(at, RECORD);
      return end;
    }
    const value = words[payload]!;
    if (type === PADDING) {
      const next = payload + (value >>> 2);
      // The kernel leaves the end of a page empty only if not even the smallest record fits (rb_reset_tail()).
      if (delta !== 0 && value >= 4 && value % 4 === 0 && next <= end) {
        this.#elapsed += delta;
        return next;
      }
    } else if (type > PADDING) {
      if (type === TIME_EXTEND) this.#elapsed += delta + value * 0x0800_0000;
      else this.#elapsed = absoluteTime(this.#pageStamp, this.#elapsed, delta, value);
      return payload + 1;
    }
    this.#damage(at, RECORD);
    return end;
  }

  #decode(decoder: Decoder<Event>, record: RecordInHand): Event | undefined {
    if (record.length < decoder.needs) {
      this.#damage(record.base, `a record of ${record.length * 4} bytes, expected ${decoder.needs * 4} for its event`);
      return undefined;
    }
    const pid = record.words[record.base + decoder.pid.word]! | 0;
    if (pid !== record.pid || record.comm === undefined) {
      record.pid = pid;
      record.comm = this.#context.taskNames.get(pid);
    }
    const decoded = decoder.decode(record);
    if (typeof decoded === 'object') return decoded;
    if (decoded === 'unreadable') this.#damage(record.base, 'an impossible record, expected the fields of its event');
    else if (decoded === 'unknown') this.unknown++;
    return undefined;
  }

  /**
   * Remembers addresses that need names: the function of `event`, or a stack trace, which belongs to the previous
   * record if that was of the same task. If something came in between (an interrupt's event), it would be a guess.
   */
  #askNames(event: Event | undefined, record: RecordInHand, number: number): void {
    const addresses = record.addresses ?? [];
    record.addresses = undefined;
    if (event !== undefined) {
      this.nameless.push({ index: this.length, addresses, isStack: false });
      return;
    }
    const index = this.length - 1;
    const last = index < 0 ? undefined : this.events[index];
    if (last === undefined || !('pid' in last) || this.#lastDecoded !== number - 1) return;
    if (last.pid === record.pid && addresses.length > 0) this.nameless.push({ index, addresses, isStack: true });
  }

  /**
   * The time of a record. If the stamps are nanoseconds, the sum goes through two halves of a 64-bit cell:
   * `BigInt(time)` would be a call into the runtime for each event, three times as slow (docs/trace-readers.md).
   */
  #time(time: number): Nanoseconds {
    const { clock } = this.#context;
    if (clock.tsc !== undefined) return toNanoseconds(this.#pageStamp + BigInt(time), clock);
    const low = this.#baseLow + time;
    HALVES[LOW] = low; // modulo 2^32
    HALVES[1 - LOW] = this.#baseHigh + Math.floor(low / 0x1_0000_0000);
    return nanoseconds(CELL[0]!);
  }

  /** The number of lost events is a kernel long behind the page's events, if the writer had room for it. */
  #storedLoss(words: Words, commit: number, end: number, start: number): number | undefined {
    const { layout, littleEndian } = this.#context;
    const size = layout.longSize >>> 2;
    if ((commit & MISSED_STORED) === 0 || end + size > start + (layout.pageSize >>> 2)) return undefined;
    const low = words[size === 2 && !littleEndian ? end + 1 : end]!;
    const high = size === 2 ? words[littleEndian ? end + 1 : end]! : 0;
    const lost = low + high * 0x1_0000_0000;
    return lost > 0 && Number.isSafeInteger(lost) ? lost : undefined;
  }

  /**
   * An unreadable place may have been anything: it counts as a loss before the next record. @param word its position.
   */
  #damage(word: number, what: string): void {
    const at = this.origin + 4 * word;
    this.damageAt(
      this.packedAt === undefined ? `byte ${at}` : `byte ${this.packedAt}, ${at} of what is packed there`,
      what,
    );
  }

  /** The same for damage found before the page was walked. */
  damageAt(place: string, what: string): void {
    this.damaged++;
    this.tellDamage(place, what);
    this.lose(undefined);
  }

  /** Damage that hides no event before the next record. */
  tellDamage(place: string, what: string): void {
    this.#context.damages.add(place, what);
  }

  #tellLoss(at: Nanoseconds | undefined, key: number): void {
    const { cpu, buffer } = this.#record;
    const loss: Loss = { type: 'loss', cpu, at, events: this.#pending?.events, buffer };
    this.#pending = undefined;
    this.hasLosses = true;
    this.events[this.length] = loss;
    this.keys[this.length++] = key;
  }
}

/**
 * An absolute time stamp has 59 bits; the top five are the previous time's, one more if it would go back
 * (libtraceevent, kbuffer-parse.c). Distances are relative to the page's stamp.
 */
function absoluteTime(pageStamp: bigint, time: number, delta: number, high: number): number {
  const previous = pageStamp + BigInt(time);
  let stamp = (BigInt(high) << 27n) | BigInt(delta) | (previous & ~STAMP_BITS);
  if (stamp < previous) stamp += STAMP_WRAP;
  return Number(stamp - pageStamp);
}
