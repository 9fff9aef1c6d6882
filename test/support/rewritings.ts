// SPDX-License-Identifier: MIT
// Random rewritings of the forms of the check, each held against the form that it is a rewriting of.
import { readdirSync, readFileSync } from 'node:fs';
import { ALTERNATIVES, type KernelConfig, type CheckArguments, safetyCheck } from '../../src/kernel/index.ts';
import type { Routine } from '../../src/lang/index.ts';
import { type Patch, PATCHES } from '../../src/machine/index.ts';
import { parseScenario, runScenario, type PatchAnswer, type Scenario } from '../../src/scenario/index.ts';
import { type CheckAnswer, checking } from '../../src/verify/index.ts';
import { Random } from '../fuzz/random.ts';
import {
  byHand,
  givingUpTheLock,
  inBatches,
  OWN_FORMS,
  pageByPage,
  releaseAndLookUp,
  type Walk,
  withoutReferences,
} from './own-forms.ts';
import { reworded, type Wording, wordingOf } from './rewritten-text.ts';

/** Small scenarios with an occasion for each property. */
export const SCENARIOS = [
  'SC-01-same-cpu',
  'SC-02-other-cpu',
  'SC-03-migrated',
  'SC-07-fault-in-flight',
  'SC-07-refused',
  'SC-10-gup-fast',
  'SC-11-longterm',
  'SC-11-pin-user-pages',
  'SC-11-vmsplice',
  'SC-12-walker',
  'SC-15-mlock-batch',
  'SC-16-own-unmap',
  'SC-18-early-exit',
  'SC-20-cpu-offline',
  'SC-20-unbound-worker',
  'SC-21-mbind',
  'SC-21-numa-hint-fault',
  'SC-24-counted-not-queued',
  'SC-28-mincore',
  'SC-30-unsafe-behind-safe',
  'SC-35-lru-cache-disabled',
  'SC-37-drain-loop',
  'SC-40-two-requests',
] as const;

const scenarioText = (name: string): string =>
  readFileSync(new URL(`../../scenarios/${name}.yaml`, import.meta.url), 'utf8');

