// SPDX-License-Identifier: MIT
import type { LinePrefix } from './line-prefix.ts';
import { MAX_PID } from '../limits.ts';
import { MAX_CPUS } from './line-prefix.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const DASH = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;

/** A second is printed with at most nine digits behind the point. */
const FRACTION_DIGITS = 9;
/** Unit of the last of so many digits behind the point, in nanoseconds. */
const NANOSECONDS_OF = [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 100, 10, 1];

/** Bytes of the task name's column: `%16s`, and a task name has at most 15. */
export const COMM_BYTES = 16;

/**
 * Parses a line of the kernel (kernel/trace/trace_output.c, trace_print_context()) or of `trace-cmd report`:
 * `%16s-%-7d (%7d) [%03d] FLAGS %5lu.%06lu: `, without the tgid unless option record-tgid is on, without the flags if
 * irq-info is off; trace-cmd pads the pid to five and prints nine digits of a second with `-t`.
 *
 * It works by columns on bytes: a task name may contain anything, even a copy of the rest of a line, but it cannot move
 * the dash behind its column. The byte behind the line must be neither a digit nor a blank (the newline).
 */
export function kernelColumns(prefix: LinePrefix, bytes: Uint8Array, start: number): boolean {
  const repeated = prefix.repeated(bytes, start);
  let at = repeated === 0 ? taskAndCpu(prefix, bytes, start) : start + repeated;
  if (at < 0) return false;
  // Columns are known only after a second's point; after a CPU they continue with `]`.
  if (repeated === 0 || bytes[at - 1] !== DOT) {
    const taskBytes = at - start;
    while (bytes[at] === SPACE) at++;
    let digit = bytes[at]! - ZERO;
    prefix.isPreemptible = false;
    if (!(digit >= 0 && digit <= 9)) {
      // The flags: four to six characters; the first is never a digit.
      const flags = at;
      const limit = at + 8;
      while (at < limit && bytes[at]! > SPACE) at++;
      if (bytes[at] !== SPACE) return false;
      prefix.isPreemptible = at - flags === FLAGS && onlyStays(bytes, flags);
      while (bytes[at] === SPACE) at++;
      digit = bytes[at]! - ZERO;
      if (!(digit >= 0 && digit <= 9)) return false;
    }
    let seconds = 0;
    do {
      seconds = seconds * 10 + digit;
      digit = bytes[++at]! - ZERO;
    } while (digit >= 0 && digit <= 9);
    if (bytes[at] !== DOT || seconds > 1e12) return countOfClock(prefix, bytes, start, at, seconds);
    at++;
    prefix.seconds = seconds;
    prefix.remember(start, taskBytes, at - start);
  }
  prefix.commStart = start;
  prefix.commEnd = start + COMM_BYTES;
  prefix.body = fractionColumn(prefix, bytes, at);
  return prefix.body >= 0;
}

/** Interrupts, need-resched, interrupt context, depth of preempt_disable(), and of migrate_disable() (since 5.15). */
const FLAGS = 5;

/** Whether nothing but migration is off: `....1`. @param at of the flags. */
const onlyStays = (bytes: Uint8Array, at: number): boolean =>
  bytes[at + 4]! > ZERO && bytes[at] === DOT && bytes[at + 3] === DOT;

/** The columns up to and with the CPU. @returns their end; -1 if they are others. */
function taskAndCpu(prefix: LinePrefix, bytes: Uint8Array, start: number): number {
  prefix.begin();
  let at = start + COMM_BYTES;
  // A name of 15 bytes leaves one blank before it: text without that blank has lost its columns.
  if (bytes[at] !== DASH || bytes[start] !== SPACE) return -1;
  let digit = bytes[++at]! - ZERO;
  if (!(digit >= 0 && digit <= 9)) return -1;
  let pid = 0;
  do {
    pid = pid * 10 + digit;
    digit = bytes[++at]! - ZERO;
  } while (digit >= 0 && digit <= 9);
  while (bytes[at] === SPACE) at++;
  if (bytes[at] === 0x28 /* ( */) {
    const limit = at + 16; // a tgid, or dashes if it is unknown
    while (at < limit && bytes[at] !== 0x29 /* ) */) at++;
    at++;
    while (bytes[at] === SPACE) at++;
  }
  if (bytes[at] !== 0x5b /* [ */) return -1;
  digit = bytes[++at]! - ZERO;
  if (!(digit >= 0 && digit <= 9)) return -1;
  let cpu = 0;
  do {
    cpu = cpu * 10 + digit;
    digit = bytes[++at]! - ZERO;
  } while (digit >= 0 && digit <= 9);
  if (bytes[at] !== 0x5d /* ] */ || cpu >= MAX_CPUS || pid > MAX_PID) return -1;
  prefix.pid = pid;
  prefix.cpu = cpu;
  return at + 1;
}

