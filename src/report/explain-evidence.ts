// SPDX-License-Identifier: MIT
import type { MomentAnswer, RefusalEvidence } from '../explain/index.ts';
import { type FolioLedger, type Holder, type HolderKind, nanoseconds, referencesOf } from '../ledger/index.ts';
import { timeText } from './clock-text.ts';
import { durationText } from './duration-text.ts';
import { inodeName, whenPhrase } from './explain-names.ts';
import { wrap } from './flow.ts';
import { quoteText } from './wrap.ts';

/**
 * An event as the kernel prints it, broken into lines: task, CPU and time in the first.
 *
 *     gmem-workload-24162 [001] 2571.890980:
 *       mm_filemap_add_to_page_cache: dev 0:16 ino 2a05b pfn=0x234f52
 *       ofs=380928 order=0
 */
export function eventLines(event: string, indent: string): string[] {
  const match = /^(.*\[\d+\] +\d+\.\d+:) (.*)$/s.exec(event);
  const safe = (text: string): string => quoteText(text, 1000).slice(1, -1);
  if (match === null) return wrap(safe(event), indent, `${indent}  `);
  return [...wrap(safe(match[1] ?? ''), indent), ...wrap(safe(match[2] ?? ''), `${indent}  `)];
}

/** The folio that `baseline` refuses. */
function refusedFolio({ baseline, notable }: MomentAnswer): FolioLedger | undefined {
  if (baseline.verdict !== 'refused') return undefined;
  const { index } = baseline;
  return notable.find((folio) => folio.index <= index && index < folio.index + 2 ** folio.order);
}

/** Holders that are reported elsewhere, or that a conversion expects or removes itself. */
const EXPECTED: ReadonlySet<HolderKind> = new Set(['page-cache', 'lru-add-batch', 'user-mapping']);

/** `1 gup ('vmm')`. */
export const holderPhrase = ({ kind, references, cpu, task }: Holder): string => {
  const who = [...(cpu === undefined ? [] : [`CPU ${cpu}`]), ...(task === undefined ? [] : [quoteText(task)])];
  return `${references} ${kind}${who.length === 0 ? '' : ` (${who.join(', ')})`}`;
};

/**
 * `1 gup ('vmm')`: the holders of a folio other than batches of lru_add and what a conversion expects; empty if there
 * are none.
 */
export const othersPhrase = ({ holders }: FolioLedger): string =>
  holders
    .filter(({ kind }) => !EXPECTED.has(kind))
    .map(holderPhrase)
    .join(', ');

/** Holders that refuse a conversion without a drain, besides a batch of lru_add; empty if there are none. */
export function refusersPhrase(moment: MomentAnswer): string {
  const folio = refusedFolio(moment);
  return folio === undefined ? '' : othersPhrase(folio);
}

/** Whether the report can explain why `baseline` refuses. */
export const isExplained = (moment: MomentAnswer): boolean =>
  moment.baseline.verdict === 'refused' && (moment.evidence !== undefined || refusersPhrase(moment) !== '');

/** Why `baseline` refuses: the folio, its holders, and the events that show it. */
export function evidenceLines(moment: MomentAnswer): string[] {
  const { evidence } = moment;
  const folio = refusedFolio(moment);
  if (folio === undefined) return [];
  const { index, pfn } = folio;
  const others = othersPhrase(folio);
  const reasons = [
    ...(evidence === undefined
      ? []
      : [`waits in the lru_add batch of CPU ${evidence.cpu}, since ${sinceWhen(evidence)}`]),
    ...(others === '' ? [] : [`is held by ${others}`]),
  ];
  return [
    ...wrap(
      `why: ${inodeName(moment)} index ${index} (pfn 0x${pfn.toString(16)}) at ${whenPhrase(moment)} ${reasons.join(', and ')}`,
      '',
      '  ',
    ),
    ...(evidence === undefined ? [] : eventsOf(evidence, moment)),
    ...wrap(referencesPhrase(folio), '  ', '    '),
    ...lowerLines(moment, folio),
    ...(moment.lowerIndex === undefined
      ? []
      : wrap(`a lower index may be refused first: ${moment.lowerIndex}`, '  ', '    ')),
  ];
}

function eventsOf({ add, insertion }: RefusalEvidence, { at }: MomentAnswer): string[] {
  const lines = add === undefined ? wrap('no event shows its add: it was there before', '  ') : eventLines(add, '    ');
  if (insertion === undefined)
    lines.push('  no mm_lru_insertion for this pfn up to the end of the recording', `  (after ${timeText(at)})`);
  else lines.push(...wrap('its mm_lru_insertion came only after that moment:', '  '), ...eventLines(insertion, '    '));
  return lines;
}

function referencesPhrase({ holders, order, strength }: FolioLedger): string {
  const cached = 2 ** order;
  const expected = `references: expected ${cached + 1} (page cache ${cached}, the check 1)`;
  const held = holders.filter(({ kind }) => kind !== 'user-mapping' && kind !== 'safety-check');
  const how = strength === 'proved' ? 'proved' : 'derived';
  return `${expected}, ${how} ${referencesOf(held) + 1}: ${[...held.map(holderPhrase), 'the check 1'].join(' + ')}`;
}

/** Why the refused folio is not the first one that waits. */
function lowerLines({ notable, cpu, range }: MomentAnswer, { index }: FolioLedger): string[] {
  const lower = notable.find(({ holders }) => holders.some(({ kind }) => kind === 'lru-add-batch'));
  if (lower === undefined || lower.index >= index || range !== undefined) return [];
  return wrap(
    `index ${lower.index} waits too, but on CPU ${cpu} itself: the check releases its first folios, which drains its own CPU before it reaches that index`,
    '  ',
    '    ',
  );
}

const sinceWhen = ({ since }: RefusalEvidence): string =>
  since === undefined ? 'before the recording' : timeText(since);

/** Waiting time of a folio, for a headline: `for 0.000053 s`. */
export const ageOf = ({ at, evidence }: MomentAnswer): string =>
  evidence?.since === undefined
    ? 'since before the recording'
    : `for ${durationText(nanoseconds(at - evidence.since))}`;
