// SPDX-License-Identifier: MIT
import type { PageSize } from '../../abi/index.ts';
import type { Damages } from '../damage.ts';
import type { ClockOptions } from './clock.ts';
import type { EventFormat } from './event-format.ts';
import type { DescribedEvent } from './format-scanner.ts';
import type { Inflate } from './inflate.ts';
import type { PageLayout } from './page-layout.ts';
import type { KernelSymbols } from './symbols.ts';

/** More CPUs count as damage: the largest NR_CPUS of any kernel configuration (arch/x86, arch/powerpc). */
export const MAX_CPUS = 8192;

/** Place of one CPU's ring-buffer pages in the file: all bytes as stored, so packed ones if the data are packed. */
export interface CpuData {
  readonly cpu: number;
  readonly offset: number;
  readonly size: number;
  /** Place of this statement in the file. */
  readonly place: string;
}

/** One trace buffer: the top one, named '', or an instance. */
export interface BufferData {
  readonly name: string;
  readonly pageSize: number;
  /** Unpacker of chunks of pages; undefined if pages are stored unpacked. */
  readonly inflate: Inflate | undefined;
  readonly cpus: readonly CpuData[];
}

/** The content of a trace.dat file before the first event, for either version. */
export interface Recording {
  readonly format: 'trace.dat v6' | 'trace.dat v7';
  readonly littleEndian: boolean;
  readonly layout: PageLayout;
  /** Bytes of a page of memory; undefined if the file states an impossible value. */
  readonly machinePageSize?: PageSize | undefined;
  /** Of the events that are decoded only. */
  readonly formats: readonly EventFormat[];
  /** The formats of all events that the file describes. */
  readonly described: readonly DescribedEvent[];
  /** Whether all of them could be read: then a record with another id is damaged. */
  readonly describesAll: boolean;
  readonly taskNames: ReadonlyMap<number, string>;
  /** The kernel's symbols, fetched on first use; undefined if the file has none. */
  readonly symbols: () => Promise<KernelSymbols | undefined>;
  readonly buffers: readonly BufferData[];
  /** End of the last part that describes the events; the events themselves may follow it. */
  readonly end: number;
  readonly options: FileOptions;
  /** CPUs that may have had data in the missing end of the file. */
  readonly cutOff: readonly number[];
  readonly notes: readonly string[];
  readonly damages: Damages;
}

/** Options of a file, the same for both versions. */
export interface FileOptions {
  uname: string | undefined;
  traceClock: string | undefined;
  cpuCount: number | undefined;
  /** Events that were on, as `SYSTEM:NAME`; undefined if the file does not say. */
  recordedEvents: readonly string[] | undefined;
  readonly clock: ClockOptions;
  /** CPUSTAT texts, the top buffer's first; a text `Buffer: NAME` introduces the next buffer. */
  readonly cpuStats: string[];
  readonly notes: string[];
}

/** End of the last events in the file, by its own statements; 0 if it has none. */
export const endOfEvents = (buffers: readonly BufferData[]): number =>
  buffers.reduce(
    (most, { cpus }) => cpus.reduce((last, { offset, size }) => Math.max(last, size === 0 ? 0 : offset + size), most),
    0,
  );
