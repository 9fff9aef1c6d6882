// SPDX-License-Identifier: MIT
import type {
  Cpu,
  FilemapEvent,
  FolioLedger,
  Ledger,
  LruInsertion,
  Nanoseconds,
  Strength,
  Verdict,
} from '../ledger/index.ts';
import { cpu as cpuNumber, folioIndex } from '../ledger/index.ts';
import { patchNamed, type Profile } from '../machine/index.ts';
import { formatEvent, type TraceSummary } from '../trace/index.ts';
import type {
  CreatedFile,
  Explanation,
  IndexRange,
  InodeAnswer,
  MomentAnswer,
  NeededEvent,
  RefusalEvidence,
} from './answer.ts';
import type { Gap } from './gap.ts';
import { withCounts } from './counted.ts';
import { type Recorded, unaddedByCpu } from './conversions.ts';
import { type Generation, statusAt } from './generation.ts';
import type { TrackedInode } from './inodes.ts';
import type { Moment } from './moments.ts';
import { notesOf } from './notes.ts';
import { inferProfile } from './profile.ts';
import { type Question, QuestionError } from './question.ts';
import type { InodeState } from './state/inode-state.ts';
import { Losses } from './state/losses.ts';
import { States } from './state/states.ts';
import { type AskedInode, type Surroundings, unflushedAt } from './state/surroundings.ts';
import { doubtOf, type Story } from './story.ts';
import { areProved, isWithin, unseenAt } from './unseen.ts';
import { type Conversion, Verdicts } from './verdicts.ts';

/** Basis of all answers, at any moment. */
export interface Basis {
  readonly trace: TraceSummary;
  /** Inodes with answers for each moment. */
  readonly followed: readonly TrackedInode[];
  /** Every recorded call, by rising time. */
  readonly conversions: Explanation['conversions'];
  readonly drains: Explanation['drains'];
  readonly around: Surroundings;
  /** Folios of some inode were isolated and put back. */
  readonly hasPutbacks: boolean;
  /** Of the assumed kernel profile. */
  readonly batchSize: number;
  readonly verdicts: Verdicts;
  /** All kept folios of an inode, and what else an answer needs. */
  asked(inode: TrackedInode): AskedInode;
  /** The explanation around some answers. */
  explanation(moments: readonly MomentAnswer[]): Explanation;
}

/** Answers a question from the results of one pass over the events. */
export class Answerer {
  readonly #question: Question;
  readonly #story: Story;

  constructor(question: Question, story: Story) {
    this.#question = question;
    this.#story = story;
  }

