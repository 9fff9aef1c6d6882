// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import type { KernelEvent } from '../../src/ledger/index.ts';
import type { ByteSource, ByteStream, ReadOptions, TraceSummary } from '../../src/trace/index.ts';
import { memorySource, readTrace } from '../../src/trace/index.ts';

export const recordingBytes = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../recordings/${name}`, import.meta.url)));

/** A file in test/recordings. */
export const recording = (name: string): ByteSource => memorySource(name, recordingBytes(name));

/** The bytes as they would come through a pipe, in pieces of `size`. */
export const pipe = (name: string, bytes: Uint8Array, size = 1000): ByteStream => ({
  name,
  pieces: (async function* () {
    for (let at = 0; at < bytes.length; at += size) yield Promise.resolve(bytes.slice(at, at + size));
  })(),
});

/** What text can say of an event of a trace.dat: the kernel rounds to microseconds, and does not name the buffer. */
export const asInText = (event: KernelEvent): KernelEvent =>
  ({
    ...event,
    buffer: undefined,
    at: event.at === undefined ? undefined : ((event.at + 500n) / 1000n) * 1000n,
  }) as KernelEvent;

/** Everything that a source gives. */
export async function readAll(
  source: ByteSource | ByteStream,
  options: Pick<ReadOptions, 'buffer' | 'scheduling'> = {},
): Promise<{ readonly summary: TraceSummary; readonly events: readonly KernelEvent[] }> {
  const events: KernelEvent[] = [];
  const summary = await readTrace(source, { ...options, onEvents: (batch) => events.push(...batch) });
  return { summary, events };
}

export const readText = (text: string, options?: Parameters<typeof readAll>[1]): ReturnType<typeof readAll> =>
  readAll(memorySource('text', new TextEncoder().encode(text)), options);
