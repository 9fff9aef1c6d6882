// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { checkPromise, type Promised, type PromiseKept } from '../src/check/index.ts';
import { PATCHES } from '../src/kernel/index.ts';
import { invalidateLock } from '../src/kernel/rwsem.ts';
import { columnOf, compilePacked, createMemory, finished, Interpreter, rewriteSteps } from '../src/lang/index.ts';
import { buildPeer } from '../src/peer/index.ts';
import { questionOf } from './kernel-question.ts';
import { otherCpu } from './mistakes.ts';

const CONVERTER = 0;
const KWORKER_OF_CPU_1 = 3;
const I5: Promised = { name: 'I5 termination', holds: finished(CONVERTER) };

function conversion(patchName: string, promise: Promised): PromiseKept & { readonly last: Interpreter | undefined } {
  const patch = PATCHES.find(({ name }) => name === patchName);
  if (patch === undefined) throw new Error(patchName);
  const question = questionOf(otherCpu(patch));
  const found = checkPromise(question, promise, 100_000);
  if (found.lasso === undefined) return { ...found, last: undefined };
  const packed = compilePacked(question.program, question.codeOf);
  const last = new Interpreter(question.program, packed.unpack(packed.pack(question.initial)));
  for (const { task, option } of found.lasso.stem) expect(last.step(task, option)).toBeDefined();
  return { ...found, last };
}

test.each(PATCHES.map(({ name }) => name))('%s: every conversion ends (I5)', (name) => {
  expect(conversion(name, I5)).toMatchObject({ verdict: 'holds' });
});

test.each(['v6', 'v8', 'drain-for-folio'])(
  '%s: where a CPU never runs its worker the conversion waits for ever, with the invalidate lock (SC-32)',
  (name) => {
    const { verdict, lasso, last } = conversion(name, { ...I5, unfair: [KWORKER_OF_CPU_1] });
    expect(verdict).toBe('violated');
    expect(lasso?.cycle).toEqual([]);
    expect(last?.next(CONVERTER)?.name).toBe('flush_work');
    expect(last && columnOf(last.memory, invalidateLock.writer)[0]).toBe(1);
  },
);

test.each(['baseline', 'local-drain'])('%s: which asks no other CPU, ends nevertheless', (name) => {
  expect(conversion(name, { ...I5, unfair: [KWORKER_OF_CPU_1] })).toMatchObject({ verdict: 'holds' });
});

test('the peer protocol ends, and a converter that forgets that it has drained goes round for ever', () => {
  const peer = buildPeer({ cpus: 2, folios: 2, variant: 'v6' });
  const GUP = 2;
  const ended: Promised = { name: 'the converter ends', holds: finished(GUP + 1) };
  // Who has pinned may keep it for ever.
  const keeps: Promised = { ...ended, unfair: [GUP] };
  const asked = (program: typeof peer.program, promise: Promised): PromiseKept => {
    const initial = createMemory(program);
    const interpreter = new Interpreter(program, initial);
    for (const task of peer.codeOf) interpreter.start(task, task);
    return checkPromise({ ...peer, program, initial }, promise, 10_000);
  };
  expect(asked(peer.program, keeps)).toMatchObject({ verdict: 'holds' });
  const forgetful = rewriteSteps(peer.program, (step) => {
    if (step.name !== 'drain_own') return step;
    const effects = step.effects.filter(
      (effect) =>
        effect.kind !== 'assign' || effect.place.op !== 'read' || effect.place.variable.name !== 'converter.drained',
    );
    expect(effects).toHaveLength(step.effects.length - 1);
    return { ...step, effects };
  });
  const found = asked(forgetful, keeps);
  expect(found.verdict).toBe('violated');
  expect(found.lasso?.cycle.map(({ task }) => task)).toEqual([GUP + 1, GUP + 1]);
  // A pin that is given up sooner or later lets the check come to an end.
  expect(asked(forgetful, ended)).toMatchObject({ verdict: 'holds' });
});
