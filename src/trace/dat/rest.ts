// SPDX-License-Identifier: MIT
import { type ByteSource, readFully } from '../byte-source.ts';
import type { Damages } from '../damage.ts';
import { detectDat, MAGIC_BYTES } from './detect.ts';

/**
 * Reports data behind everything that a file refers to. trace-cmd writes nothing there. But two concatenated recordings
 * are a file of which only the first would be answered, and a damaged size leaves events there. Zeros up to the end of
 * a page are page alignment.
 * @param end of the last section and of the last events.
 */
export async function tellRest(source: ByteSource, end: number, pageSize: number, damages: Damages): Promise<void> {
  if (end >= source.size) return;
  const behindPage = Math.min(source.size, Math.ceil(end / pageSize) * pageSize);
  const padding = await readFully(source, end, behindPage - end);
  const other = padding.findIndex((byte) => byte !== 0);
  const at = other < 0 ? behindPage : end + other;
  const left = source.size - at;
  if (left === 0) return;
  const isSecond = detectDat(await readFully(source, at, MAGIC_BYTES));
  damages.add(
    `byte ${at}`,
    isSecond
      ? 'another trace.dat begins, expected the end of the file: it is not read; give each recording as its own file'
      : `${left} ${left === 1 ? 'byte' : 'bytes'} that the file does not refer to, expected its end`,
  );
}
