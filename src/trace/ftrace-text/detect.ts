// SPDX-License-Identifier: MIT
import { LinePrefix } from './line-prefix.ts';

const HEADER = /^# (?:tracer: |entries-in-buffer)/;
const LOST = /^CPU:\d+ \[LOST /;

/**
 * Whether text that starts with `head` is what tracefs gives as `trace` or `trace_pipe`: a header, a loss or a line
 * with an event's columns among the first lines.
 */
export function detectFtraceText(head: Uint8Array): boolean {
  if (head.includes(0)) return false; // text that was written by no kernel, or no text
  const prefix = new LinePrefix();
  const decoder = new TextDecoder('latin1');
  for (let start = 0; start < head.length; ) {
    const newline = head.indexOf(0x0a, start);
    const end = newline < 0 ? head.length : newline;
    const line = decoder.decode(head.subarray(start, Math.min(end, start + 200)));
    if (HEADER.test(line) || LOST.test(line)) return true;
    if (prefix.parse(head, start) || prefix.parseTrimmed(head, start, end)) return true;
    start = end + 1;
  }
  return false;
}
