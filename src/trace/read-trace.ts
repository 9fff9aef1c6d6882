// SPDX-License-Identifier: MIT
import type { ByteSource } from './byte-source.ts';
import { readFully } from './byte-source.ts';
import { detectDat } from './dat/detect.ts';
import { readDat } from './dat/read.ts';
import { detectFtraceText } from './ftrace-text/detect.ts';
import { readFtraceText } from './ftrace-text/read.ts';
import { InputError } from '../ledger/index.ts';
import type { ReadOptions, TraceSummary } from './summary.ts';
import { whyUnsupported } from './unsupported.ts';

const HEAD_BYTES = 64 * 1024;

/**
 * Reads a recording in one pass, in whichever known format it is: the decoded events and the losses go to
 * `options.onEvents` in time order, what is to be said about the whole comes back.
 * @throws InputError where nothing can be answered from the input.
 */
export async function readTrace(source: ByteSource, options: ReadOptions): Promise<TraceSummary> {
  const head = await readFully(source, 0, HEAD_BYTES);
  if (detectDat(head)) return readDat(source, options);
  const advice = whyUnsupported(head);
  if (advice !== undefined) throw new InputError(`${source.name}: ${advice}`);
  if (detectFtraceText(head)) return readFtraceText(source, options);
  throw new InputError(`${source.name}: no trace.dat and no ftrace text, from the first byte on`);
}
