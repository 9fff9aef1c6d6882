// SPDX-License-Identifier: MIT
import type { BatchedFolio, Explanation, MomentAnswer } from '../explain/index.ts';
import { type FolioLedger, formatTime, type Holder, type Ino, type Verdict } from '../ledger/index.ts';

/** Name and version of the document; schema/explain.schema.json describes it. */
const SCHEMA = 'folioscope.explain/1';

/** An explanation as the JSON document of `explain --json`, its keys in a fixed order. */
export function explanationToJson(explanation: Explanation): string {
  const { trace, inodes, moments, conversions, profile, notes } = explanation;
  const document = {
    schema: SCHEMA,
    trace: {
      format: trace.format,
      events: trace.events,
      cpus: trace.cpus,
      from: timeOrNull(trace.from),
      to: timeOrNull(trace.to),
      lost: trace.lost.map(({ cpu, at, events }) => ({ cpu, before: timeOrNull(at), events: events ?? null })),
    },
    inodes: inodes.map(({ dev, ino, kind, because }) => ({ dev, ino: hex(ino), kind, because })),
    moments: moments.map(momentJson),
    conversions: conversions.map(({ at, cpu, pid, fd, returned, drained, until, batched }) => ({
      at: formatTime(at),
      cpu,
      pid,
      fd,
      returned: returned ?? null,
      drained: drained ?? null,
      holders: batched.map(batchedJson),
      until: timeOrNull(until),
    })),
    profile: { name: profile.profile.name, batchSize: profile.profile.batchSize, because: profile.because },
    notes,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function momentJson(moment: MomentAnswer): object {
  const { at, marker, dev, ino, folios, verdicts, localDrainByCpu, range, cpu, cpuBecause, evidence } = moment;
  const conversion = Object.fromEntries<object>(verdicts);
  if (localDrainByCpu !== undefined) conversion['local-drain-by-cpu'] = Object.fromEntries<Verdict>(localDrainByCpu);
  return {
    at: formatTime(at),
    marker: marker ?? null,
    dev,
    ino: hex(ino),
    folios: folios.map(folioJson),
    conversion,
    range: range === undefined ? null : { from: range.from, to: range.to },
    cpu,
    cpuBecause,
    evidence:
      evidence === undefined
        ? null
        : { index: evidence.index, pfn: evidence.pfn, add: evidence.add, insertion: evidence.insertion ?? null },
  };
}

const folioJson = ({ index, pfn, order, strength, holders }: FolioLedger): object => ({
  index,
  pfn,
  order,
  strength,
  holders: holders.map(holderJson),
});

const holderJson = ({ kind, cpu, task, references, since }: Holder): object => ({
  kind,
  ...(cpu === undefined ? {} : { cpu }),
  ...(task === undefined ? {} : { task }),
  references,
  ...(since === undefined ? {} : { since: formatTime(since) }),
});

const batchedJson = ({ dev, ino, index, pfn, cpu, since }: BatchedFolio): object => ({
  dev,
  ino: hex(ino),
  index,
  pfn,
  ...holderJson({ kind: 'lru-add-batch', cpu, references: 1, since }),
});

const hex = (ino: Ino): string => `0x${ino.toString(16)}`;

const timeOrNull = (time: Parameters<typeof formatTime>[0] | undefined): string | null =>
  time === undefined ? null : formatTime(time);
