// SPDX-License-Identifier: MIT
import type { Nanoseconds } from '../../ledger/index.ts';
import type { TraceSummary } from '../../trace/index.ts';

/** Clocks of Perfetto (common/builtin_clock.proto). */
const REALTIME = 1;
const MONOTONIC = 3;
const MONOTONIC_RAW = 5;
const BOOTTIME = 6;
/** Perfetto reads events of ftrace's own clocks by this one, which belongs to the writer's sequence. */
const OWN = 64;
/** Of ftrace/ftrace_event_bundle.proto. */
const FTRACE_CLOCK_LOCAL = 3;
const FTRACE_CLOCK_MONO_RAW = 4;

/** A clock of a recording, as Perfetto knows it. */
export interface PerfettoClock {
  /** Of the packets. */
  readonly packetClock: number;
  /** Of bundles of events; undefined is CLOCK_BOOTTIME. */
  readonly ftraceClock: number | undefined;
  /** The clock of the file's timeline. */
  readonly primary: number;
  /** Clocks that read the same at one moment. */
  readonly clocks: readonly number[];
  /** Why the file does not lie exactly beside another trace of the same boot; undefined if it does. */
  readonly doubt: string | undefined;
}

/** 2001-09-09 as nanoseconds of the calendar: no machine runs for so long. */
const CALENDAR = 1_000_000_000_000_000_000n;

/** Exact: Perfetto has the clock itself, and finds others in a system trace's own snapshots. */
const builtin = (id: number, ftraceClock: number | undefined): PerfettoClock => ({
  packetClock: id,
  ftraceClock,
  primary: id,
  clocks: ftraceClock === FTRACE_CLOCK_LOCAL ? [id, OWN] : [id],
  doubt: undefined,
});

/** No clock that a program can read: it is taken as CLOCK_BOOTTIME. */
const taken = (doubt: string): PerfettoClock => ({
  packetClock: OWN,
  ftraceClock: FTRACE_CLOCK_LOCAL,
  primary: BOOTTIME,
  clocks: [BOOTTIME, OWN],
  doubt,
});

/** The clock of a recording. */
export function clockOf({ clock, from, countsTime, format }: TraceSummary): PerfettoClock {
  if (countsTime) return taken('its times are counts, so they lie beside no other trace');
  if (isCalendar(from)) return builtin(REALTIME, FTRACE_CLOCK_LOCAL);
  switch (clock) {
    case 'boot':
      return builtin(BOOTTIME, undefined);
    case 'mono':
      return builtin(MONOTONIC, FTRACE_CLOCK_LOCAL);
    case 'mono_raw':
      return builtin(MONOTONIC_RAW, FTRACE_CLOCK_MONO_RAW);
    case undefined:
      return taken(
        `${format === 'perf script' ? "perf's clock is" : 'it does not say its clock, which is'} taken as CLOCK_BOOTTIME: ${APART}`,
      );
    default:
      return taken(`its clock '${clock}' is taken as CLOCK_BOOTTIME: ${APART}`);
  }
}

const APART = 'beside another trace of the same boot it may lie some milliseconds apart, and by the time in suspend';

const isCalendar = (from: Nanoseconds | undefined): boolean => from !== undefined && from >= CALENDAR;