  /**
   * @param trace the reader's summary.
   * @throws QuestionError if the recording does not have the requested object.
   */
  answer(trace: TraceSummary): Explanation {
    const basis = this.basis(trace);
    const { followed, conversions, batchSize } = basis;
    const all = this.#story.moments.resolve(trace.from, trace.to, trace);
    const times = all.map(({ at }) => at);
    const { range } = this.#question;
    const states = followed.map((inode) => new States(basis.asked(inode), basis.around, times, { range, batchSize }));
    const moments: MomentAnswer[] = [];
    for (const moment of all) {
      const call = lastCallUpTo(conversions, moment.at);
      for (const [place, inode] of followed.entries()) {
        const ofInode = states[place];
        if (ofInode === undefined) continue;
        const converter = chooseCpu(this.#question, moment, call, this.#story.order.lastCpu);
        moments.push(this.#moment(basis, { moment, inode, states: ofInode, converter, range }));
      }
    }
    return this.finalForm(basis.explanation(moments), trace);
  }

  /**
   * An inode after every event stamped at or before a moment, which has to lie where folios were kept.
   * @param folios those of its folios that may be in the page cache then, by rising index.
   * @param asked the pages to convert, and the CPU that converts; undefined: the whole inode, and chosen from the recording.
   */
  momentAt(
    basis: Basis,
    moment: Moment,
    { inode, folios }: { readonly inode: TrackedInode; readonly folios: readonly Generation[] },
    { range, cpu }: Pick<Question, 'range' | 'cpu'>,
  ): MomentAnswer {
    const { around, batchSize } = basis;
    const asked = { ...basis.asked(inode), folios };
    const states = new States(asked, around, [moment.at], { range, batchSize });
    const call = lastCallUpTo(basis.conversions, moment.at);
    const converter = chooseCpu({ ...this.#question, cpu }, moment, call, this.#story.order.lastCpu);
    return this.#moment(basis, { moment, inode, states, converter, range });
  }

  /** The final form of an explanation: counts as stamps if the clock counts. */
  finalForm(explanation: Explanation, { countsTime }: TraceSummary): Explanation {
    return countsTime ? withCounts(explanation) : explanation;
  }

  /**
   * Everything that does not depend on a moment.
   * @throws QuestionError if the recording does not have the requested object.
   */
  basis(trace: TraceSummary): Basis {
    this.#story.seen.wereOn(trace.recordedEvents ?? []);
    const { question, profile } = this.#assumptions(trace);
    const callers = new Set([...this.#story.conversions.pids, ...this.#story.creations.made.map(({ pid }) => pid)]);
    const inodes = this.#story.inodes.sorted(callers);
    if (question.inode !== undefined && inodes.length === 0) throw new QuestionError(noInode(question));
    const followed = inodes.flatMap(({ tracked, kind }) =>
      tracked === undefined || (kind === 'other' && !tracked.wanted) ? [] : [tracked],
    );
    // An empty inode was forgotten and, after later adds, tracked anew.
    const names = new Set(followed.map(nameOf));
    const recorded = this.#recorded();
    const conversions = this.#story.conversions.answers((inode) => names.has(nameOf(inode)), recorded);
    const cpus = this.#cpus(trace);
    const drains = this.#story.drains.answer();
    const drainedAt = this.#story.gaps.length === 0 ? this.#story.drains.firstRoundEnd : undefined;
    const gaps = this.#seriousGaps();
    const around: Surroundings = {
      batches: this.#story.batches,
      gaps,
      losses: new Losses(gaps),
      cpus,
      drainedAt,
      doubt: doubtOf(this.#story),
      showsAdds: this.#story.seen.anyAdd,
      showsDeletes: this.#story.seen.anyDelete && !(this.#story.seen.unseenDeletes && this.#story.gaps.length === 0),
      isCoarse: trace.countsTime && this.#story.order.hasTies,
      flushedLater: flushedLater(cpus, this.#story.batches),
      anyRefused: this.#story.conversions.anyRefused,
      createdByOthers: this.#story.creations.made.length > 0,
      refusedAt: (folio) => this.#story.conversions.refusedAt(folio),
    };
    const born = this.#story.creations.born(followed);
    const hasPutbacks = followed.some(({ reinsertions }) => reinsertions > 0);
    const asked = new Map<TrackedInode, AskedInode>();
    const openInodes = this.#openInodes(inodes);
    const explanation = (moments: readonly MomentAnswer[]): Explanation => ({
      trace,
      profile,
      inodes: inodes.map(
        ({ dev, ino, kind, because, tracked }): InodeAnswer => ({
          dev,
          ino,
          kind,
          because,
          created: tracked === undefined ? undefined : creatorOf(born.get(tracked)),
          touchedBy: [...(tracked?.touchers ?? [])]
            .map(({ pid, task, folios }) => ({ pid, task, folios }))
            .toSorted((a, b) => b.folios - a.folios),
        }),
      ),
      moments,
      conversions,
      dwell:
        trace.to === undefined || doubtOf(this.#story) !== undefined
          ? []
          : this.#dwell(followed, profile.profile, { end: trace.to, around, born }),
      drains,
      notes: [...trace.notes, ...notesOf(this.#story, followed, { inodes, openInodes })],
      mayHideInodes: around.gaps.length > 0,
      openInodes,
      open: openInodes > 0 ? this.#story.inodes.openOnes() : [],
      doubt: inodes.some(({ kind }) => kind !== 'other')
        ? undefined
        : this.#noInodeDoubt(conversions.length > 0, around.gaps.length > 0, openInodes),
      strays: this.#story.strays.unevictable,
      form: this.#story.conversions.form(recorded),
      missing: missingOf(this.#story),
      created: this.#story.creations.made,
    });
    return {
      trace,
      followed,
      conversions,
      drains,
      around,
      hasPutbacks,
      batchSize: profile.profile.batchSize,
      verdicts: new Verdicts(cpus, profile.profile),
      asked: (inode) => {
        const known = asked.get(inode) ?? askedOf(inode, born, hasPutbacks);
        asked.set(inode, known);
        return known;
      },
      explanation,
    };
  }

  /** Why it is unknown whether there is a guest_memfd, if none is listed. */
  #noInodeDoubt(converted: boolean, lossy: boolean, open: number): Explanation['doubt'] {
    const { creations, strays, seen } = this.#story;
    if (this.#question.inode !== undefined) return undefined;
    if (converted) return 'conversions';
    if (open > 0) return 'open inodes';
    if (lossy) return 'lost events';
    if (creations.made.length > 0) return 'creations';
    if (strays.unevictable > 0) return 'unevictable folios';
    return seen.anyAdd && seen.anyInsertion ? undefined : 'missing events';
  }

  #recorded(): Recorded {
    const { seen, drains, strays } = this.#story;
    return {
      adds: seen.anyAdd,
      insertions: seen.anyInsertion,
      works: drains.recorded,
      unadded: unaddedByCpu(strays.unadded),
    };
  }

  #moment(
    { trace, conversions, verdicts }: Basis,
    {
      moment,
      inode,
      states,
      converter,
      range,
    }: {
      readonly moment: Moment;
      readonly inode: TrackedInode;
      readonly states: States;
      readonly converter: { readonly cpu: Cpu; readonly because: string };
      readonly range: IndexRange | undefined;
    },
  ): MomentAnswer {
    const { patches } = this.#question;
    const { isOlder } = states.asked;
    const state = states.at(moment.at);
    const conversion: Conversion = { range, cpu: converter.cpu };
    const baseline = verdicts.verdict(state, conversion, patchNamed('baseline'));
    const forms = patches.map((patch) => [patch.name, verdicts.verdict(state, conversion, patch)] as const);
    const byCpu = patches.some(({ name }) => name === 'local-drain');
    const unseen = unseenAt(moment.at, { folios: state.folios, range, isOlder }, conversions);
    return {
      at: moment.at,
      marker: moment.marker?.text,
      dev: inode.dev,
      ino: inode.ino,
      // All of them at all moments would not fit into memory; most readers need few.
      get folios() {
        return states.wholeAt(moment.at).folios;
      },
      get lives() {
        return states.wholeAt(moment.at).lives;
      },
      get stale() {
        return states.wholeAt(moment.at).stale;
      },
      count: state.count,
      goneNotable: state.goneNotable,
      notable: state.notable,
      strengths: state.strengths,
      staleCount: state.staleCount,
      unsettled: state.unsettled,
      verdicts: new Map<string, Verdict>(forms),
      localDrainByCpu: byCpu ? verdicts.localDrainByCpu(state, conversion) : undefined,
      baseline,
      strength: strengthOf(baseline, state.folios, { range, unseen }),
      unseen,
      isOlder,
      lowerIndex: verdicts.lowerIndex(state, conversion, patchNamed('baseline')),
      range,
      cpu: converter.cpu,
      cpuBecause: converter.because,
      evidence: evidenceOf(baseline, state, moment, trace),
    };
  }

  #dwell(
    inodes: readonly TrackedInode[],
    { batchSize }: Profile,
    {
      end,
      around,
      born,
    }: { readonly end: Nanoseconds; readonly around: Surroundings; readonly born: ReadonlyMap<TrackedInode, unknown> },
  ): Explanation['dwell'] {
    const older = {
      areFlushed: unflushedAt(end, { ...around, drainedAt: undefined }).length === 0,
      areDrained: around.drainedAt !== undefined,
    };
    return inodes.map((inode) => inode.waiting.answer(inode, end, batchSize, born.has(inode) ? undefined : older));
  }

  #assumptions(trace: TraceSummary): {
    readonly question: Question;
    readonly profile: { profile: Profile; because: string };
  } {
    const { profile } = this.#question;
    const chosen =
      profile === undefined
        ? inferProfile([...this.#story.batches.values()], trace.recordedOn)
        : { profile, because: 'as asked' };
    return { question: this.#question, profile: chosen };
  }

  /** CPUs of the recording or the question, by rising number. */
  #cpus(trace: TraceSummary): readonly Cpu[] {
    const { cpu } = this.#question;
    const named = [...trace.cpus, ...this.#story.batches.keys(), ...(cpu === undefined ? [] : [cpu])];
    return [...new Set(named)].toSorted((a, b) => a - b);
  }

  #seriousGaps(): readonly Gap[] {
    return this.#story.gaps.filter(({ buffer }) => this.#story.seen.mayHide(buffer));
  }

  /** @param inodes of the answer: if one of them is a guest_memfd or requested, the others are irrelevant. */
  #openInodes(inodes: readonly Pick<InodeAnswer, 'kind'>[]): number {
    const isNone = inodes.every(({ kind }) => kind === 'other');
    return isNone && this.#question.inode === undefined ? this.#story.inodes.open : 0;
  }
}

function flushedLater(cpus: readonly Cpu[], batches: Story['batches']): Nanoseconds | undefined {
  let earliest: Nanoseconds | undefined;
  for (const cpu of cpus) {
    const last = batches.get(cpu)?.lastFlush;
    if (last === undefined) return undefined;
    if (earliest === undefined || last < earliest) earliest = last;
  }
  return earliest;
}

const creatorOf = (file: CreatedFile | undefined): InodeAnswer['created'] =>
  file === undefined ? undefined : { pid: file.pid, task: file.task, fd: file.fd };

const nameOf = ({ dev, ino }: Pick<TrackedInode, 'dev' | 'ino'>): string => `${dev}:${ino}`;

/** The last call up to a time; the first if none was so early; undefined if there is none at all. */
function lastCallUpTo(
  calls: Explanation['conversions'],
  at: Nanoseconds,
): Explanation['conversions'][number] | undefined {
  let low = 0;
  let high = calls.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((calls[middle]?.at ?? at) <= at) low = middle + 1;
    else high = middle;
  }
  return calls[Math.max(0, low - 1)];
}

function askedOf(inode: TrackedInode, born: ReadonlyMap<TrackedInode, unknown>, hasPutbacks: boolean): AskedInode {
  const folios = inode.folios().toSorted((a, b) => a.index - b.index);
  const isKnown = (index: number): boolean => inode.live.has(folioIndex(index)) || inode.hasLeft(index);
  const found = new Map<number, number>();
  const lowestUnknown = (from: number): number => {
    const known = found.get(from);
    if (known !== undefined) return known;
    let index = from;
    // The pages of a large folio are known if its first page is.
    let place = 0;
    for (; ; index++) {
      for (let one = folios[place]; one !== undefined && one.index + 2 ** one.order <= index; one = folios[++place]);
      const folio = folios[place];
      if ((folio === undefined || folio.index > index) && !isKnown(index)) break;
    }
    found.set(from, index);
    return index;
  };
  return { folios, isOlder: !born.has(inode), hasPutbacks, isKnown, lowestUnknown };
}

function missingOf({ seen: { anyAdd, anyDelete, anyInsertion } }: Story): Explanation['missing'] {
  const missing: NeededEvent[] = [];
  if (!anyAdd) missing.push('mm_filemap_add_to_page_cache');
  if (!anyDelete) missing.push('mm_filemap_delete_from_page_cache');
  if (!anyInsertion) missing.push('mm_lru_insertion');
  return missing;
}

/** The converting CPU. */
function chooseCpu(
  { cpu }: Question,
  { marker }: Moment,
  call: Explanation['conversions'][number] | undefined,
  last: Cpu | undefined,
): { readonly cpu: Cpu; readonly because: string } {
  if (cpu !== undefined) return { cpu, because: 'as asked' };
  if (call !== undefined) return { cpu: call.cpu, because: 'where the recorded conversions ran' };
  if (marker !== undefined) return { cpu: marker.cpu, because: 'where the marker was written' };
  return { cpu: last ?? cpuNumber(0), because: 'where the last event was' };
}

/** The strength of a verdict is that of its evidence. */
function strengthOf(
  { verdict }: Verdict,
  folios: Ledger,
  { range, unseen }: { readonly range: IndexRange | undefined; readonly unseen: MomentAnswer['unseen'] },
): Strength {
  if (verdict === 'undecided' || (verdict === 'safe' && unseen?.what === 'refused call')) return 'unknown';
  return areProved(folios, range) && folios.some(isWithin(range)) ? 'proved' : 'derived';
}

function evidenceOf(
  baseline: Verdict,
  state: InodeState,
  { at }: Moment,
  { pageSize }: Pick<TraceSummary, 'pageSize'>,
): RefusalEvidence | undefined {
  if (baseline.verdict !== 'refused') return undefined;
  const covers = ({ index, order }: FolioLedger | Generation): boolean =>
    index <= baseline.index && baseline.index < index + 2 ** order;
  const folio = state.generations.find(covers);
  if (folio === undefined) return undefined;
  const status = statusAt(folio, at);
  if (status?.status !== 'waits' && status?.status !== 'may-wait') return undefined;
  const quote = (event: FilemapEvent | LruInsertion): string => formatEvent(event, pageSize);
  return {
    index: folio.index,
    pfn: folio.pfn,
    cpu: status.cpu,
    since: status.since,
    add: folio.add === undefined ? undefined : quote(folio.add),
    insertion: folio.insertion === undefined ? undefined : quote(folio.insertion),
  };
}

function noInode({ inode }: Question): string {
  const dev = inode?.dev === undefined ? '' : `${inode.dev}:`;
  return `no page cache event of inode ${dev}0x${(inode?.ino ?? 0n).toString(16)} in the recording`;
}
