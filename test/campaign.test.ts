// SPDX-License-Identifier: MIT
// Every scenario under every form of the check, recorded as a kernel would record it, and explained: for every refusal the true
// holder is among the causes that are named, and no cause is called certain that is not true.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TraceRecorder } from '../src/cli/trace-recorder.ts';
import { Explainer } from '../src/explain/explainer.ts';
import type { ConversionCall } from '../src/explain/index.ts';
import type { HolderKind, KernelEvent } from '../src/ledger/index.ts';
import { PATCHES, parseSchedule } from '../src/machine/index.ts';
import { type CallAnswer, parseScenario, runScenario } from '../src/scenario/index.ts';
import { summaryOf } from './support/kernel-events.ts';

const EAGAIN = -11;
/** What every conversion expects. */
const EXPECTED: ReadonlySet<HolderKind> = new Set(['page-cache', 'safety-check']);

/** Who held the refused folio besides, when its count was read last. */
function truth({ conversion }: CallAnswer): readonly HolderKind[] | undefined {
  if (conversion?.verdict.verdict !== 'refused' || conversion.refusal === undefined) return undefined;
  const kinds = conversion.refusal.folio.holders.map(({ kind }) => kind);
  return [...new Set(kinds)].filter((kind) => !EXPECTED.has(kind));
}

/** Holders that are told of the causes of a call, and those that are called certain. */
const named = ({ causes }: ConversionCall): ReadonlySet<HolderKind> => new Set(causes.flatMap(({ kinds }) => kinds));
const certain = ({ causes }: ConversionCall): readonly HolderKind[] =>
  causes.filter((cause) => cause.certain).flatMap(({ kinds }) => kinds);

const SCENARIOS = readdirSync('scenarios')
  .filter((name) => /^SC-\d/.test(name))
  .toSorted();
const FORMS = PATCHES.map(({ name }) => name);
/** As the scenario says, and at random; FOLIOSCOPE_SEEDS asks for more. */
const SEEDS = [undefined, ...Array.from({ length: Number(process.env['FOLIOSCOPE_SEEDS'] ?? 3) }, (_, i) => i + 1)];
const seen = { refusals: 0, certain: 0, explained: 0, forms: 0, named: 0 };

/** What is wrong of what is said of a scenario's refusals. */
function wrongOf(scenarioFile: string, pageReferences: boolean, seed: number | undefined): readonly string[] {
  const found: string[] = [];
  const scenario = parseScenario(scenarioFile, readFileSync(`scenarios/${scenarioFile}`, 'utf8'));
  for (const patch of PATCHES) {
    const recorder = new TraceRecorder(pageReferences, []);
    const schedule = seed === undefined ? {} : { schedule: parseSchedule(`random:${seed}`) };
    const answer = runScenario(scenario, {
      patch,
      ...schedule,
      keep: 'none',
      observer: recorder,
      end: { turns: 2000, why: 'long enough' },
    });
    const events: readonly KernelEvent[] = recorder.events;
    if (events.length === 0) continue;
    const explainer = new Explainer({ moments: [{ kind: 'end' }], patches: [] });
    explainer.events(events);
    const { conversions, form } = explainer.answer(summaryOf(events));
    // One kernel runs one form: whatever its calls leave possible, the one that it runs is among it.
    if (form !== undefined) {
      seen.forms++;
      if (form.forms.length === 1) seen.named++;
      if (!form.forms.includes(patch.name))
        found.push(
          `${scenarioFile} seed ${seed} ${pageReferences}: ${patch.name} is not ${form.forms.join()}: ${form.because}`,
        );
    }
    const refused = conversions.filter(({ returned }) => returned === EAGAIN);
    const truths = answer.calls.filter(({ outcome }) => outcome?.result === 'EAGAIN');
    if (refused.length !== truths.length) continue; // before the recording, or of calls that are no conversions
    for (const [place, call] of truths.entries()) {
      const [real, told] = [truth(call), refused[place]];
      if (real === undefined || told === undefined) continue;
      seen.refusals++;
      const where = `${scenarioFile} ${patch.name} seed ${seed} ${pageReferences}`;
      if (!real.some((kind) => named(told).has(kind))) found.push(`${where}: ${real.join()} is not named`);
      const wrong = certain(told).filter((kind) => !real.includes(kind));
      if (wrong.length > 0) found.push(`${where}: ${wrong.join()} is certain; it was ${real.join()}`);
      seen.certain += certain(told).length;
      if (!told.unexplained) seen.explained++;
    }
  }
  return found;
}

describe.each([false, true])('with page_ref events: %s', (pageReferences) => {
  test.each(SCENARIOS)('%s', (file) => {
    expect(SEEDS.flatMap((seed) => wrongOf(file, pageReferences, seed))).toEqual([]);
  });
});

test('there were refusals, and causes that were certain', () => {
  expect(FORMS.length).toBe(5);
  expect(seen.refusals).toBeGreaterThan(100);
  expect(seen.certain).toBeGreaterThan(50);
  expect(seen.explained).toBeGreaterThan(100);
  expect(seen.forms).toBeGreaterThan(100);
  expect(seen.named).toBeGreaterThan(10);
});
