// SPDX-License-Identifier: MIT
import type { KernelEvent } from '../../ledger/index.ts';
import type { ByteSource } from '../byte-source.ts';
import { readTrace } from '../read-trace.ts';
import { Redactor } from './redactor.ts';

/**
 * A redactor that has seen a whole recording: its numbers are the same in every answer about it.
 * @param hostName gives the name that stands for the machine's, from what the recording says of it.
 * @throws InputError if nothing can be read from the input.
 * @example
 * import { memorySource, readTrace, Redactor, redactorOf } from 'folioscope/trace';
 * import type { KernelEvent } from 'folioscope/ledger';
 * const line = '          vmm-1000    [001] .....     1.000001: mm_lru_insertion: folio=0 pfn=0x7 lru=4 flags=M\n';
 * const text = `# tracer: nop\n#\n# entries-in-buffer/entries-written: 1/1   #P:2\n#\n${line}`;
 * const source = memorySource('trace.txt', new TextEncoder().encode(text));
 * const redactor = await redactorOf(source);
 * redactor.task('vmm'); // => 'task1'
 * const events: KernelEvent[] = [];
 * await readTrace(source, { redactor, onEvents: (some) => void events.push(...some) });
 * events.map((event) => 'pid' in event && [event.comm, event.pid]); // => [['task1', 1]]
 * new Redactor().marker('a text'); // => 'marker1'
 */
export async function redactorOf(
  source: ByteSource,
  hostName?: (recordedOn: string | undefined) => string,
  onProgress?: (share: number) => void,
): Promise<Redactor> {
  const redactor = new Redactor({ isFirstReading: true });
  const onEvents = (events: readonly KernelEvent[]): void => {
    for (const event of events) redactor.see(event);
  };
  const { buffers, recordedOn } = await readTrace(source, { scheduling: true, onEvents, onProgress });
  for (const name of buffers ?? []) redactor.buffer(name);
  redactor.settle(hostName?.(recordedOn));
  return redactor;
}
