// SPDX-License-Identifier: MIT
import { type ByteSource, type ByteStream, Redactor, redactorOf } from '../trace/index.ts';

/** A redactor for a recording if one is asked for. What comes from a pipe is numbered as it is read. */
export async function redactorFor(
  source: ByteSource | ByteStream,
  redact: boolean | undefined,
  hostName?: (recordedOn: string | undefined) => string,
): Promise<Redactor | undefined> {
  if (redact !== true) return undefined;
  return 'size' in source ? redactorOf(source, hostName) : new Redactor();
}

/** A recording's name in an answer: paths tell who has it. */
export const shownName = (path: string, redact: boolean | undefined, nth = 1): string =>
  redact === true ? `recording${nth}` : path;
