// SPDX-License-Identifier: MIT
import { type FolioLedger, type Holder, type Ledger, referencesOf } from '../ledger/index.ts';
import { unbroken } from './flow.ts';

/** `1 lru-add-batch (CPU 1)` */
export function holderText({ kind, references, cpu, task }: Holder): string {
  const where = [...(cpu === undefined ? [] : [`CPU ${cpu}`]), ...(task === undefined ? [] : [task])];
  return unbroken(`${references} ${kind}${where.length === 0 ? '' : ` (${where.join(', ')})`}`);
}

/** `3 = 1 page-cache + 1 lru-add-batch (CPU 1) + 1 user-mapping` */
export const balanceText = (holders: readonly Holder[]): string =>
  [String(referencesOf(holders)), holders.map(holderText).join(' + ')].filter((part) => part !== '').join(' = ');

interface Run {
  readonly start: number;
  end: number;
  readonly text: string;
}

const textOf = ({ order, holders }: FolioLedger): string =>
  `${balanceText(holders)}${order === 0 ? '' : `, one folio of ${2 ** order} pages`}`;

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
