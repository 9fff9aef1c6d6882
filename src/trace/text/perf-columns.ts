// SPDX-License-Identifier: MIT
import { COMM_BYTES, trimmedLine } from './kernel-columns.ts';
import type { LinePrefix } from './line-prefix.ts';
import { MAX_PID } from '../limits.ts';
import { MAX_CPUS } from './line-prefix.ts';

const SPACE = 0x20;
const ZERO = 0x30;
const COLON = 0x3a;

/**
 * Takes apart a line of `perf script` (tools/perf/builtin-script.c, perf_sample__fprintf_start()):
 * `%16s %5d [%03d] %5lu.%06lu: SYSTEM:NAME: `, the pid as `PID/TID` with `-F pid`, nine digits of a second with `--ns`,
 * the period before the event's name with `-F period`. By columns on bytes, as with the kernel's own lines.
 */
export function perfColumns(prefix: LinePrefix, bytes: Uint8Array, start: number): boolean {
  let at = start + COMM_BYTES;
  if (bytes[at] !== SPACE || bytes[start] !== SPACE) return false;
  while (bytes[at] === SPACE) at++;
  let digit = bytes[at]! - ZERO;
  if (!(digit >= 0 && digit <= 9)) return false;
  let pid = 0;
  for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) pid = pid * 10 + digit;
  if (bytes[at] === 0x2f /* / */) {
    pid = 0;
    for (digit = bytes[++at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) pid = pid * 10 + digit;
  }
  while (bytes[at] === SPACE) at++;
  if (bytes[at] !== 0x5b /* [ */) return false;
  let cpu = 0;
  digit = bytes[++at]! - ZERO;
  if (!(digit >= 0 && digit <= 9)) return false;
  for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) cpu = cpu * 10 + digit;
  if (bytes[at] !== 0x5d /* ] */ || cpu >= MAX_CPUS || pid > MAX_PID) return false;
  at++;
  while (bytes[at] === SPACE) at++;
  digit = bytes[at]! - ZERO;
  if (!(digit >= 0 && digit <= 9)) return false;
  let seconds = 0;
  for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) seconds = seconds * 10 + digit;
  if (bytes[at] !== 0x2e /* . */ || seconds > 1e12) return false;
  let fraction = 0;
  let scale = 1e9;
  for (digit = bytes[++at]! - ZERO; digit >= 0 && digit <= 9 && scale > 1; digit = bytes[++at]! - ZERO) {
    fraction = fraction * 10 + digit;
    scale /= 10;
  }
  if (bytes[at] !== COLON || bytes[at + 1] !== SPACE) return false;
  prefix.pid = pid;
  prefix.cpu = cpu;
  prefix.seconds = seconds;
  prefix.nanoseconds = fraction * scale;
  prefix.commStart = start;
  prefix.commEnd = start + COMM_BYTES;
  prefix.body = perfEvent(bytes, at + 2);
  return true;
}

/** Where the event's name starts: behind a period and the system's name, if they stand there. */
function perfEvent(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === SPACE) at++;
  const period = at;
  while (bytes[at]! >= ZERO && bytes[at]! <= 0x39) at++;
  if (bytes[at] === SPACE) while (bytes[at] === SPACE) at++;
  else at = period;
  const name = at;
  while (bytes[at]! > SPACE && bytes[at] !== COLON) at++;
  return bytes[at] === COLON && bytes[at + 1]! > SPACE ? at + 1 : name;
}

/** As far to the right as a task name of 15 bytes allows, so that a name which imitates a line changes nothing. */
const UNPADDED =
  /^((?:> ?)*[ \t]*)(\S.{0,14})[ \t]+(?:\d{1,10}\/)?(\d{1,10})[ \t]+\[(\d{1,5})\][ \t]+(\d{1,12})\.(\d{1,9}):[ \t]+(?:\d+[ \t]+)?(?=[\w-]+:[\w-]+:|PERF_RECORD_)/;

/** The same for a line without padding: so perf prints names where call chains follow, and so trimmed text has them. */
export function unpaddedPerfLine(prefix: LinePrefix, bytes: Uint8Array, start: number, end: number): boolean {
  if (!trimmedLine(UNPADDED, prefix, bytes, start, end)) return false;
  prefix.body = perfEvent(bytes, prefix.body);
  return true;
}
