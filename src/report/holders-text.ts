// SPDX-License-Identifier: MIT
import { type FolioLedger, type Holder, type Ledger, referencesOf } from '../ledger/index.ts';
import { unbroken } from './flow.ts';

/** `1 lru-add-batch (CPU 1)` */
export function holderText({ kind, references, cpu, task }: Holder): string {
  const where = [...(cpu === undefined ? [] : [`CPU ${cpu}`]), ...(task === undefined ? [] : [task])];
  return unbroken(`${references} ${kind}${where.length === 0 ? '' : ` (${where.join(', ')})`}`);
}

/** `3 = 1 page-cache + 1 lru-add-batch (CPU 1) + 1 user-mapping`, after the count if the two differ. */
export const balanceText = (folio: Pick<FolioLedger, 'holders' | 'count'>): string =>
  [sumText(folio), folio.holders.map(holderText).join(' + ')].filter((part) => part !== '').join(' = ');

/** `3`, or `count 3, but its holders add up to 4`. */
export const sumText = ({ holders, count }: Pick<FolioLedger, 'holders' | 'count'>): string =>
  `${count === undefined ? '' : `count ${count}, but its holders add up to `}${referencesOf(holders)}`;

interface Run {
  readonly start: number;
  end: number;
  readonly text: string;
}

const textOf = (folio: FolioLedger): string =>
  `${balanceText(folio)}${folio.order === 0 ? '' : `, one folio of ${2 ** folio.order} pages`}`;

/** One line for each run of neighbouring folios with the same holders. */
export function ledgerLines(ledger: Ledger): readonly string[] {
  const runs: Run[] = [];
  for (const folio of ledger) {
    const [text, last, end] = [textOf(folio), runs.at(-1), folio.index + 2 ** folio.order];
    if (last?.end === folio.index && last.text === text && folio.order === 0) last.end = end;
    else runs.push({ start: folio.index, end, text });
  }
  return runs.map(
    ({ start, end, text }) => `${end - start === 1 ? `page ${start}` : `pages ${start}..${end}`}: ${text}`,
  );
}
