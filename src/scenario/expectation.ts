// SPDX-License-Identifier: MIT
import type { Outcome } from '../machine/index.ts';
import type { ConversionAnswer, Mismatch } from './answer.ts';
import type { Expected, ScenarioCall } from './scenario.ts';

/** What a scenario expects of a call under a form of the check: the form's own entry, else that for every form. */
export const expectedOf = ({ expected }: ScenarioCall, patch: string): Expected | undefined =>
  expected.byPatch.get(patch) ?? expected.every;

/** Whether it is expected of a refusal that it is spurious or justified, and the form does not show enough to tell. */
export const isUntold = (expected: Expected | undefined, conversion: ConversionAnswer | undefined): boolean =>
  expected?.spurious !== undefined &&
  conversion?.verdict.verdict === 'refused' &&
  conversion.verdict.spurious === undefined;

/** The parts of a result that are not as expected. */
export function mismatchesOf(
  expected: Expected | undefined,
  outcome: Outcome | undefined,
  conversion: ConversionAnswer | undefined,
  loaded: number | undefined,
): readonly Mismatch[] {
  if (expected === undefined) return [];
  const verdict = conversion?.verdict;
  const refused = verdict?.verdict === 'refused' ? verdict : undefined;
  const actual: Readonly<Record<keyof Expected, Mismatch['actual']>> = {
    returns: outcome?.result,
    verdict: verdict?.verdict,
    index: refused?.index,
    spurious: refused?.spurious,
    drainsOfAll: conversion?.drainsOfAll,
    localDrains: conversion?.localDrains,
    countsRead: conversion?.countsRead,
    loads: loaded,
  };
  const mismatches: Mismatch[] = [];
  const compare = (what: keyof Expected): void => {
    const wanted = expected[what];
    if (wanted === undefined) return;
    // Of a conversion that may be safe, they are expected of a refusal alone.
    const isOfRefusal = what === 'index' || what === 'spurious';
    if (isOfRefusal && verdict?.verdict === 'safe' && expected.verdict?.includes('safe') === true) return;
    const any: readonly unknown[] = typeof wanted === 'object' ? wanted : [wanted];
    if (any.includes(actual[what])) return;
    const text = typeof wanted === 'object' ? wanted.join(' or ') : wanted;
    mismatches.push({ what, expected: text, actual: actual[what] });
  };
  compare('returns');
  compare('verdict');
  compare('index');
  if (!isUntold(expected, conversion)) compare('spurious');
  compare('drainsOfAll');
  compare('localDrains');
  compare('countsRead');
  compare('loads');
  return mismatches;
}
