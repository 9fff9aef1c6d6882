// SPDX-License-Identifier: MIT
import { isBatch } from '../ledger/index.ts';
import { unbroken } from './flow.ts';
import type { CallAnswer, ConversionAnswer, ConversionVerdict, Expected } from '../scenario/index.ts';

const counted = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

/** `1 local drain, 1 drain of all CPUs`; undefined if there was none. */
function drainsText(localDrains: number | undefined, drainsOfAll: number | undefined): string | undefined {
  const parts = [
    ...(localDrains === undefined || localDrains === 0 ? [] : [counted(localDrains, 'local drain')]),
    ...(drainsOfAll === undefined || drainsOfAll === 0 ? [] : [`${counted(drainsOfAll, 'drain')} of all CPUs`]),
  ];
  return parts.length === 0 ? undefined : parts.map(unbroken).join(', ');
}

const isInBatch = ({ refusal }: ConversionAnswer): boolean =>
  refusal?.folio.holders.some(({ kind }) => isBatch(kind)) === true;

function refusalText(verdict: ConversionVerdict & { verdict: 'refused' }, conversion: ConversionAnswer): string {
  const where =
    verdict.index === undefined ? 'refused, naming no page of the file' : `refused at index ${verdict.index}`;
  if (verdict.spurious === undefined) return `${where} (${verdict.reason})`;
  if (verdict.spurious)
    return `${where} (spurious: ${isInBatch(conversion) ? 'only batches hold it' : 'it has no user'})`;
  const kinds = [...new Set((conversion.refusal?.users ?? []).map(({ kind }) => kind))].join(', ');
  return `${where} (justified: in use, ${kinds})`;
}

function conversionText(conversion: ConversionAnswer): string {
  const { verdict, checked, localDrains, drainsOfAll } = conversion;
  const drains = drainsText(localDrains, drainsOfAll);
  switch (verdict.verdict) {
    case 'safe':
      return checked ? `safe, ${drains ?? 'no drain'}` : 'ok, no check needed';
    case 'refused':
      return [refusalText(verdict, conversion), ...(drains === undefined ? [] : [drains])].join(', ');
    case 'undecided':
      return `undecided: ${verdict.reason}`;
  }
}

/** Result of a call, in one line: the verdict of a conversion, the return value of any other. */
export function resultText({ outcome, loaded, conversion }: CallAnswer): string {
  if (outcome === undefined) return 'did not return';
  if (loaded !== undefined) return `${outcome.result}, found ${loaded}`;
  if (conversion === undefined) return outcome.result;
  const usual = conversion.verdict.verdict === 'refused' ? 'EAGAIN' : 'ok';
  return `${outcome.result === usual ? '' : `${outcome.result}: `}${conversionText(conversion)}`;
}

/** Expectation of a scenario for a call, in one line. */
export function expectedText(expected: Expected): string {
  const { returns, verdict, index, spurious, drainsOfAll, localDrains, countsRead, loads } = expected;
  const parts = [
    ...(returns === undefined ? [] : [returns.join(' or ')]),
    ...(verdict === undefined ? [] : [`${verdict.join(' or ')}${index === undefined ? '' : ` at index ${index}`}`]),
    ...(spurious === undefined ? [] : [spurious ? 'spurious' : 'justified']),
    ...(localDrains === undefined ? [] : [counted(localDrains, 'local drain')]),
    ...(drainsOfAll === undefined ? [] : [`${counted(drainsOfAll, 'drain')} of all CPUs`]),
    ...(countsRead === undefined ? [] : [`${counted(countsRead, 'count')} read`]),
    ...(loads === undefined ? [] : [`found ${loads.join(' or ')}`]),
  ];
  return parts.join(', ');
}

/** Difference between expected and actual result: `drains of all CPUs: 2 instead of 1`. */
export const mismatchText = ({ mismatches }: CallAnswer): string =>
  mismatches.map(({ what, expected, actual }) => `${WHAT[what]} ${actual ?? 'none'}, expected ${expected}`).join('; ');

const WHAT: Readonly<Record<keyof Expected, string>> = {
  returns: 'returned',
  verdict: 'verdict',
  index: 'index',
  spurious: 'spurious',
  drainsOfAll: 'drains of all CPUs',
  localDrains: 'local drains',
  countsRead: 'counts read',
  loads: 'found',
};
