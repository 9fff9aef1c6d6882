// SPDX-License-Identifier: MIT
import type { Loss } from '../../ledger/index.ts';
import type { ByteSource } from '../byte-source.ts';
import type { ReadOptions, TraceSummary } from '../summary.ts';
import type { WholeReceiver } from '../whole-event.ts';
import { merge } from './merge.ts';
import { lossesOfEnd, openStreams, readBeginning, reporter, summarise } from './read.ts';
import { RecordView, wholeDecoder } from './whole-records.ts';

/** Number of events between two progress reports. */
const EVENTS_A_REPORT = 10_000;

/**
 * Reads all data of every record, of any event, in the same order.
 * @throws InputError if nothing can be answered from the file.
 */
export async function readWholeDat(
  source: ByteSource,
  { onEvent, onLoss }: WholeReceiver,
  options: Pick<ReadOptions, 'buffer' | 'onProgress'>,
): Promise<TraceSummary> {
  const { recording, buffers } = await readBeginning(source, options.buffer);
  const { littleEndian, layout, described } = recording;
  const symbols = await recording.symbols();
  const streams = openStreams(source, recording, buffers, {
    attachesStacks: false,
    decoders: () => {
      const decoder = wholeDecoder(described, { littleEndian, longSize: layout.longSize, symbols });
      const decoders = decoder === undefined ? [] : [decoder];
      return { decoders, kinds: new Uint8Array(0x1_0000).fill(decoders.length) };
    },
  });
  const lost: Loss[] = [];
  const lose = (loss: Loss): void => {
    lost.push(loss);
    onLoss(loss);
  };
  const view = new RecordView();
  let untold = 0;
  const report = reporter(streams, options.onProgress);
  await merge(streams, (events, from, to) => {
    for (let at = from; at < to; at++) {
      const event = events[at]!;
      if (event.type === 'record') onEvent(view.over(event));
      else lose(event);
    }
    untold += to - from;
    if (untold < EVENTS_A_REPORT) return;
    untold = 0;
    report();
  });
  for (const loss of lossesOfEnd(recording)) lose(loss);
  return summarise(recording, buffers, streams, lost);
}
