// SPDX-License-Identifier: MIT
import type {
  BatchedFolio,
  CpuDwell,
  CreatedFile,
  DrainAnswer,
  DrainRound,
  DwellAnswer,
  Explanation,
  HeldFolio,
  MomentAnswer,
  RefusalCause,
  Unseen,
} from '../explain/index.ts';
import { formatTime, type Ino, type Verdict } from '../ledger/index.ts';
import { slowestOf } from './explain-drains.ts';
import { shareOf } from './explain-dwell.ts';
import { folioJson, holderJson } from './folio-json.ts';
import { timeOrNull, traceJson } from './trace-json.ts';

/** Name and version of the document; schema/explain.schema.json describes it. */
const SCHEMA = 'folioscope.explain/1';

/** An explanation as the JSON document of `explain --json`, its keys in a fixed order. */
export function explanationToJson(explanation: Explanation): string {
  const { trace, inodes, moments, conversions, dwell, drains, profile, notes, form, missing, doubt, open, created } =
    explanation;
  const document = {
    schema: SCHEMA,
    trace: traceJson(trace),
    inodes: inodes.map(({ dev, ino, kind, because, created: by, touchedBy }) => ({
      dev,
      ino: hex(ino),
      kind,
      because,
      created: by === undefined ? null : { pid: by.pid, task: by.task ?? null, fd: by.fd },
      touchedBy: touchedBy.map(({ pid, task, folios }) => ({ pid, task: task ?? null, folios })),
    })),
    moments: moments.map(momentJson),
    conversions: conversions.map(
      ({ at, cpu, pid, task, fd, returned, drained, until, batched, held, checked, causes, unexplained }) => ({
        at: formatTime(at),
        cpu,
        pid,
        task: task ?? null,
        fd,
        returned: returned ?? null,
        drained: drained ?? null,
        holders: [...batched.map(batchedJson), ...held.map(heldJson)],
        until: timeOrNull(until),
        checked:
          checked === undefined
            ? null
            : { dev: checked.dev, ino: hex(checked.ino), from: checked.from, to: checked.to },
        unexplained,
        causes: causes.map(causeJson),
      }),
    ),
    profile: { name: profile.profile.name, batchSize: profile.profile.batchSize, because: profile.because },
    notes,
    dwell: dwell.map(dwellJson),
    drains: drains === undefined ? null : drainsJson(drains),
    form: form === undefined ? null : { possible: form.forms, because: form.because },
    missing,
    undecided: doubt ?? null,
    open: open.map(({ dev, ino, adds, waiting }) => ({ dev, ino: hex(ino), adds, waiting })),
    created: created.map(createdJson),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function momentJson(moment: MomentAnswer): object {
  const {
    at,
    marker,
    dev,
    ino,
    folios,
    stale,
    lives,
    verdicts,
    localDrainByCpu,
    range,
    cpu,
    cpuBecause,
    evidence,
    lowerIndex,
  } = moment;
  const conversion = Object.fromEntries<object>(verdicts);
  if (localDrainByCpu !== undefined) conversion['local-drain-by-cpu'] = Object.fromEntries<Verdict>(localDrainByCpu);
  return {
    at: formatTime(at),
    marker: marker ?? null,
    dev,
    ino: hex(ino),
    folios: folios.map((folio, place) => ({
      ...folioJson(folio),
      since: timeOrNull(lives[place]?.since),
      generation: lives[place]?.number ?? 1,
      ...(stale.has(folio.index) ? { mayBeGone: true } : {}),
    })),
    conversion,
    range: range === undefined ? null : { from: range.from, to: range.to },
    cpu,
    cpuBecause,
    evidence:
      evidence === undefined
        ? null
        : {
            index: evidence.index,
            pfn: evidence.pfn,
            add: evidence.add ?? null,
            insertion: evidence.insertion ?? null,
          },
    lowerIndex: lowerIndex ?? null,
    strength: moment.strength,
    unless: moment.unseen === undefined ? null : unlessSentence(moment.unseen),
  };
}

function unlessSentence(unseen: Unseen): string {
  switch (unseen.what) {
    case 'unrecorded references':
      return 'a pin, an mlock batch or another reference holds a page: no event recorded here shows them';
    case 'refused call':
      return `what refused the call at ${formatTime(unseen.at)} still holds a page: no event recorded here shows it`;
  }
}

const batchedJson = ({ dev, ino, index, pfn, cpu, since }: BatchedFolio): object => ({
  dev,
  ino: hex(ino),
  index,
  pfn,
  ...holderJson({ kind: 'lru-add-batch', cpu, references: 1, since }),
});

const createdJson = ({ at, pid, task, fd }: CreatedFile): object => ({
  at: formatTime(at),
  pid,
  task: task ?? null,
  fd,
});

const causeJson = ({ how, kinds, certain, batched, held, insertions }: RefusalCause): object => ({
  how,
  kinds,
  certain,
  holders: [...batched.map(batchedJson), ...(batched.length > 0 ? [] : held.map(heldJson))],
  insertions: insertions.map(({ at, cpu, pfn }) => ({ at: formatTime(at), cpu, pfn })),
});

const dwellJson = (dwell: DwellAnswer): object => {
  const { dev, ino, from, to, refused, unknown, hidden, cpus } = dwell;
  return {
    dev,
    ino: hex(ino),
    from: formatTime(from),
    to: formatTime(to),
    refused: formatTime(refused),
    refusedShare: shareOf(refused, dwell),
    unknown: formatTime(unknown),
    hidden: formatTime(hidden),
    cpus: cpus.map((ofCpu) => cpuDwellJson(ofCpu, dwell)),
  };
};

const cpuDwellJson = (
  { cpu, folios, waiting, gone, p50, p90, p99, max, histogram, refused }: CpuDwell,
  of: DwellAnswer,
): object => ({
  cpu,
  folios,
  waiting,
  gone,
  p50: timeOrNull(p50),
  p90: timeOrNull(p90),
  p99: timeOrNull(p99),
  max: timeOrNull(max),
  histogram: histogram.map(({ below, count }) => ({ below: timeOrNull(below), folios: count })),
  refused: formatTime(refused),
  refusedShare: shareOf(refused, of),
});

const drainsJson = ({ count, unfinished, total, inConversions, p50, max, cpus, rounds }: DrainAnswer): object => ({
  rounds: count,
  unfinished,
  total: formatTime(total),
  inConversions: formatTime(inConversions),
  p50: timeOrNull(p50),
  max: timeOrNull(max),
  cpus: cpus.map(({ cpu, works, delay, run }) => ({
    cpu,
    works,
    delay: { p50: timeOrNull(delay.p50), max: timeOrNull(delay.max) },
    run: { p50: timeOrNull(run.p50), max: timeOrNull(run.max) },
  })),
  list: rounds.map(roundJson),
});

const roundJson = ({ at, cpu, pid, task, conversion, took, works }: DrainRound): object => ({
  at: formatTime(at),
  cpu,
  pid,
  task: task ?? null,
  conversion: timeOrNull(conversion),
  took: timeOrNull(took),
  slowest: slowestOf(works)?.cpu ?? null,
  works: works.map(({ cpu: on, queued, delay, run, insertions, meanwhile }) => ({
    cpu: on,
    queued: formatTime(queued),
    delay: timeOrNull(delay),
    run: timeOrNull(run),
    insertions,
    meanwhile: meanwhile.map(({ pid: other, task: name, time }) => ({
      pid: other,
      task: name,
      time: formatTime(time),
    })),
  })),
});

const heldJson = ({ dev, ino, index, pfn, holder }: HeldFolio): object => ({
  dev,
  ino: hex(ino),
  index,
  pfn,
  ...holderJson(holder),
});

const hex = (ino: Ino): string => `0x${ino.toString(16)}`;
