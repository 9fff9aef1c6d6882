// SPDX-License-Identifier: MIT
import { fractionColumn } from './kernel-columns.ts';
import type { LinePrefix } from './line-prefix.ts';
import { MAX_PID } from '../limits.ts';
import { MAX_CPUS } from './line-prefix.ts';

const SPACE = 0x20;
const ZERO = 0x30;
const COLON = 0x3a;

/** Bytes of the task name's column, `%8.8s`: a longer name is cut off. */
const COMM_BYTES = 8;
/** Flags that may follow the CPU. */
const MAX_FLAGS = 8;

/**
 * Parses a line in latency format, `%8.8s-%-7d %3dFLAGS` and then a time: of the kernel microseconds since the buffer's
 * start and a mark for long waits (` 9364us+: `), of `trace-cmd report -l` seconds (`  2571.888296: `).
 */
export function latencyColumns(prefix: LinePrefix, bytes: Uint8Array, start: number): boolean {
  const repeated = prefix.repeated(bytes, start);
  // Only its last digit ends the CPU's number: the next byte may be one more digit.
  const isKnown = repeated > 0 && !(bytes[start + repeated]! >= ZERO && bytes[start + repeated]! <= 0x39);
  let at = isKnown ? start + repeated : taskAndCpu(prefix, bytes, start);
  if (at < 0) return false;
  if (!isKnown) prefix.remember(start, at - start, 0);
  const limit = at + MAX_FLAGS;
  const flags = at;
  while (at < limit && bytes[at]! > SPACE) at++;
  if (at === flags || bytes[at] !== SPACE) return false;
  while (bytes[at] === SPACE) at++;
  let digit = bytes[at]! - ZERO;
  if (!(digit >= 0 && digit <= 9)) return false;
  let whole = 0;
  for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) whole = whole * 10 + digit;
  if (bytes[at] === 0x2e /* . */) {
    prefix.seconds = whole;
    at = fractionColumn(prefix, bytes, at + 1);
    if (at < 0) return false;
  } else {
    if (bytes[at] !== 0x75 /* u */ || bytes[at + 1] !== 0x73 /* s */) return false;
    at += 3; // the mark, a blank for short waits
    if (bytes[at] !== COLON || bytes[at + 1] !== SPACE) return false;
    at += 2;
    prefix.seconds = Math.floor(whole / 1e6);
    prefix.nanoseconds = (whole % 1e6) * 1000;
  }
  prefix.commStart = start;
  prefix.commEnd = start + COMM_BYTES;
  prefix.body = at;
  return prefix.seconds <= 1e12;
}

/** The columns up to and with the CPU. @returns their end; -1 if they are others. */
function taskAndCpu(prefix: LinePrefix, bytes: Uint8Array, start: number): number {
  prefix.begin();
  let at = start + COMM_BYTES;
  if (bytes[at] !== 0x2d /* - */) return -1;
  let digit = bytes[++at]! - ZERO;
  if (!(digit >= 0 && digit <= 9)) return -1;
  let pid = 0;
  for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) pid = pid * 10 + digit;
  if (bytes[at] !== SPACE) return -1;
  while (bytes[at] === SPACE) at++;
  digit = bytes[at]! - ZERO;
  if (!(digit >= 0 && digit <= 9)) return -1;
  let cpu = 0;
  for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) cpu = cpu * 10 + digit;
  if (cpu >= MAX_CPUS || pid > MAX_PID) return -1;
  prefix.pid = pid;
  prefix.cpu = cpu;
  return at;
}
