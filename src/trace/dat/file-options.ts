// SPDX-License-Identifier: MIT
import type { ByteSource } from '../byte-source.ts';
import { memorySource } from '../byte-source.ts';
import { ByteReader } from '../byte-reader.ts';
import type { FileOptions } from './recording.ts';

/** Option ids of trace-cmd.dat v6 and v7; those that are not named here are skipped by their size. */
export const OPTION = {
  done: 0,
  date: 1,
  cpuStat: 2,
  buffer: 3,
  traceClock: 4,
  uname: 5,
  offset: 7,
  cpuCount: 8,
  timeShift: 12,
  tsc2nsec: 14,
  headerInfo: 16,
  ftraceEvents: 17,
  eventFormats: 18,
  kallsyms: 19,
  cmdlines: 21,
  bufferText: 22,
} as const;

export const emptyOptions = (): FileOptions => ({
  uname: undefined,
  traceClock: undefined,
  cpuCount: undefined,
  clock: { offset: 0n, tsc: undefined },
  cpuStats: [],
  notes: [],
});

/** A reader over an option's data, for the ones with structure. */
export const optionReader = (source: ByteSource, data: Uint8Array, littleEndian: boolean): ByteReader =>
  new ByteReader(memorySource(source.name, data), 0, littleEndian);

const LATIN1 = new TextDecoder('latin1');

/** Takes in one option that means the same in both versions; others leave `options` alone. */
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
    case OPTION.traceClock: {
      const clock = /\[(\S+)\]/.exec(text(data))?.[1];
      options.traceClock = clock;
      if (clock === 'counter' || clock === 'uptime') {
        options.notes.push(`the trace clock is '${clock}': times are counts, not nanoseconds`);
      }
      return;
    }
    case OPTION.cpuCount:
      options.cpuCount = await reader.u32('option CPUCOUNT');
      return;
    case OPTION.tsc2nsec: {
      const mult = BigInt(await reader.u32('option TSC2NSEC'));
      const shift = BigInt(await reader.u32('option TSC2NSEC'));
      options.clock.tsc = { mult, shift };
      return;
    }
    case OPTION.timeShift:
      options.notes.push('recorded in a guest: its times are not shifted to those of the host');
      break;
    default:
  }
}

function text(data: Uint8Array): string {
  const end = data.indexOf(0);
  return LATIN1.decode(end < 0 ? data : data.subarray(0, end));
}

/** As strtoll(..., 0) reads it; 0 where it is no number. */
function integer(data: Uint8Array): bigint {
  const [, sign, digits] = /^\s*([+-]?)(0x[0-9a-f]{1,16}|\d{1,19})/i.exec(text(data)) ?? [];
  if (digits === undefined) return 0n;
  return sign === '-' ? -BigInt(digits) : BigInt(digits);
}
