// SPDX-License-Identifier: MIT
import type { PageSize } from '../../abi/index.ts';
import type { Damages } from '../damage.ts';
import type { ClockOptions } from './clock.ts';
import type { EventFormat } from './event-format.ts';
import type { Inflate } from './inflate.ts';
import type { PageLayout } from './page-layout.ts';
import type { KernelSymbols } from './symbols.ts';

/** More CPUs are taken for damage: the largest NR_CPUS that a kernel is built with (arch/x86, arch/powerpc). */
export const MAX_CPUS = 8192;

/** Where one CPU's ring-buffer pages stand in the file: all bytes as stored, so packed ones where the data are packed. */
export interface CpuData {
  readonly cpu: number;
  readonly offset: number;
  readonly size: number;
  /** Where in the file this is said. */
  readonly place: string;
}

/** One trace buffer: the top one, named '', or an instance. */
export interface BufferData {
  readonly name: string;
  readonly pageSize: number;
  /** How to unpack chunks of pages; undefined where pages stand in the file as they are. */
  readonly inflate: Inflate | undefined;
  readonly cpus: readonly CpuData[];
}

/** What a trace.dat file says before the first event, whichever its version. */
export interface Recording {
  readonly format: 'trace.dat v6' | 'trace.dat v7';
  readonly littleEndian: boolean;
  readonly layout: PageLayout;
  /** Bytes of a page of memory; undefined where the file says what cannot be. */
  readonly machinePageSize?: PageSize | undefined;
  /** Of the events that are decoded only. */
  readonly formats: readonly EventFormat[];
  /** The ids of all formats in the file; undefined where a part of them could not be read. */
  readonly ids: ReadonlySet<number> | undefined;
  readonly taskNames: ReadonlyMap<number, string>;
  /** The kernel's symbols, fetched when first asked for; undefined where the file has none. */
  readonly symbols: () => Promise<KernelSymbols | undefined>;
  readonly buffers: readonly BufferData[];
  /** Where the last of what describes the events ends; the events themselves may stand behind it. */
  readonly end: number;
  readonly options: FileOptions;
  /** CPUs of which the file's cut-off end may have had data. */
  readonly cutOff: readonly number[];
  readonly notes: readonly string[];
  readonly damages: Damages;
}

/** What the options of a file tell; both versions have the same. */
export interface FileOptions {
  uname: string | undefined;
  traceClock: string | undefined;
  cpuCount: number | undefined;
  readonly clock: ClockOptions;
  /** CPUSTAT texts, the top buffer's first; a text `Buffer: NAME` leads the next buffer in. */
  readonly cpuStats: string[];
  readonly notes: string[];
}

/** Behind the events that stand last in the file, by what it says of them; 0 where it has none. */
export const endOfEvents = (buffers: readonly BufferData[]): number =>
  buffers.reduce(
    (most, { cpus }) => cpus.reduce((last, { offset, size }) => Math.max(last, size === 0 ? 0 : offset + size), most),
    0,
  );
