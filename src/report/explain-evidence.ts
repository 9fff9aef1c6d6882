// SPDX-License-Identifier: MIT
import type { MomentAnswer } from '../explain/index.ts';
import { formatTime, nanoseconds } from '../ledger/index.ts';
import { inodeName, whenPhrase } from './explain-moments.ts';
import { quoteText, wrap } from './wrap.ts';

/**
 * An event as the kernel prints it, broken into lines: task, CPU and time in the first.
 *
 *     gmem-workload-24162 [001] 2571.890980:
 *       mm_filemap_add_to_page_cache: dev 0:16 ino 2a05b pfn=0x234f52
 *       ofs=380928 order=0
 */
function eventLines(event: string, indent: string): string[] {
  const match = /^(.*\[\d+\] +\d+\.\d+:) (.*)$/s.exec(event);
  const safe = (text: string): string => quoteText(text, 1000).slice(1, -1);
  if (match === null) return wrap(safe(event), indent, `${indent}  `);
  return [...wrap(safe(match[1] ?? ''), indent), ...wrap(safe(match[2] ?? ''), `${indent}  `)];
}

/** Why `baseline` refuses: the folio, who holds it, and the events that say so. */
export function evidenceLines(moment: MomentAnswer): string[] {
  const { evidence, baseline, folios, cpu } = moment;
  if (evidence === undefined || baseline.verdict !== 'refused') return [];
  const { index, pfn, since } = evidence;
  const place = `lru_add batch of CPU ${evidence.cpu}`;
  const lines = wrap(
    `why: ${inodeName(moment)} index ${index} (pfn 0x${pfn.toString(16)}) at ${whenPhrase(moment)} waits in the ${place}, since ${formatTime(since)}`,
    '',
    '  ',
  );
  lines.push(...eventLines(evidence.add, '    '));
  if (evidence.insertion === undefined)
    lines.push(
      '  no mm_lru_insertion for this pfn up to the end of the recording',
      `  (after ${formatTime(moment.at)})`,
    );
  else
    lines.push(
      ...wrap('its mm_lru_insertion came only after that moment:', '  '),
      ...eventLines(evidence.insertion, '    '),
    );
  const own = folios.find((folio) => folio.index === index);
  const cached = own?.holders.find(({ kind }) => kind === 'page-cache')?.references ?? 1;
  lines.push(
    ...wrap(
      `references: expected ${cached + 1} (page cache ${cached}, the check 1), derived ${cached + 2} (lru_add batch 1)`,
      '  ',
      '    ',
    ),
  );
  const lower = folios.find(({ holders }) => holders.some(({ kind }) => kind === 'lru-add-batch'));
  if (lower !== undefined && lower.index < index && moment.range === undefined)
    lines.push(
      ...wrap(
        `index ${lower.index} waits too, but on CPU ${cpu} itself: releasing its first folios, the check drains its own CPU before it comes there`,
        '  ',
        '    ',
      ),
    );
  return lines;
}

/** How long a folio had waited, for a headline: `0.000053 s`. */
export const ageOf = ({ at, evidence }: MomentAnswer): string =>
  evidence === undefined ? '' : `${formatTime(nanoseconds(at - evidence.since))} s`;
