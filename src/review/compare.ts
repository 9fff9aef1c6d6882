// SPDX-License-Identifier: MIT
import type { Counterexample } from '../verify/index.ts';
import type { Judged, JudgedProperty, Known } from './judge.ts';

export type Side = 'before' | 'after';

/** One property in one scenario, before and after a change. */
export interface Compared {
  readonly scenario: string;
  readonly title: string;
  readonly before: JudgedProperty | undefined;
  readonly after: JudgedProperty | undefined;
}

/** All scenarios in which a property changes alike, or stays violated. */
export interface Change {
  readonly id: string;
  readonly sentence: string;
  readonly known: Known | undefined;
  readonly kind: 'fixed' | 'worse' | 'stays';
  readonly in: readonly Compared[];
  /** The shortest of its runs: before a fix, after anything else. */
  readonly shortest: ShortestRun | undefined;
}

/** A run against a property, and where it happens. */
export interface ShortestRun {
  readonly scenario: string;
  readonly side: Side;
  readonly run: Counterexample;
}

/** A property that holds vacuously on one side, with the number of scenarios that check it. */
interface Vacuous {
  readonly id: string;
  readonly why: string;
  readonly scenarios: number;
  readonly of: number;
}

/** A property that is violated in a scenario. */
export interface Violation {
  readonly id: string;
  readonly known: Known | undefined;
  readonly scenario: string;
  /** Steps of the shortest run against it; undefined if there is none. */
  readonly steps: number | undefined;
}

/** A side's verdict over all scenarios. */
export interface SideVerdict {
  readonly verdict: 'holds' | 'violated' | 'undecided';
  /** Number of scenarios that hold, apart from known exceptions. */
  readonly holds: number;
  readonly scenarios: number;
  readonly states: number;
  readonly violated: readonly Violation[];
  readonly undecided: readonly { readonly scenario: string; readonly why: string }[];
  readonly vacuous: readonly Vacuous[];
}

/** Verdict of a side; a violation that is a named exception does not count against it. */
export function verdictOf(judged: readonly Judged[]): SideVerdict {
  const violated = judged.flatMap(({ scenario, properties }) =>
    properties
      .filter(({ verdict }) => verdict === 'violated')
      .map(({ id, run, known }) => ({ id, known, scenario, steps: run?.steps.length })),
  );
  const undecided = judged.flatMap(({ scenario, properties, reason, failure }) => {
    if (failure !== undefined) return [{ scenario, why: failure }];
    const open = properties.find(({ verdict }) => verdict === 'undecided');
    return open === undefined ? [] : [{ scenario, why: open.detail ?? reason ?? `${open.id} is undecided` }];
  });
  const wrong = new Set(violated.filter(({ known }) => known === undefined).map(({ scenario }) => scenario));
  const open = new Set(undecided.map(({ scenario }) => scenario));
  return {
    verdict: wrong.size > 0 ? 'violated' : open.size > 0 || judged.length === 0 ? 'undecided' : 'holds',
    holds: judged.filter(({ scenario }) => !wrong.has(scenario) && !open.has(scenario)).length,
    scenarios: judged.length,
    states: judged.reduce((sum, { states }) => sum + states, 0),
    violated,
    undecided,
    vacuous: vacuousIn(judged),
  };
}

/** Properties that hold vacuously in every scenario that checks them. */
function vacuousIn(judged: readonly Judged[]): readonly Vacuous[] {
  const ids = [...new Set(judged.flatMap(({ properties }) => properties.map(({ id }) => id)))];
  return ids.flatMap((id) => {
    const asked = judged.flatMap(({ properties }) => properties.filter((property) => property.id === id));
    const nothing = asked.filter(({ vacuous }) => vacuous !== undefined);
    const why = nothing[0]?.vacuous;
    return why === undefined ? [] : [{ id, why, scenarios: nothing.length, of: asked.length }];
  });
}

/** Properties that a change fixes, makes worse, or leaves violated, each with its scenarios. */
export function changesBetween(before: readonly Judged[], after: readonly Judged[]): readonly Change[] {
  const names = [...new Set([...before, ...after].map(({ scenario }) => scenario))];
  const found = new Map<string, Omit<Change, 'in' | 'shortest'> & { readonly in: Compared[] }>();
  for (const name of names) {
    const [old, young] = [before, after].map((side) => side.find(({ scenario }) => scenario === name));
    const ids = [...(old?.properties ?? []), ...(young?.properties ?? [])].map(({ id }) => id);
    for (const id of new Set(ids)) {
      const [was, is] = [old, young].map((side) => side?.properties.find((property) => property.id === id));
      const kind = kindOf(was, is, old, young);
      if (kind === undefined) continue;
      const reason = (was ?? is)?.known;
      const key = `${kind} ${id} ${reason ?? ''}`;
      const change = found.get(key) ?? {
        kind,
        id,
        known: reason,
        sentence: (was ?? is)?.sentence ?? '',
        in: [],
      };
      found.set(key, change);
      change.in.push({ scenario: name, title: (young ?? old)?.title ?? '', before: was, after: is });
    }
  }
  const order: readonly Change['kind'][] = ['worse', 'fixed', 'stays'];
  return [...found.values()]
    .map((change) => ({ ...change, shortest: shortestOf(change.kind, change.in) }))
    .toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

function kindOf(
  was: JudgedProperty | undefined,
  is: JudgedProperty | undefined,
  old: Judged | undefined,
  young: Judged | undefined,
): Change['kind'] | undefined {
  const [wasViolated, isViolated] = [was?.verdict === 'violated', is?.verdict === 'violated'];
  if (wasViolated && isViolated) return 'stays';
  // If the other side was never checked, nothing has changed.
  if (isViolated) return old === undefined || old.failure !== undefined ? 'stays' : 'worse';
  if (!wasViolated || young === undefined || young.failure !== undefined || is?.verdict === 'undecided')
    return undefined;
  return 'fixed';
}

function shortestOf(kind: Change['kind'], scenarios: readonly Compared[]): ShortestRun | undefined {
  const side = kind === 'fixed' ? 'before' : 'after';
  const runs = scenarios.flatMap(({ scenario, [side]: property }) =>
    property?.run === undefined ? [] : [{ scenario, side, run: property.run } as const],
  );
  return runs.toSorted((a, b) => a.run.steps.length - b.run.steps.length)[0];
}
