// SPDX-License-Identifier: GPL-2.0-only
// A run holds only the folios that a step has touched against their holders. Whatever a text forgets, that has to catch
// it at the step at which a look at the whole memory would.
import assert from 'node:assert';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import {
  type ClaimHeld,
  IDLE,
  Interpreter,
  type Program,
  rewriteEffects,
  rewriteSteps,
  type Step,
  type Taken,
  type Variable,
} from '../lang/index.ts';
import { pfn } from '../ledger/index.ts';
import { type Call, createMachine, DEFAULT_PROFILE, entryOf } from '../machine/index.ts';
import { HOLDING, holdersOf, imbalances, LiveLedger } from './ledger_view.ts';
import { folio } from './page_ref.ts';

const HOLDERS = new Set(
  HOLDING.flatMap(({ of, references }): Variable[] => [
    of.variable,
    ...(typeof references === 'object' ? [references.variable] : []),
  ]),
);

interface Forgetting {
  /** Whether a step that was taken had it; `held` is what its task held before. */
  readonly had: (taken: Taken, held: readonly ClaimHeld[]) => boolean;
  readonly forget: (step: Step) => Step;
}
const writes = (isOne: (variable: Variable) => boolean): Forgetting => ({
  had: (taken) => taken.writes.some(({ variable }) => isOne(variable)),
  forget: (step) => ({
    ...step,
    effects: rewriteEffects(step.effects, (effect) =>
      effect.kind === 'assign' && effect.place.op === 'read' && isOne(effect.place.variable) ? [] : [effect],
    ),
  }),
});

/** What a step can forget. */
const FORGETS: Readonly<Record<string, Forgetting>> = {
  'its count': writes((variable) => variable === folio.refcount.variable),
  'its holder': writes((variable) => HOLDERS.has(variable)),
  'what its task holds': {
    had: (_, held) => held.some(({ amount }) => amount > 0),
    forget: (step) => ({ ...step, claims: [] }),
  },
};

const range = { inode: 0, start: 0, pages: 3 };
const convert = (attributes: bigint): Call => ({
  call: 'set-memory-attributes2',
  inode: 0,
  argument: { offset: 0n, size: 3n * 4096n, attributes, flags: 0n, reserved: [] },
});
const SCRIPTS: readonly (readonly Call[])[] = [
  [{ call: 'touch', ...range }, convert(8n), convert(0n), { call: 'touch', ...range }, { call: 'mincore', ...range }],
  [
    { call: 'mlock', ...range },
    { call: 'pin-user-pages', pin: 0, inode: 0, index: 1 },
    { call: 'unpin', pin: 0 },
    { call: 'munlock', ...range },
    { call: 'touch', ...range },
  ],
  [
    { call: 'guest-touch', ...range, private: false },
    { call: 'punch-hole', ...range, pages: 2 },
    { call: 'fallocate', ...range },
    { call: 'page-idle', pfn: pfn(1) },
    { call: 'lru-add-drain-all' },
  ],
];
const machine = createMachine({
  cpus: 2,
  profile: { ...DEFAULT_PROFILE, batchSize: 2 },
  tasks: SCRIPTS.map((_, i) => ({ name: `T${i}`, cpu: i % 2, process: i % 2 })),
  guestMemfds: [{ pages: 3 }],
  pins: 1,
  parts: ['mlock', 'guest'],
});

/**
 * The scripts on a program, in a random order of steps, until a count is not what its holders add up to.
 * @param took is told of every step.
 * @returns what a look at the folios that the last step touched found, and one at the whole memory.
 */
function firstImbalance(
  program: Program,
  seed: number,
  took: (taken: Taken, code: number, held: readonly ClaimHeld[]) => void,
) {
  machine.boot();
  const interpreter = new Interpreter(program, machine.memory);
  const live = new LiveLedger(interpreter, String);
  const left = SCRIPTS.map((calls) => [...calls]);
  const below = numbersFrom(seed);
  for (let turn = 0; turn < 2500; turn++) {
    const task = below(machine.tasks);
    if (machine.memory.code[task] === IDLE) {
      const call = left[task]?.shift();
      if (call === undefined) continue;
      const entry = entryOf(call, machine.options);
      if ('result' in entry) throw new Error(`${call.call} is refused`);
      interpreter.start(
        task,
        program.codes.findIndex(({ name }) => name === entry.name),
        entry.args,
      );
      live.began(task);
    }
    const code = machine.memory.code[task] ?? IDLE;
    const held = interpreter.claims(task);
    const taken = interpreter.step(task);
    if (taken === undefined) continue;
    took(taken, code, held);
    const touched = live.took(taken).toSorted((a, b) => a.folio - b.folio);
    const whole = imbalances(interpreter, holdersOf(interpreter, String));
    if (touched.length + whole.length > 0) return { turn, touched, whole };
  }
  return undefined;
}

/** Xorshift: the same numbers everywhere. */
function numbersFrom(seed: number): (limit: number) => number {
  let x = seed * 7919;
  return (limit) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % limit;
  };
}

/** The machine's program with one step changed in one code. */
function changing(code: number, changed: (step: Step) => Step): Program {
  const { program } = machine;
  const rewritten = rewriteSteps({ ...program, codes: program.codes.slice(code, code + 1) }, changed);
  return { ...program, codes: program.codes.with(code, rewritten.codes[0] ?? assert.fail('it has no such code')) };
}

test('what is forgotten shows at the step at which it shows in the whole memory', () => {
  const mutants = new Map<string, { readonly seed: number; readonly program: Program }>();
  for (const seed of [1, 2]) {
    const found = firstImbalance(machine.program, seed, (taken, code, held) => {
      for (const [what, { had, forget }] of Object.entries(FORGETS)) {
        const name = `${taken.step.path.at(-1)}.${taken.step.name} forgets ${what}`;
        if (mutants.has(name) || !had(taken, held)) continue;
        const program = changing(code, (step) => (step === taken.step ? forget(step) : step));
        mutants.set(name, { seed, program });
      }
    });
    expect(found).toBe(undefined);
  }
  expect(mutants.size).toBeGreaterThan(70);
  const wrong = [...mutants].flatMap(([name, { seed, program }]) => {
    const found = firstImbalance(program, seed, () => {});
    if (found === undefined) return [`${name}: nobody finds it`];
    return isDeepStrictEqual(found.touched, found.whole) ? [] : [`${name}: ${JSON.stringify(found)}`];
  });
  expect(wrong).toEqual([]);
});
