// SPDX-License-Identifier: MIT
// Steps of the shipped text forgotten: each is caught by the property that is named for it, as `check` asks it.
import { expect, test } from 'vitest';
import { exploreProgram } from '../src/check/index.ts';
import { type Program, rewriteSteps, type Step } from '../src/lang/index.ts';
import { patchNamed } from '../src/machine/index.ts';
import { parseScenario } from '../src/scenario/index.ts';
import { readName } from '../src/verify/properties/index.ts';
import { questionOf } from '../src/verify/question.ts';
import { buildWorld } from '../src/verify/small-world.ts';

const idle = `scenario: T
title: A page on another CPU that nobody uses
machine: { cpus: 2, features: { batch-size: 2 } }
guest_memfd: { pages: 2 }
tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
before: [{ T1: { touch: 0..1 } }]
threads:
  T0: [{ convert: { range: 0..2, to: private } }]
`;
const pinned = idle.replace('{ touch: 0..1 }', '{ vmsplice: { page: 0, as: pipe } }');
const touching = `${idle}  T1: [{ touch: 1..2 }]\n`;

const forgotten = (step: Step): Step => ({ ...step, effects: [] });
const unguarded = (step: Step): Step => ({ ...step, guard: undefined });
type Change = readonly [routine: string, step: string, change: (step: Step) => Step];

function changed(program: Program, [routine, name, change]: Change): Program {
  let count = 0;
  const mutated = rewriteSteps(program, (step) => {
    if (step.name !== name || !step.path.includes(routine)) return step;
    count++;
    return change(step);
  });
  if (count === 0) throw new Error(`no step '${name}' in '${routine}'`);
  return mutated;
}

function firstViolated(text: string, change: Change | undefined): string | undefined {
  const world = buildWorld(parseScenario('t.yaml', text), patchNamed('v6'));
  const mutated = change === undefined ? world : { ...world, program: changed(world.program, change) };
  const { verdict, property } = exploreProgram(questionOf(mutated), { mostStates: 200_000 });
  expect(verdict).toBe(property === undefined ? 'holds' : 'violated');
  return property === undefined ? undefined : readName(property).id;
}

test.each([idle, pinned, touching])('nothing is forgotten: all hold (case %#)', (text) => {
  expect(firstViolated(text, undefined)).toBeUndefined();
});

test.each<[string, string, Change, string]>([
  ['the put of the check', idle, ['folio_batch_release', 'folios_put', forgotten], 'I6'],
  ['the put of the unmap', idle, ['zap_vma_range', 'folios_put', forgotten], 'I6'],
  ['the put of the flush', idle, ['folio_batch_move_lru', 'folios_put', forgotten], 'I2'],
  ['asking the other CPU', idle, ['queue_work_on', 'queue_work', forgotten], 'I2'],
  ['waiting for it', idle, ['flush_work', 'flush_work', unguarded], 'I2'],
  ['reading the count', pinned, ['kvm_gmem_is_safe_for_conversion', 'folio_ref_count', forgotten], 'I1'],
  ['clearing the page-table entry', idle, ['zap_vma_range', 'ptep_get_and_clear', forgotten], 'I6'],
  ['taking the invalidate lock alone', touching, ['filemap_invalidate_lock', 'down_write', unguarded], 'I8'],
  ['waking up', idle, ['worker_thread', 'work_done', forgotten], 'I7'],
])('%s', (_, text, change, property) => {
  expect(firstViolated(text, change)).toBe(property);
});
