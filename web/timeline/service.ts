// SPDX-License-Identifier: MIT
import type { ByteSource } from '../../src/trace/index.ts';
import type { Service } from '../view/index.ts';
import { type Opened, openRecording } from './data/opened.ts';
import type { Timeline } from './data/model.ts';
import { recordedRun } from './data/run.ts';
import { buffersOf, type Series } from './data/series.ts';
import type { Ask, Tell } from './protocol.ts';

/** Largest number of places that a search returns. */
const MOST_HITS = 200;
/** Milliseconds between two messages of progress. */
const PROGRESS_PAUSE = 100;

/** A file as a source for the readers: pieces are copied when they are read; the whole file is never copied. */
const sourceOf = (name: string, content: Blob): ByteSource => ({
  name,
  size: content.size,
  read: async (offset, length) => new Uint8Array(await content.slice(offset, offset + length).arrayBuffer()),
});

/** Lanes go to the page without a copy: of ten million events they are hundreds of megabytes. */
const buffersOfAll = (series: readonly Series[]): ArrayBuffer[] => [...new Set(series.flatMap(buffersOf))];

const buffersOfTimeline = ({ cpus, inodes }: Timeline): ArrayBuffer[] =>
  buffersOfAll([...cpus.map(({ fill }) => fill), ...inodes.flatMap(({ lanes }) => lanes.map(({ series }) => series))]);

/** Reads a recording once, then answers what the view asks of it. */
export const timelineService: Service<Ask, Tell> = (tell) => {
  let opened: Opened | undefined;
  let last = 0;
  let isReading = false;
  let waiting: Extract<Ask, { kind: 'moment' }> | undefined;
  const progress = (share: number): void => {
    const now = performance.now();
    if (now - last < PROGRESS_PAUSE) return;
    last = now;
    tell({ kind: 'read', share });
  };

  const open = async (source: ByteSource): Promise<void> => {
    opened = undefined;
    opened = await openRecording(source, progress);
    tell({ kind: 'opened', timeline: opened.timeline }, buffersOfTimeline(opened.timeline));
  };

  /** Of moments that are asked for while another is read, only the latest is answered. */
  const moment = async (ask: Extract<Ask, { kind: 'moment' }>): Promise<void> => {
    if (opened === undefined) return;
    if (isReading) {
      waiting = ask;
      return;
    }
    if (!opened.isAtHand(ask.asked.at)) {
      isReading = true;
      try {
        await opened.moveTo(ask.asked.at, progress);
      } finally {
        isReading = false;
      }
      const next = waiting;
      waiting = undefined;
      if (next !== undefined) return moment(next);
    }
    tell({ kind: 'moment', number: ask.number, moment: opened.moment(ask.asked) });
  };

  return async (ask) => {
    switch (ask.kind) {
      case 'open':
        await open(sourceOf(ask.name, ask.content));
        return;
      case 'run':
        await open(await recordedRun(ask.run));
        return;
      case 'moment':
        await moment(ask);
        return;
      case 'unfold':
        if (opened === undefined) return;
        {
          const lanes = opened.unfold(ask.lane);
          tell({ kind: 'unfolded', id: ask.lane.id, lanes }, buffersOfAll(lanes.map(({ series }) => series)));
        }
        return;
      case 'search':
        if (opened !== undefined)
          tell({ kind: 'found', number: ask.number, hits: opened.search(ask.search, MOST_HITS) });
    }
  };
};
