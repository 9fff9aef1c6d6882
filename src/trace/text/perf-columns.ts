// SPDX-License-Identifier: MIT
import { COMM_BYTES, fractionColumn, trimmedLine } from './kernel-columns.ts';
import type { LinePrefix } from './line-prefix.ts';
import { MAX_PID } from '../limits.ts';
import { MAX_CPUS } from './line-prefix.ts';

const SPACE = 0x20;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;

/**
 * Parses a line of `perf script` (tools/perf/builtin-script.c, perf_sample__fprintf_start()):
 * `%16s %5d [%03d] %5lu.%06lu: SYSTEM:NAME: `, the pid as `PID/TID` with `-F pid`, nine digits of a second with `--ns`,
 * the period before the event's name with `-F period`. By columns on bytes, as with the kernel's own lines.
 */
export function perfColumns(prefix: LinePrefix, bytes: Uint8Array, start: number): boolean {
  const repeated = prefix.repeated(bytes, start);
  let at = repeated === 0 ? taskAndCpu(prefix, bytes, start) : start + repeated;
  if (at < 0) return false;
  if (repeated === 0 || bytes[at - 1] !== DOT) {
    const taskBytes = at - start;
    while (bytes[at] === SPACE) at++;
    let digit = bytes[at]! - ZERO;
    if (!(digit >= 0 && digit <= 9)) return false;
    let seconds = 0;
    for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) seconds = seconds * 10 + digit;
    if (bytes[at] !== DOT || seconds > 1e12) return false;
    at++;
    prefix.seconds = seconds;
    prefix.remember(start, taskBytes, at - start);
  }
  at = fractionColumn(prefix, bytes, at);
  if (at < 0) return false;
  prefix.commStart = start;
  prefix.commEnd = start + COMM_BYTES;
  prefix.body = perfEvent(prefix, bytes, at);
  return true;
}

/** The columns up to and with the CPU. @returns their end; -1 if they are others. */
function taskAndCpu(prefix: LinePrefix, bytes: Uint8Array, start: number): number {
  prefix.begin();
  let at = start + COMM_BYTES;
  if (bytes[at] !== SPACE || bytes[start] !== SPACE) return -1;
  while (bytes[at] === SPACE) at++;
  let digit = bytes[at]! - ZERO;
  if (!(digit >= 0 && digit <= 9)) return -1;
  let pid = 0;
  for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) pid = pid * 10 + digit;
  if (bytes[at] === 0x2f /* / */) {
    pid = 0;
    for (digit = bytes[++at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) pid = pid * 10 + digit;
  }
  while (bytes[at] === SPACE) at++;
  if (bytes[at] !== 0x5b /* [ */) return -1;
  let cpu = 0;
  digit = bytes[++at]! - ZERO;
  if (!(digit >= 0 && digit <= 9)) return -1;
  for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) cpu = cpu * 10 + digit;
  if (bytes[at] !== 0x5d /* ] */ || cpu >= MAX_CPUS || pid > MAX_PID) return -1;
  prefix.pid = pid;
  prefix.cpu = cpu;
  return at + 1;
}

/** Position of the event's name: after a period and the system's name, if they are present. */
function perfEvent(prefix: LinePrefix, bytes: Uint8Array, from: number): number {
  let at = prefix.behindBlanks(bytes, from);
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

/** The same for a line without padding: perf prints names so if call chains follow, and trimmed text has them too. */
export function unpaddedPerfLine(prefix: LinePrefix, bytes: Uint8Array, start: number, end: number): boolean {
  if (!trimmedLine(UNPADDED, prefix, bytes, start, end)) return false;
  prefix.body = perfEvent(prefix, bytes, prefix.body);
  return true;
}
