// SPDX-License-Identifier: MIT
import type { ByteReader } from '../byte-reader.ts';
import { type FileOptions, MAX_CPUS } from './recording.ts';

/** Option ids of trace-cmd.dat v6 and v7; others are skipped by their size. */
export const OPTION = {
  done: 0,
  date: 1,
  cpuStat: 2,
  buffer: 3,
  traceClock: 4,
  uname: 5,
  offset: 7,
  cpuCount: 8,
  version: 9,
  timeShift: 12,
  tsc2nsec: 14,
  headerInfo: 16,
  ftraceEvents: 17,
  eventFormats: 18,
  kallsyms: 19,
  cmdlines: 21,
  bufferText: 22,
} as const;

/** Message for a recording that trace-cmd took from the kernel as text, which cannot be read. */
export const LATENCY_TEXT = "a recording in 'latency' text, which is not read; record with 'trace-cmd record -p nop'";

export const emptyOptions = (): FileOptions => ({
  uname: undefined,
  traceClock: undefined,
  cpuCount: undefined,
  recordedEvents: undefined,
  clock: { offset: 0n, tsc: undefined },
  cpuStats: [],
  notes: [],
});

const LATIN1 = new TextDecoder('latin1');

/** Applies one option that means the same in both versions; others leave `options` unchanged. */
export async function applyOption(
  options: FileOptions,
  id: number,
  data: Uint8Array,
  reader: ByteReader,
): Promise<void> {
  switch (id) {
    case OPTION.date:
      // Written by `record --date`: microseconds from the trace clock to the wall clock, in hexadecimal or decimal.
      options.clock.offset += 1000n * integer(data);
      return;
    case OPTION.offset:
      options.clock.offset += integer(data);
      return;
    case OPTION.cpuStat:
      options.cpuStats.push(text(data));
      return;
    case OPTION.uname:
      options.uname = text(data).trim();
      return;
    case OPTION.version:
      // `folioscope record` names its events there: an event that was recorded and did not occur is not a missing one.
      options.recordedEvents = /^folioscope \S+ recorded (.*)$/.exec(text(data))?.[1]?.split(' ');
      return;
    case OPTION.traceClock: {
      const clock = /\[(\S+)\]/.exec(text(data))?.[1];
      options.traceClock = clock;
      if (clock === 'counter' || clock === 'uptime') {
        options.notes.push(`the trace clock is '${clock}': times are counts, not nanoseconds`);
      }
      return;
    }
    case OPTION.cpuCount:
      options.cpuCount = await cpuCount(reader, 'option CPUCOUNT');
      return;
    case OPTION.tsc2nsec: {
      const mult = BigInt(await reader.u32('option TSC2NSEC'));
      const shift = BigInt(await reader.u32('option TSC2NSEC'));
      if (shift >= 64n) throw reader.error(`option TSC2NSEC shifts by ${shift}, expected less than 64`);
      options.clock.tsc = { mult, shift };
      return;
    }
    case OPTION.timeShift:
      options.notes.push('recorded in a guest: its times are not shifted to those of the host');
      break;
    default:
  }
}

/** Largest text option in bytes: the statistics of a CPU have some hundred. */
const MAX_TEXT_BYTES = 4096;

function text(data: Uint8Array): string {
  const end = data.indexOf(0);
  return LATIN1.decode(data.subarray(0, Math.min(end < 0 ? data.length : end, MAX_TEXT_BYTES)));
}

/** @throws DamageError if no kernel can have so many. */
export async function cpuCount(reader: ByteReader, what: string): Promise<number> {
  const count = await reader.u32(what);
  if (count > MAX_CPUS) throw reader.error(`${what}: ${count} CPUs are not possible, expected at most ${MAX_CPUS}`);
  return count;
}

/** A number as strtoll(..., 0) reads it; 0 if it is none. */
function integer(data: Uint8Array): bigint {
  const [, sign, digits] = /^\s*([+-]?)(0x[0-9a-f]{1,16}|\d{1,19})/i.exec(text(data)) ?? [];
  if (digits === undefined) return 0n;
  return sign === '-' ? -BigInt(digits) : BigInt(digits);
}
