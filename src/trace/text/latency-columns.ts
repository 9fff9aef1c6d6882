// SPDX-License-Identifier: MIT
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
 * Takes apart a line in latency format, `%8.8s-%-7d %3dFLAGS` and then a time: of the kernel microseconds since the
 * buffer's start and a mark for long waits (` 9364us+: `), of `trace-cmd report -l` seconds (`  2571.888296: `).
 */
export function latencyColumns(prefix: LinePrefix, bytes: Uint8Array, start: number): boolean {
  let at = start + COMM_BYTES;
  if (bytes[at] !== 0x2d /* - */) return false;
  let digit = bytes[++at]! - ZERO;
  if (!(digit >= 0 && digit <= 9)) return false;
  let pid = 0;
  for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) pid = pid * 10 + digit;
  if (bytes[at] !== SPACE) return false;
  while (bytes[at] === SPACE) at++;
  digit = bytes[at]! - ZERO;
  if (!(digit >= 0 && digit <= 9)) return false;
  let cpu = 0;
  for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) cpu = cpu * 10 + digit;
  if (cpu >= MAX_CPUS || pid > MAX_PID) return false;
  const limit = at + MAX_FLAGS;
  const flags = at;
  while (at < limit && bytes[at]! > SPACE) at++;
  if (at === flags || bytes[at] !== SPACE) return false;
  while (bytes[at] === SPACE) at++;
  digit = bytes[at]! - ZERO;
  if (!(digit >= 0 && digit <= 9)) return false;
  let whole = 0;
  for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) whole = whole * 10 + digit;
  let seconds = whole;
  let nanoseconds = 0;
  if (bytes[at] === 0x2e /* . */) {
    let scale = 1e9;
    for (digit = bytes[++at]! - ZERO; digit >= 0 && digit <= 9 && scale > 1; digit = bytes[++at]! - ZERO) {
      nanoseconds = nanoseconds * 10 + digit;
      scale /= 10;
    }
    nanoseconds *= scale;
  } else {
    if (bytes[at] !== 0x75 /* u */ || bytes[at + 1] !== 0x73 /* s */) return false;
    at += 3; // the mark, a blank for short waits
    seconds = Math.floor(whole / 1e6);
    nanoseconds = (whole % 1e6) * 1000;
  }
  if (bytes[at] !== COLON || bytes[at + 1] !== SPACE || seconds > 1e12) return false;
  prefix.pid = pid;
  prefix.cpu = cpu;
  prefix.seconds = seconds;
  prefix.nanoseconds = nanoseconds;
  prefix.commStart = start;
  prefix.commEnd = start + COMM_BYTES;
  prefix.body = at + 2;
  return true;
}
