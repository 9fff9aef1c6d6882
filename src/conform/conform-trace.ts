// SPDX-License-Identifier: MIT
import { DEFAULT_PROFILE, type Patch, PATCHES, type Profile, PROFILES } from '../kernel/index.ts';
import type { KernelEvent, Loss } from '../ledger/index.ts';
import {
  type ByteSource,
  type ByteStream,
  formatEvent,
  readTrace,
  type Redactor,
  type TraceSummary,
} from '../trace/index.ts';
import { type Conformance, type DivergenceAnswer, EVENT_KINDS, type KindCount, SILENT_KINDS } from './answer.ts';
import { Follower, type Followed } from './follower.ts';
import { Recording } from './recording.ts';

/** What is asked of a recording. */
export interface ConformQuestion {
  /** Undefined: the first known profile with which it conforms. */
  readonly profile?: Profile | undefined;
  /** Forms of the check; undefined: all of the series. */
  readonly patches?: readonly Patch[] | undefined;
  /** Only this buffer of a trace.dat; undefined: all. */
  readonly buffer?: string | undefined;
  /** Replaces what identifies; undefined: nothing is replaced. */
  readonly redactor?: Redactor | undefined;
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** Share of events behind losses above which a recording says too little. */
const MOST_UNKNOWN = 0.2;

/** A text that has less than this share of the events that its header announces is an excerpt. */
const LEAST_KEPT = 0.9;

/** Events of the diverging CPU that are shown before it. */
const SHOWN_BEFORE = 5;

/**
 * Reads a recording, and follows it with the executable kernel.
 * @throws InputError if nothing can be answered from the input.
 * @example
 * import { conformTrace } from 'folioscope/conform';
 * import { memorySource } from 'folioscope/trace';
 * const line = (rest: string) => ` vmm-1000 [001] ..... ${rest}\n`;
 * const text = `# tracer: nop\n#\n# entries-in-buffer/entries-written: 2/2   #P:2\n#\n${[
 *   line('1.000001: mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x7 ofs=0 order=0'),
 *   line('1.000002: mm_lru_insertion: folio=0 pfn=0x7 lru=4 flags=Mf'),
 * ].join('')}`;
 * const answer = await conformTrace(memorySource('trace.txt', new TextEncoder().encode(text)), {});
 * [answer.verdict, answer.matched]; // => ['conforms', 2]
 */
export async function conformTrace(source: ByteSource | ByteStream, question: ConformQuestion): Promise<Conformance> {
  const recording = new Recording();
  const trace = await readTrace(source, {
    buffer: question.buffer,
    redactor: question.redactor,
    onEvents: (events) => recording.add(events),
    onProgress: question.onProgress,
  });
  return conformRecording(recording, trace, question);
}

/** The same of events that have been read. */
function conformRecording(recording: Recording, trace: TraceSummary, question: ConformQuestion): Conformance {
  const patches = question.patches ?? PATCHES;
  const hasConversions = recording.has('conversion');
  const tried = hasConversions ? patches : patches.slice(-1);
  const profiles = question.profile === undefined ? likely(trace) : [question.profile];
  const all = profiles.flatMap((profile) => tried.map((patch) => ({ profile, patch })));
  let best: { readonly profile: Profile; readonly followed: Followed } | undefined;
  const forms: Patch[] = [];
  let gaveUp: string | undefined;
  for (const { profile, patch } of all) {
    // Another form may conform too; another profile is asked only if none does with this one.
    if (best?.followed.divergence === undefined && best !== undefined && best.profile !== profile) break;
    const followed = new Follower(recording, { profile, patch }).follow();
    if (followed.divergence === undefined) forms.push(patch);
    gaveUp ??= followed.gaveUp;
    if (best === undefined || isBetter(followed, best.followed)) best = { profile, followed };
    if (followed.divergence === undefined && recording.events.length > FEW_EVENTS) break;
  }
  if (best === undefined) throw new RangeError('no form of the check is asked for');
  const because =
    question.profile === undefined
      ? becauseOf(best.profile, profiles, trace, best.followed.divergence === undefined)
      : 'as asked';
  return answerOf({
    recording,
    trace,
    followed: best.followed,
    gaveUp,
    profile: { name: best.profile.name, because },
    forms,
    tried,
  });
}

/** With so many events one conforming form is enough. */
const FEW_EVENTS = 100_000;

const isBetter = (one: Followed, other: Followed): boolean =>
  other.divergence !== undefined && (one.divergence === undefined || one.divergence.at > other.divergence.at);

/** Profiles of kernels as they are, the likeliest first: the release that the recording names, then newer ones first. */
function likely({ recordedOn }: TraceSummary): readonly Profile[] {
  const real = PROFILES.filter(({ name }) => name.startsWith('linux-'));
  const release = /(?<= )\d+\.\d+/.exec(recordedOn ?? '')?.[0];
  const named = real.find(({ name }) => name === `linux-${release}`);
  return named === undefined ? real : [named];
}

function becauseOf(
  profile: Profile,
  among: readonly Profile[],
  { recordedOn }: TraceSummary,
  conforms: boolean,
): string {
  if (among.length === 1)
    return `by the release that the recording names, ${/(?<= )\d+\.\d+\S*/.exec(recordedOn ?? '')?.[0] ?? ''}`;
  if (!conforms) return 'the one that follows the recording furthest';
  return profile === DEFAULT_PROFILE
    ? 'the newest; the recording conforms with it'
    : 'the newest with which the recording conforms';
}

function answerOf(of: {
  readonly recording: Recording;
  readonly trace: TraceSummary;
  readonly followed: Followed;
  readonly gaveUp: string | undefined;
  readonly profile: Conformance['profile'];
  readonly forms: readonly Patch[];
  readonly tried: readonly Patch[];
}): Conformance {
  const { recording, trace, followed, gaveUp, profile, forms, tried } = of;
  const hasConversions = recording.has('conversion');
  const { divergence } = followed;
  const consumed = new Map(divergence === undefined ? recording.read : recording.readUpTo(divergence.at));
  // Events that the reader does not decode are not of the model either.
  const decoded = [...recording.read.values()].reduce((total, times) => total + times, 0);
  if (divergence === undefined) consumed.set('other', (consumed.get('other') ?? 0) + trace.events - decoded);
  const kinds = EVENT_KINDS.flatMap((kind): KindCount[] => {
    const read = consumed.get(kind) ?? 0;
    if (read === 0) return [];
    return [
      { kind, consumed: read, matched: followed.matched.get(kind) ?? 0, unknown: followed.unknown.get(kind) ?? 0 },
    ];
  });
  const sum = (which: 'consumed' | 'matched' | 'unknown'): number =>
    kinds.reduce((total, one) => total + one[which], 0);
  const found = {
    trace,
    profile,
    forms: (hasConversions ? forms : []).map(({ name }) => name),
    formsTried: (hasConversions ? tried : []).map(({ name }) => name),
    kinds,
    consumed: sum('consumed'),
    matched: sum('matched'),
    unknown: sum('unknown'),
    silent: SILENT_KINDS.flatMap((kind) => {
      const times = followed.silent.get(kind) ?? 0;
      return times === 0 ? [] : [{ kind, times }];
    }),
    steps: followed.steps,
    frontier: followed.frontier,
    tries: followed.choices,
    lostOn: [...new Set(recording.losses.map(({ cpu }) => cpu))].toSorted((a, b) => a - b),
    divergence: divergence === undefined ? undefined : shownDivergence(recording, divergence),
  };
  const because = undecidedBecause(found, trace, gaveUp);
  const verdict = because !== undefined ? 'undecided' : divergence === undefined ? 'conforms' : 'diverges';
  return { verdict, because, ...found };
}

function undecidedBecause(
  { matched, unknown, consumed, divergence }: Pick<Conformance, 'matched' | 'unknown' | 'consumed' | 'divergence'>,
  { countsTime, announced, events }: TraceSummary,
  gaveUp: string | undefined,
): string | undefined {
  if (divergence !== undefined && countsTime)
    return 'its clock counts, so the order of events of two CPUs is not known';
  if (divergence !== undefined && announced !== undefined && events < LEAST_KEPT * announced)
    return `the text has ${events} of the ${announced} events that its header announces`;
  if (divergence !== undefined) return gaveUp;
  if (matched === 0) return 'no event was matched';
  if (unknown > MOST_UNKNOWN * consumed) return 'too much of it is behind losses';
  return undefined;
}

function shownDivergence({ events }: Recording, { at, why }: NonNullable<Followed['divergence']>): DivergenceAnswer {
  const event = events[at];
  if (!isEvent(event)) throw new Error(`event ${at} is none`);
  const before: string[] = [];
  for (let i = at - 1; i >= 0 && before.length < SHOWN_BEFORE; i--) {
    const other = events[i];
    if (isEvent(other) && other.cpu === event.cpu) before.unshift(formatEvent(other));
  }
  const { allowed, guard, frontier } = why;
  return {
    event: formatEvent(event),
    at: event.at,
    cpu: event.cpu,
    number: at + 1,
    allowed,
    guard,
    ledgers: frontier,
    before,
  };
}

const isEvent = (event: KernelEvent | undefined): event is Exclude<KernelEvent, Loss> =>
  event !== undefined && event.type !== 'loss';
