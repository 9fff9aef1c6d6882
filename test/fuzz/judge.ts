// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { codeOf } from '../../src/cli/explain-code.ts';
import { EXIT } from '../../src/cli/exit-code.ts';
import { Explainer } from '../../src/explain/explainer.ts';
import { explainTrace, type Question } from '../../src/explain/index.ts';
import type { KernelEvent } from '../../src/ledger/index.ts';
import { PATCHES } from '../../src/machine/index.ts';
import { explanationToJson, explanationToText } from '../../src/report/index.ts';
import { MAIL_COLUMNS } from '../../src/report/wrap.ts';
import { InputError, memorySource, readTrace, type TraceSummary } from '../../src/trace/index.ts';
import { pipe } from '../support/read-recording.ts';
import { EVENTLESS_LINES } from './mutations.ts';
import { walkPages } from './reference-walk.ts';
import type { Seed } from './seeds.ts';

/** What the judge found in one input. */
export interface Judgement {
  /** What is wrong with us, one sentence each; empty where nothing is. */
  readonly faults: readonly string[];
  /** As the command would exit; undefined where that rests on a verdict and none was asked for. */
  readonly code: number | undefined;
  readonly events: number;
  /** Events are missing, and nothing in the answer says so. Not a fault where the damage left a well-formed recording. */
  readonly isSilent: boolean;
}

/** What the seed gives when nothing is wrong with it. */
export interface Truth {
  readonly events: number;
  readonly lines: number;
}

const SCHEMA = JSON.parse(readFileSync(new URL('../../schema/explain.schema.json', import.meta.url), 'utf8')) as object;
const keepsSchema = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(SCHEMA);

const QUESTION: Question = { moments: [], patches: PATCHES };

interface Reading {
  /** A digest of every event, in order; undefined where nothing could be read. */
  readonly digest: string | undefined;
  readonly summary: TraceSummary | undefined;
  readonly refusal: string | undefined;
}

/** @throws whatever the readers throw that is no InputError. */
async function readingOf(input: Parameters<typeof readTrace>[0], faults: string[]): Promise<Reading> {
  const hash = createHash('sha1');
  const losses: KernelEvent[] = [];
  let decoded = 0;
  try {
    const explainer = new Explainer(QUESTION);
    const summary = await readTrace(input, {
      scheduling: true,
      onEvents: (batch) => {
        explainer.events(batch);
        for (const event of batch) {
          const problem = problemOf(event);
          if (problem !== undefined) faults.push(`an event that cannot be: ${problem} in ${show(event)}`);
          if (event.type === 'loss') losses.push(event);
          else decoded++;
        }
        hash.update(batch.map((event) => Object.values(event).join('|')).join('\n'));
      },
    });
    if (show(losses) !== show(summary.lost)) faults.push('the losses of the summary are not those among the events');
    if (decoded > summary.events) faults.push(`${decoded} events were told, ${summary.events} counted`);
    return { digest: hash.digest('hex') + show(summary), summary, refusal: undefined };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { digest: undefined, summary: undefined, refusal: error.message };
  }
}

const show = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner));

/** How much of the command is run on an input. Verdicts run the kernel's check, which takes a hundred times as long as reading. */
export type Depth = 'read' | 'explain';

/** Reads an input every way that the command does, explains it if asked for, and says what must not be. */
export async function judge(
  bytes: Uint8Array,
  seed: Seed,
  truth: Truth,
  piece: number,
  depth: Depth,
): Promise<Judgement> {
  const faults: string[] = [];
  try {
    const reading = await readingOf(memorySource('input', bytes), faults);
    // Unpackers give what stands before damage in pieces that depend on those they get.
    const isPacked = seed.kind === 'packed text';
    const again = await readingOf(isPacked ? memorySource('input', bytes) : pipe('input', bytes, piece), faults);
    if (reading.digest !== again.digest) faults.push('read twice, the same bytes give something else');
    const { summary, refusal } = reading;
    if (refusal !== undefined && refusal !== again.refusal) {
      faults.push(`two refusals: '${refusal}', from a pipe '${again.refusal}'`);
    }
    if (summary === undefined) {
      faults.push(...problemsOfRefusal(refusal ?? ''));
      return { faults, code: EXIT.input, events: 0, isSilent: false };
    }
    const told = summary.damage.length > 0 || summary.lost.length > 0 || summary.notes.length > 0;
    faults.push(...silences(bytes, seed, truth, summary, told));
    const code = depth === 'explain' ? await explained(bytes, faults) : codeOfReading(summary);
    return { faults, code, events: summary.events, isSilent: summary.events < truth.events && !told };
  } catch (error) {
    faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return { faults, code: EXIT.defect, events: 0, isSilent: false };
  }
}

const codeOfReading = ({ damage }: TraceSummary): number | undefined =>
  damage.length > 0 ? EXIT.undecided : undefined;