/** Every scenario in which a check is asked for: the threads convert. */
export const occasions = (): readonly string[] =>
  readdirSync(new URL('../../scenarios', import.meta.url))
    .filter((file) => file.startsWith('SC-') && file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .filter((name) =>
      scenarioNamed(name).threads.some(({ calls }) => calls.some(({ call }) => call.call === 'set-memory-attributes2')),
    );

const scenarios = new Map<string, Scenario>();
export function scenarioNamed(name: string): Scenario {
  const known = scenarios.get(name) ?? parseScenario(name, scenarioText(name));
  scenarios.set(name, known);
  return known;
}

/** What of a rewriting's answer has to be the original's: all of it, or what holds of it, property by property. */
type Same = 'all' | ReadonlySet<string>;

export interface Rewriting {
  readonly original: Patch;
  readonly patch: Patch;
  /** How it came about, in a line. */
  readonly told: string;
  readonly sameIn: (scenario: Scenario) => Same;
}

/** What has to hold still where a form drains earlier than its original, or lets others in between. */
const KEPT: ReadonlySet<string> = new Set(['I1', 'I6', 'I7', 'I8', 'I9']);

/** Without references of its own a check reads what its original reads, less those; its release drains nothing at the end. */
const KEPT_WITHOUT_REFERENCES: ReadonlySet<string> = new Set([...KEPT, 'I2', 'I3', 'I4', 'I5']);

const WALKS: Readonly<Record<string, Walk>> = {
  'in batches': inBatches,
  'by hand': byHand,
  'page by page': pageByPage,
  'release and look up': releaseAndLookUp,
  'giving up the lock': givingUpTheLock,
  'without references': withoutReferences,
};
/** Forms that do something between two looks at a folio, which a walk can do elsewhere. */
const BETWEEN: ReadonlySet<string> = new Set(['local-drain', 'v6', 'v8', 'ref-freeze']);

const isOfOnePage = ({ threads }: Scenario): boolean =>
  threads.every(({ calls }) =>
    calls.every(({ call }) => call.call !== 'set-memory-attributes2' || (call.argument?.size ?? 0n) <= 4096n),
  );

const shortName = (wording: Wording): string =>
  Object.entries<boolean>({ ...wording })
    .filter(([, is]) => is)
    .map(([name]) => name)
    .join(' ');

/** The rewriting of a seed: the same on every machine. */
export function rewritingOf(seed: number): Rewriting {
  const random = new Random(seed);
  for (let i = 0; i < 8; i++) random.next();
  const forms = [...PATCHES, ...PATCHES, ...ALTERNATIVES];
  const original = forms[random.below(forms.length)];
  if (original === undefined) throw new Error('no form');
  const wording = wordingOf(random);
  const own = OWN_FORMS[original.name];
  const walks = Object.keys(WALKS).filter(
    (name) => BETWEEN.has(original.name) || (name !== 'release and look up' && name !== 'giving up the lock'),
  );
  const walkName = random.below(4) === 0 ? undefined : walks[random.below(walks.length)];
  const walk = walkName === undefined ? undefined : WALKS[walkName];
  const base: Routine<KernelConfig, CheckArguments> =
    walk === undefined || own === undefined ? original.check : safetyCheck((k, args) => own(k, args, walk));
  const hashed = (name: string): string =>
    `x${Array.from(name, (letter) => letter.charCodeAt(0)).reduce((sum, code) => (sum * 31 + code) % 65_521, 7)}`;
  // The mistake is one of a check of its own, so that its name changes nothing: only its rewriting of steps is used.
  const renamesKernel = random.below(4) === 0;
  const mutant = {
    name: 'drains-itself-only',
    rewrite: (step) => ({ ...step, name: hashed(step.name), path: step.path.map(hashed) }),
  } satisfies Patch['mutant'];
  const patch: Patch = { ...original, check: reworded(base, seed, wording), ...(renamesKernel ? { mutant } : {}) };
  const told = `${original.name}, ${walkName ?? 'its own text'}: ${shortName(wording)}${renamesKernel ? ', kernel renamed' : ''}`;
  const sameIn = (scenario: Scenario): Same => {
    if (walkName === 'without references') return KEPT_WITHOUT_REFERENCES;
    return walkName === 'giving up the lock' || (walkName === 'page by page' && !isOfOnePage(scenario)) ? KEPT : 'all';
  };
  return { original, patch, told, sameIn };
}

/** The form of a seed without a word of what it means. */
export function silentRewritingOf(seed: number): Patch {
  const { original } = rewritingOf(seed);
  const wording: Wording = { ...wordingOf(new Random(seed)), silences: true };
  return { ...original, check: reworded(original.check, seed, wording) };
}

export function answered(scenario: Scenario, patch: Patch, mostStates: number): CheckAnswer {
  const pieces = checking(scenario, { patch, mostStates });
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}

const originals = new Map<string, CheckAnswer>();
/** The answer of a form, computed once. A copy, as its rewriting is: a scenario's counts of the named forms apply to neither. */
function originalAnswer(name: string, patch: Patch, mostStates: number): CheckAnswer {
  const key = `${name} ${patch.name} ${mostStates}`;
  const known = originals.get(key) ?? answered(scenarioNamed(name), { ...patch }, mostStates);
  originals.set(key, known);
  return known;
}

const toldRun = ({ calls, unended, imbalance }: PatchAnswer): readonly string[] => [
  ...calls.map(({ of, outcome, conversion, loaded }) =>
    JSON.stringify([
      of.call.call,
      outcome,
      loaded,
      conversion && [
        conversion.verdict,
        conversion.checked,
        conversion.drainsOfAll,
        conversion.localDrains,
        conversion.countsRead,
      ],
    ]),
  ),
  `${unended ?? ''} ${imbalance ?? ''}`,
];

/** How a rewriting differs from its original in a scenario, a line each. */
export function differencesOf(
  { original, patch, sameIn }: Rewriting,
  name: string,
  mostStates: number,
): readonly string[] {
  const scenario = scenarioNamed(name);
  const same = sameIn(scenario);
  const one = originalAnswer(name, original, mostStates);
  const other = answered(scenario, patch, 4 * mostStates);
  const apart = one.properties.flatMap(({ id, verdict, vacuous, detail }) => {
    const its = other.properties.find((property) => property.id === id);
    if (verdict === 'undecided' && detail === undefined && one.reason !== undefined) return [];
    if (its === undefined) return id === 'I5' ? [] : [`${id} ${verdict} / not asked`];
    if (its.verdict === 'undecided' && other.reason !== undefined) return [];
    if (same === 'all') {
      const [a, b] = [`${verdict} ${vacuous ?? ''}`, `${its.verdict} ${its.vacuous ?? ''}`];
      return a === b ? [] : [`${id} ${a} / ${b}`];
    }
    return same.has(id) && verdict === 'holds' && its.verdict !== 'holds' ? [`${id} holds / ${its.verdict}`] : [];
  });
  if (same !== 'all') return apart;
  const runs = [original, patch].map((form) =>
    toldRun(runScenario(scenario, { patch: form, keep: 'none', schedule: { kind: 'in-order' } })),
  );
  const [first = [], second = []] = runs;
  const lines = first.flatMap((line, i) => (line === second[i] ? [] : [`run: ${line} / ${second[i]}`]));
  return [...apart, ...lines];
}