/**
 * Clocks that do not measure time (x86-tsc, counter, uptime) are printed whole: ` %12llu: `.
 * @param at behind the number.
 */
function countOfClock(prefix: LinePrefix, bytes: Uint8Array, start: number, at: number, count: number): boolean {
  prefix.begin();
  if (bytes[at] !== COLON || bytes[at + 1] !== SPACE || !(count <= Number.MAX_SAFE_INTEGER)) return false;
  // A short line that is parsed together with the following ones as one name proves nothing: a name may imitate a
  // number.
  if (!prefix.isCount) prefix.isCount = !bytes.subarray(start, start + COMM_BYTES).includes(NEWLINE);
  prefix.seconds = Math.floor(count / 1e9);
  prefix.nanoseconds = count % 1e9;
  prefix.commStart = start;
  prefix.commEnd = start + COMM_BYTES;
  prefix.body = at + 2;
  return true;
}

/**
 * A second's fraction after its point, and `: `.
 * @param at behind the point.
 * @returns the position of the next column; -1 if it is another.
 */
export function fractionColumn(prefix: LinePrefix, bytes: Uint8Array, at: number): number {
  let digits = 0;
  let fraction = 0;
  for (
    let digit = bytes[at]! - ZERO;
    digit >= 0 && digit <= 9 && digits < FRACTION_DIGITS;
    digit = bytes[at + digits]! - ZERO
  ) {
    fraction = fraction * 10 + digit;
    digits++;
  }
  prefix.nanoseconds = fraction * NANOSECONDS_OF[digits]!;
  const end = at + digits;
  return bytes[end] === COLON && bytes[end + 1] === SPACE ? end + 2 : -1;
}

const LATIN1 = new TextDecoder('latin1');

/** The flags of a line that has lost its columns, where only migration is off. */
const ONLY_STAYS = /\][ \t]+\.\S\S\.[1-9a-f][ \t]+\d+\.\d+: $/;

/** As far to the right as a task name of 15 bytes allows. */
const TRIMMED =
  /^((?:> ?)*[ \t]*)(.{1,15})-(\d{1,10})[ \t]+(?:\([ \d-]+\)[ \t]+)?\[(\d{1,5})\][ \t]+(?:[^\s\d]\S{3,5}[ \t]+)?(\d{1,12})\.(\d{1,9}): /;

/**
 * The same for a line whose blanks were trimmed, or that was quoted (`> `), as in mails. The columns are lost, so a
 * task name can be deceptive here; it is tried only if no line has its columns.
 */
export const trimmedKernelLine = (prefix: LinePrefix, bytes: Uint8Array, start: number, end: number): boolean =>
  trimmedLine(TRIMMED, prefix, bytes, start, end);

/**
 * @param pattern with groups for the text before the task's name, for the name, the pid, the CPU and both parts of the
 * time.
 */
export function trimmedLine(
  pattern: RegExp,
  prefix: LinePrefix,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const line = LATIN1.decode(bytes.subarray(start, Math.min(end, start + 200)));
  const match = pattern.exec(line);
  if (match === null) return false;
  const [, padding = '', comm = '', pid = '', cpu = '', seconds = '', fraction = ''] = match;
  if (Number(cpu) >= MAX_CPUS || Number(pid) > MAX_PID) return false;
  prefix.begin();
  prefix.pid = Number(pid);
  prefix.cpu = Number(cpu);
  prefix.seconds = Number(seconds);
  prefix.nanoseconds = Number(fraction.padEnd(9, '0'));
  prefix.commStart = start + padding.length;
  prefix.commEnd = prefix.commStart + comm.length;
  prefix.body = start + match[0].length;
  prefix.isPreemptible = ONLY_STAYS.test(match[0]);
  return true;
}