async function explained(bytes: Uint8Array, faults: string[]): Promise<number> {
  const explanation = await explainTrace(memorySource('input', bytes), QUESTION);
  const json = explanationToJson(explanation);
  if (!keepsSchema(JSON.parse(json))) faults.push(`not as the schema says: ${show(keepsSchema.errors)}`);
  const text = explanationToText(explanation, { file: 'input', options: [] });
  const unmailable = text.split('\n').filter((line) => line.length > MAIL_COLUMNS || /[^\x20-\x7e]/.test(line));
  for (const line of unmailable) faults.push(`not to be mailed: ${show(line)}`);
  if (explanationToJson(await explainTrace(memorySource('input', bytes), QUESTION)) !== json) {
    faults.push('explained twice, the same bytes give two answers');
  }
  const code = codeOf(explanation, { any: false, calls: true });
  if (explanation.trace.damage.length > 0 && code !== EXIT.undecided) faults.push(`damage, and exit ${code}`);
  const lines = explanation.trace.damage.filter((line) => !PLACED.test(line));
  for (const line of lines) faults.push(`a damage without its place: '${line}'`);
  return code;
}

const NAME = 'input: ';
/** `byte 12: what`, in text with the line before, in what is packed with the place there behind. */
const PLACED = /^(?:line \d+, )?byte \d+(?:, \d+ of what is packed there)?: [^\n]+$/;

/** A refusal names the file, a byte and what was expected, or what to do. */
function problemsOfRefusal(message: string): string[] {
  if (message.startsWith(NAME) && PLACED.test(message.slice(NAME.length))) return [];
  // What is a whole file of another kind has no place.
  if (/^input: (?:empty|packed with |a zip|perf\.data|text of )[^\n]*$/.test(message)) return [];
  return [`a refusal without a place: '${message}'`];
}

/** What the answer must say and does not. */
function silences(bytes: Uint8Array, seed: Seed, truth: Truth, summary: TraceSummary, told: boolean): string[] {
  switch (seed.kind) {
    case 'dat': {
      const { pages } = seed;
      if (pages === undefined || !differsInPagesOnly(bytes, seed)) return [];
      const walked = walkPages(bytes, pages);
      if (!walked.isWellFormed) return told ? [] : ['pages are not well formed, and nothing says so'];
      if (walked.records === summary.events) return [];
      return [`well-formed pages with ${walked.records} records, ${summary.events} counted`];
    }
    case 'text': {
      // Whole lines that went leave a text that nobody can tell from another recording.
      const lines = countLines(bytes);
      const isTold = told || summary.events >= truth.events || lines !== truth.lines;
      return isTold ? [] : [`${summary.events} events of ${truth.events} in as many lines, and nothing says so`];
    }
    case 'packed dat':
    case 'packed text':
      return [];
  }
}

/**
 * Lines with more than blanks in them, without those that mutations put in and that are no events: else one put in would
 * stand for an event's that was cut out.
 */
export const countLines = (bytes: Uint8Array): number =>
  Buffer.from(bytes)
    .toString('latin1')
    .split('\n')
    .filter((line) => /\S/.test(line) && !EVENTLESS_LINES.has(line.trimEnd())).length;

/** Whether all bytes outside the pages of events are those of the seed; the file may end within the last pages. */
function differsInPagesOnly(bytes: Uint8Array, { bytes: original, pages }: Seed): boolean {
  if (pages === undefined || bytes.length > original.length) return false;
  const [first = 0] = pages.starts;
  let at = 0;
  for (const start of [...pages.starts, Math.max(first, bytes.length)]) {
    for (; at < Math.min(start, bytes.length); at++) if (bytes[at] !== original[at]) return false;
    at = start + pages.size;
  }
  return bytes.length >= first && (bytes.length === original.length || bytes.length > (pages.starts.at(-1) ?? 0));
}

const isNumber = (value: unknown, end: number): boolean =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= end;
const MOST_CPUS = (1 << 16) - 1;
const MOST_ORDERS = 31;
const LARGEST = Number.MAX_SAFE_INTEGER;

/** What is wrong with an event; undefined for one that a kernel could have written. */
function problemOf(event: KernelEvent): string | undefined {
  if (!isNumber(event.cpu, MOST_CPUS)) return 'cpu';
  if (event.type === 'loss') {
    return event.events !== undefined && !isNumber(event.events, LARGEST) ? 'number of events' : undefined;
  }
  if (typeof event.at !== 'bigint') return 'time';
  if (!Number.isSafeInteger(event.pid)) return 'pid';
  if ('pfn' in event && !isNumber(event.pfn, LARGEST)) return 'pfn';
  if ('order' in event && !isNumber(event.order, MOST_ORDERS)) return 'order';
  if ('index' in event && !isNumber(event.index, LARGEST)) return 'index';
  if ('lru' in event && !isNumber(event.lru, LARGEST)) return 'lru';
  if ('targetCpu' in event && !isNumber(event.targetCpu, LARGEST)) return 'target CPU';
  if ('count' in event && !Number.isSafeInteger(event.count)) return 'count';
  return undefined;
}
