// SPDX-License-Identifier: MIT
import { afterAll, expect, test } from 'vitest';
import { exploreProgram, exploreProgramWith, type Reach } from '../src/check/index.ts';
import { createMemory, Interpreter } from '../src/lang/index.ts';
import { buildPeer, type Variant } from '../src/peer/index.ts';
import { WorkerPool } from './worker-host.ts';

const host = new WorkerPool();
afterAll(async () => host.end());

function questionOf(variant: Variant, reduced: boolean, partialOrder = false): Parameters<typeof exploreProgram>[0] {
  const peer = buildPeer({ cpus: 3, folios: 2, variant });
  const initial = createMemory(peer.program);
  const interpreter = new Interpreter(peer.program, initial);
  for (const task of peer.codeOf) interpreter.start(task, task);
  return { ...peer, initial, symmetry: reduced ? peer.symmetry : undefined, partialOrder };
}

test.each<readonly [Variant, boolean, boolean]>([
  ['v6', true, false],
  ['v6', true, true],
  ['baseline', true, false],
  ['baseline', false, true],
  ['local-drain', false, false],
])(
  '%s, whole %s, symmetry %s: one, two and three workers find what one thread finds',
  async (variant, whole, reduced) => {
    const question = questionOf(variant, reduced);
    const reach: Reach = { mostStates: 1e5, whole };
    const { bytes: _, bytesPerState: __, ...alone } = exploreProgram(question, reach);
    expect(alone.reason).toBeUndefined();
    for (const workers of [1, 2, 3])
      expect(await exploreProgramWith(question, reach, { workers, host })).toMatchObject(alone);
  },
);

test.each<readonly [Variant, boolean, boolean]>([
  ['v6', true, false],
  ['v6', true, true],
  ['baseline', true, false],
  ['local-drain', false, true],
])('%s, whole %s, symmetry %s: with partial order too', async (variant, whole, reduced) => {
  const question = questionOf(variant, reduced, true);
  const reach: Reach = { mostStates: 1e5, whole };
  const { bytes: _, bytesPerState: __, ...alone } = exploreProgram(question, reach);
  expect(alone).toMatchObject({ reason: undefined, isShortest: variant !== 'v6' });
  expect(alone.reductions).toContain('partial order');
  for (const workers of [1, 2, 3])
    expect(await exploreProgramWith(question, reach, { workers, host })).toMatchObject(alone);
});

test('limits end a search by workers too, and it says how far it is', async () => {
  const question = questionOf('v6', false);
  const few = await exploreProgramWith(question, { mostStates: 1234 }, { workers: 3, host });
  expect(few).toMatchObject({ verdict: 'undecided', reason: 'states', states: 1234 });
  const said: number[] = [];
  const progress: Reach['progress'] = ({ states }) => said.push(states);
  const interrupted = (): boolean => said.length === 5;
  const part = await exploreProgramWith(question, { mostStates: 1e5, progress, interrupted }, { workers: 2, host });
  expect(part).toMatchObject({ verdict: 'undecided', reason: 'interrupted', states: said.at(-1) });
  const mostBytes = part.bytes;
  const little = await exploreProgramWith(question, { mostStates: 1e5, mostBytes }, { workers: 2, host });
  expect(little).toMatchObject({ verdict: 'undecided', reason: 'memory' });
});
