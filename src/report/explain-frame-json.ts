// SPDX-License-Identifier: MIT
import type { FrameAnswer, FrameLife, FrameOrigin } from '../explain/index.ts';
import { formatTime } from '../ledger/index.ts';
import { holderJson } from './folio-json.ts';
import { timeOrNull, traceJson } from './trace-json.ts';

/** Name and version of the document; schema/explain-pfn.schema.json describes it. */
const SCHEMA = 'folioscope.explain-pfn/1';

/** A page frame as the JSON document of `explain --pfn N --json`, its keys in a fixed order. */
export function frameToJson(answer: FrameAnswer): string {
  const { pfn, outcome, trace, lives, moments, left, counts, references, withoutStack, isOrdered } = answer;
  const document = {
    schema: SCHEMA,
    pfn,
    outcome,
    trace: { ...traceJson(trace), notes: trace.notes, isOrdered },
    left: left.map(({ holder, taken, isLeftOver }) => ({
      ...holderJson(holder),
      taken: originOrNull(taken),
      isLeftOver,
    })),
    moments: moments.map(({ at, marker, holders }) => ({
      at: formatTime(at),
      marker: marker ?? null,
      holders: holders?.map(holderJson) ?? null,
    })),
    lives: lives.map(lifeJson),
    counts: {
      compared: counts.compared,
      differing: counts.differing.length + counts.more,
      list: counts.differing.map(({ at, count, sum }) => ({ at: formatTime(at), count, sum })),
    },
    references,
    withoutStack,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

const lifeJson = ({
  allocated,
  freed,
  isOver,
  owners,
  waits,
  touches,
  unlisted,
  losses,
  proved,
}: FrameLife): object => ({
  allocated: originOrNull(allocated),
  freed: originOrNull(freed),
  isOver,
  proved,
  owners: owners.map(({ dev, ino, index, order, head, from, to }) => ({
    dev,
    ino: `0x${ino.toString(16)}`,
    index,
    order,
    head,
    added: originOrNull(from),
    deleted: originOrNull(to),
  })),
  batches: waits.map(({ cpu, from, inserted }) => ({ cpu, from: timeOrNull(from), inserted: originOrNull(inserted) })),
  losses: losses.map((at) => formatTime(at)),
  unlisted,
  references: touches.map((touch) => ({
    ...originJson(touch),
    operation: touch.operation,
    value: touch.value,
    returned: touch.returned ?? null,
    changes: touch.changes.map(holderJson),
    sum: touch.sum,
    count: touch.count,
  })),
});

const originJson = ({ at, cpu, pid, comm, stack }: FrameOrigin): object => ({
  at: formatTime(at),
  cpu,
  pid,
  task: comm ?? null,
  stack: stack ?? null,
});

const originOrNull = (origin: FrameOrigin | undefined): object | null =>
  origin === undefined ? null : originJson(origin);
