// SPDX-License-Identifier: MIT
import { type Outcome, type Patch, PATCHES } from '../machine/index.ts';
import type { ConversionAnswer, Mismatch } from './answer.ts';
import type { Expected, ScenarioCall } from './scenario.ts';

/** The five named forms, by identity: a user's form may bear the name of one. */
const NAMED: ReadonlySet<Patch> = new Set(PATCHES);

/**
 * The scenario's expectation for a call under a form of the check: the form's own entry, otherwise that of the named
 * forms if it is one, otherwise the entry for every form.
 */
export const expectedOf = ({ expected }: ScenarioCall, patch: Patch): Expected | undefined =>
  expected.byPatch.get(patch.name) ?? (NAMED.has(patch) ? expected.named : undefined) ?? expected.every;

/** Whether the scenario expects a spurious or justified refusal, and the form does not show enough to decide it. */
export const isUndecided = (expected: Expected | undefined, conversion: ConversionAnswer | undefined): boolean =>
  expected?.spurious !== undefined &&
  conversion?.verdict.verdict === 'refused' &&
  conversion.verdict.spurious === undefined;

/** The unexpected parts of a result. */
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
    // If a conversion may be safe, these expectations apply only to a refusal.
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
  if (!isUndecided(expected, conversion)) compare('spurious');
  compare('drainsOfAll');
  compare('localDrains');
  compare('countsRead');
  compare('loads');
  return mismatches;
}
