// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import type { KernelEvent } from '../../src/ledger/index.ts';
import type { ByteSource, ReadOptions, TraceSummary } from '../../src/trace/index.ts';
import { memorySource, readTrace } from '../../src/trace/index.ts';

export const recordingBytes = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../recordings/${name}`, import.meta.url)));

/** A file in test/recordings. */
export const recording = (name: string): ByteSource => memorySource(name, recordingBytes(name));

/** Everything that a source gives. */
export async function readAll(
  source: ByteSource,
  options: Pick<ReadOptions, 'buffer'> = {},
): Promise<{ readonly summary: TraceSummary; readonly events: readonly KernelEvent[] }> {
  const events: KernelEvent[] = [];
  const summary = await readTrace(source, { ...options, onEvents: (batch) => events.push(...batch) });
  return { summary, events };
}

export const readText = (text: string): ReturnType<typeof readAll> =>
  readAll(memorySource('text', new TextEncoder().encode(text)));
