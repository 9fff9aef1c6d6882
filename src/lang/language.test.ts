// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bool,
  buildCode,
  type Builder,
  choose,
  claimed,
  columnOf,
  compileColumns,
  compilePacked,
  compileSuccessors,
  copyMemory,
  createMemory,
  domain,
  finished,
  first,
  HEAPS,
  IDLE,
  int,
  Interpreter,
  language,
  literal,
  none,
  optional,
  type Packed,
  type Program,
  program,
  shared,
  sharedScalar,
  type Successors,
  TASK,
} from './index.ts';
import { Emitter } from './compile/emit.ts';
import { settle } from './compile/settle.ts';

const SEAT = domain('seat');
const SIZES = { task: 2, seat: 11 };
const lock = sharedScalar('lock', bool);
const total = sharedScalar('total', int(100));
const taken = shared('taken', [SEAT], bool);
const owner = shared('owner', [SEAT, TASK], int(1000));
const { routine } = language<null>();

const codeOf = (text: (k: Builder<null>) => void, params = 0) => buildCode('code', null, SIZES, params, text);
const programOf = (text: (k: Builder<null>) => void, params = 0): Program =>
  program(SIZES, [lock, total, taken, owner], [codeOf(text, params)]);

/** Runs one code as task 0 to its end, step by step. */
function run(built: Program, args: readonly number[] = []): Interpreter {
  const interpreter = new Interpreter(built, createMemory(built));
  interpreter.start(0, 0, args);
  while (interpreter.step(0) !== undefined);
  return interpreter;
}

test('a waiting task says what it waits for', () => {
  const sitting = programOf((k) => k.await('sit', taken.at(3).not().and(lock.not()), () => lock.set(true)));
  const interpreter = new Interpreter(sitting, createMemory(sitting));
  interpreter.start(0, 0);
  expect(interpreter.waitsFor(0)).toEqual([]);
  columnOf(interpreter.memory, taken)[3] = 1;
  expect(interpreter.waitsFor(0).map(({ variable, index, value }) => [variable.name, index, value])).toEqual([
    ['taken', [3], 1],
    ['lock', [], 0],
  ]);
});

describe('what a text may say', () => {
  test.each<[string, (k: Builder<null>) => void, string]>([
    ['a condition reads shared memory', (k) => k.if(lock.eq(true), () => {}), 'a condition outside a step touches'],
    ['a shared place is written between steps', () => total.add(1), 'an assignment outside a step touches'],
    [
      'an argument reads shared memory',
      (k) =>
        k.call(
          routine('r', () => {}),
          { value: total },
        ),
      "argument 'value' of 'r' reads shared memory",
    ],
    ['a step stands in a step', (k) => k.step('a', () => k.step('b', () => {})), "step 'b' stands inside a step"],
    ['a routine calls itself', (k) => k.call(loops, {}), "'loops' calls itself: loops"],
    ['a break stands outside a loop', (k) => k.break(), "'break' outside a loop"],
    ['a return stands outside a routine', (k) => k.return(), "'return' outside a routine"],
    [
      'an option begins with something else than a step',
      (k) => k.either([() => k.if(k.self.eq(0), () => {})]),
      "an option of 'either' begins with a step",
    ],
    ['an assert stands outside a step', (k) => k.assert('a', lock), "'assert' belongs inside a step"],
    ['an if stands in a step', (k) => k.step('a', () => k.if(k.self.eq(0), () => {})), "'if' stands inside a step"],
    ['a loop stands in a step', (k) => k.step('a', () => k.loop(() => {})), "'loop' stands inside a step"],
    [
      'a while stands in a step',
      (k) => k.step('a', () => k.while(k.self.eq(0), () => {})),
      "'while' stands inside a step",
    ],
    ['a return stands in a step', (k) => k.step('a', () => k.return()), "'return' stands inside a step"],
    ['a break stands in a step', (k) => k.loop(() => k.step('a', () => k.break())), "'break' stands inside a step"],
    [
      'a step is asynchronous',
      // oxlint-disable-next-line typescript/no-misused-promises -- a form in JavaScript may do it
      (k) => k.step('a', async () => Promise.resolve()),
      'a text is asynchronous',
    ],
    ['a choice stands in a step', (k) => k.step('a', () => k.either([])), "'either' stands inside a step"],
    ['a choice has no options', (k) => k.either([]), "'either' without options"],
    ['an effect belongs inside a step', (k) => k.when(lock, () => {}), "'when' belongs inside a step"],
  ])('not that %s', (_, text, message) => {
    expect(() => codeOf(text)).toThrow(message);
  });
  const loops: ReturnType<typeof routine> = routine('loops', (k) => k.call(loops, {}));

  test('not a place outside a routine', () => {
    expect(() => total.set(1)).toThrow('a place is written where no text is recorded');
  });

  test('not a variable that the program does not declare', () => {
    const text = (k: Builder<null>): void => k.step('count', () => total.add(1));
    expect(() => program(SIZES, [lock], [codeOf(text)])).toThrow("'code' uses 'total', which the program does not");
  });
});

describe('what the interpreter refuses to do', () => {
  test('a value beyond its range', () => {
    expect(() => run(programOf((k) => k.step('count', () => total.set(101))))).toThrow('total := 101, allowed is 0');
    expect(() => run(programOf((k) => k.step('count', () => total.sub(1))))).toThrow('total := -1');
  });

  test('an element beyond its domain', () => {
    const beyond = programOf((k) => {
      const seat = k.let('seat', optional(SEAT), none(SEAT));
      k.step('sit', () => taken.at(seat).set(true));
    });
    expect(() => run(beyond)).toThrow("taken: 11 is no seat, allowed is 0 to 10, in step 'sit'");
  });

  test('to go round without a step', () => {
    const idle = programOf((k) => k.loop(() => k.let('x', bool, true)));
    expect(() => run(idle)).toThrow('goes round without taking a step');
  });

  test('to start a busy task, or with too few values', () => {
    const waiting = programOf((k) => k.await('never', lock));
    const interpreter = run(waiting);
    expect(interpreter.next(0)?.name).toBe('never');
    expect(() => interpreter.start(0, 0)).toThrow('task 0 is busy');
    expect(() => interpreter.start(1, 0, [1])).toThrow("'code' takes 0 values, not 1");
  });
});

describe('stretches of text', () => {
  const add = (k: Builder<null>, amount: number): void => k.step(`add ${amount}`, () => total.add(amount));
  const totalOf = (text: (k: Builder<null>) => void): number | undefined =>
    columnOf(run(programOf(text)).memory, total)[0];

  test('a block is left from a loop inside it, and an outer loop goes on from an inner one', () => {
    const left = (k: Builder<null>): void =>
      k.block(({ leave }) => {
        k.loop(() => {
          add(k, 1);
          leave();
        });
        add(k, 10);
      });
    expect(totalOf(left)).toBe(1);
    expect(
      totalOf((k) => {
        const turns = k.let('turns', int(3), 0);
        k.loop(({ leave, again }) => {
          turns.add(1);
          k.if(turns.eq(3), leave);
          k.loop(() => {
            add(k, 1);
            again();
          });
        });
      }),
    ).toBe(2);
  });

  test('what is declared in a scope gives its place up behind it', () => {
    const code = codeOf((k) => {
      for (let i = 0; i < 100; i++)
        k.scope(() => {
          const value = k.let('value', int(7), 3);
          k.step('add', () => total.add(value));
        });
    });
    expect(code.slotMax).toEqual([7]);
    const outside = (k: Builder<null>): void => {
      let kept: { readonly place: ReturnType<typeof k.local<'int'>> } | undefined;
      k.scope(() => {
        kept = { place: k.local('kept', int(7)) };
      });
      kept?.place.set(1);
    };
    expect(() => codeOf(outside)).toThrow(`'kept' is a local of a routine that has ended`);
  });

  test('a step says where its author has it, the innermost place, and how many routines are around that', () => {
    const inner = routine('inner', (k) => add(k, 1));
    const { flow } = codeOf((k) => {
      add(k, 1);
      k.call(
        routine('outer', (o) => o.from({ place: 'a.c:1', text: 'inner()' }, () => o.call(inner, {}))),
        {},
      );
    });
    const origins = flow.nodes.flatMap((node) => (node.kind === 'step' ? [node.step.origin] : []));
    expect(new Set(origins)).toEqual(new Set([undefined, { place: 'a.c:1', text: 'inner()', depth: 1 }]));
  });
});

test('claims say what a position means, and add nothing to a state', () => {
  const text = (claiming: boolean) =>
    programOf((k) => {
      const seats = k.localArray('seats', 3, optional(SEAT));
      seats.at(0).set(4);
      seats.at(1).set(7);
      const wait = (): void => k.await('wait', lock);
      if (claiming) k.claimingList('seat', seats, 0, 2, { amount: 3 }, wait);
      else wait();
      k.step('use', () => k.when(seats.at(0).eq(seats.at(1)), () => total.add(1)));
    });
  const interpreter = run(text(true));
  expect(interpreter.claims(0).map(({ label, of, amount }) => [label, of, amount])).toEqual([
    ['seat', 4, 3],
    ['seat', 7, 3],
  ]);
  expect(compilePacked(text(true), [0, 0]).words).toBe(compilePacked(text(false), [0, 0]).words);
});

/** Every construct once, with arrays that do not fit one word. */
const everything = (k: Builder<null>): void => {
  const from = k.local('from', optional(SEAT));
  const turns = k.local('turns', int(9));
  const list = k.localArray('list', 5, optional(SEAT));
  const free = k.local('free', optional(SEAT));
  k.await('lock', lock.not(), () => lock.set(true));
  k.for('i', int(9), 0, turns, (i) => {
    k.step('find', () => free.set(first(from, none(SEAT), first(0, from, none(SEAT), isFree), isFree)));
    k.if(free.eq(none(SEAT)), () => k.break());
    list.at(i.mod(5)).set(free);
    k.step('sit', () => {
      taken.at(free).set(true);
      owner.at(free, k.self).add(i.plus(1).shiftedLeft(3));
      k.when(
        free.gt(5),
        () => total.add(2),
        () => total.add(1),
      );
    });
    k.if(i.eq(3), () => k.continue());
  });
  k.step('leave', () => k.each(0, 2, (i) => k.when(i.lt(1), () => taken.at(list.at(0).mod(11)).set(false))));
  k.step('unlock', () => lock.set(false));
};
const isFree = (seat: Parameters<Parameters<typeof first<'seat'>>[3]>[0]): ReturnType<typeof seat.eq> =>
  taken.at(seat).not();

/** Requires that all successors of a state, found at once, are those that single steps lead to. */
function expectSuccessors(successors: Successors, packed: Packed, state: Int32Array): void {
  const room = successors.most * (successors.words + 1);
  const rows = new Int32Array(room * HEAPS);
  const ends = Int32Array.from({ length: HEAPS }, (_, heap) => heap * room);
  const count = successors.expand(state, 0, rows, ends);
  const found = [...ends].flatMap((end, heap) => {
    const starts: number[] = [];
    for (let at = heap * room; at < end; at += successors.words + 1) starts.push(at);
    return starts.map((at) => {
      expect(rows[at + successors.words]).toBe(successors.hash(rows, at));
      return rows.slice(at, at + successors.words).join();
    });
  });
  const expected: string[] = [];
  for (const [task, options] of packed.options.entries())
    for (let option = 0; option < options; option++) {
      const next = state.slice();
      if (packed.step(task, next, option)) expected.push(next.join());
    }
  expect(count).toBe(expected.length);
  expect(found.toSorted()).toEqual(expected.toSorted());
}
/** Of no other meaning than to look at everything that a property can look at. */
const odd = [
  total.mod(3).ne(1),
  claimed(literal<'seat'>(3)).lt(1),
  claimed(literal<'seat'>(4), 'turn').lt(1),
  finished(1).not().or(lock),
  first(0, 11, none(SEAT), (seat) => taken.at(seat)).ne(2),
  owner
    .at(
      first(0, none(SEAT), 0, (seat) => taken.at(seat).not()),
      1,
    )
    .lt(9),
].map((holds, i) => ({ name: `odd ${i}`, holds }));
function expectProperties(successors: Successors, interpreter: Interpreter, state: Int32Array): void {
  const wrong = odd.findIndex(({ holds }) => interpreter.value(holds) === 0);
  expect(successors.violated(state, 0)).toBe(wrong);
  expect(successors.mayEnd(state, 0)).toBe(interpreter.value(finished(0)) !== 0);
}

test('the three executions of one text agree', () => {
  const built = programOf(everything, 2);
  const successors = compileSuccessors(built, [0, 0], { properties: odd, mayEnd: finished(0) });
  fc.assert(
    fc.property(fc.nat(10), fc.nat(8), fc.nat(10), fc.array(fc.boolean(), { maxLength: 80 }), (a, n, b, turns) => {
      const memory = createMemory(built);
      const interpreter = new Interpreter(built, memory);
      const packed = compilePacked(built, [0, 0]);
      const mine = copyMemory(memory);
      const columns = compileColumns(built, mine);
      for (const [task, from] of [a, b].entries()) {
        interpreter.start(task, 0, [from, n]);
        columns.start(task, 0, [from, n]);
      }
      const state = packed.pack(memory);
      for (const turn of turns) {
        const task = Number(turn);
        expectSuccessors(successors, packed, state);
        expectProperties(successors, interpreter, state);
        const moved = interpreter.step(task) !== undefined;
        expect([columns.step(task), packed.step(task, state)]).toEqual([moved, moved]);
        expect(packed.pack(memory)).toEqual(state);
        expect([...mine.columns.values()]).toEqual([...memory.columns.values()]);
        expect([...packed.unpack(state).columns.values()]).toEqual([...memory.columns.values()]);
      }
      const whole = createMemory(built);
      const alone = new Interpreter(built, createMemory(built));
      expect(compileColumns(built, whole).run(0, 0, [a, n])).toBe(true);
      alone.start(0, 0, [a, n]);
      while (alone.step(0) !== undefined);
      expect([...whole.columns.values()]).toEqual([...alone.memory.columns.values()]);
    }),
    { numRuns: 60 },
  );
});

test('a call run in one go rests where it has to wait, and goes on step by step', () => {
  const built = programOf(everything, 2);
  const memory = createMemory(built);
  columnOf(memory, lock)[0] = 1;
  const columns = compileColumns(built, memory);
  expect(columns.run(1, 0, [3, 2])).toBe(false);
  expect(columns.step(1)).toBe(false);
  columnOf(memory, lock)[0] = 0;
  while (memory.code[1] !== IDLE) expect(columns.step(1)).toBe(true);
  expect(columnOf(memory, total)[0]).toBe(2);
});

/** Choices: guarded, nested, in a loop, before a loop whose first step is also reached by itself. */
const choosing = (k: Builder<null>): void => {
  const turns = k.let('turns', int(9), 0);
  const seat = k.local('seat', optional(SEAT));
  const sit = (number: number) => () => {
    k.await(`sit ${number}`, taken.at(number).not(), () => {
      taken.at(number).set(true);
      seat.set(number);
    });
    k.step('note', () => owner.at(seat, k.self).add(turns));
  };
  k.while(turns.lt(6), () => {
    k.claiming('turn', turns, {}, () =>
      k.either([
        sit(3),
        () => k.either([sit(8), () => k.await('lock', lock.not(), () => lock.set(true))]),
        () =>
          k.loop(() => {
            k.step('count', () => total.add(1));
            turns.add(1);
            k.if(turns.ge(4), () => k.break());
          }),
        () => k.await('unlock', lock, () => lock.set(false)),
      ]),
    );
    turns.add(1);
  });
};
const OPTIONS = 5;

test('the three executions agree on every option of every choice', () => {
  const built = programOf(choosing);
  const successors = compileSuccessors(built, [0, 0], { properties: odd, mayEnd: finished(0) });
  const stepsSeen = new Set<string>();
  const turn = fc.record({ task: fc.nat(1), option: fc.nat(OPTIONS - 1) });
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 60 }), (turns) => {
      const memory = createMemory(built);
      const interpreter = new Interpreter(built, memory);
      const packed = compilePacked(built, [0, 0]);
      expect(packed.options).toEqual([OPTIONS, OPTIONS]);
      const mine = copyMemory(memory);
      const columns = compileColumns(built, mine);
      for (const task of [0, 1]) {
        interpreter.start(task, 0);
        columns.start(task, 0, []);
      }
      const state = packed.pack(memory);
      for (const { task, option } of turns) {
        expectSuccessors(successors, packed, state);
        expectProperties(successors, interpreter, state);
        const enabled = interpreter.enabled(task, option);
        const step = interpreter.step(task, option)?.step;
        if (step !== undefined) stepsSeen.add(step.name);
        expect([step !== undefined, columns.step(task, option), packed.step(task, state, option)]).toEqual([
          enabled,
          enabled,
          enabled,
        ]);
        expect(packed.pack(memory)).toEqual(state);
        expect([...mine.columns.values()]).toEqual([...memory.columns.values()]);
        expect([...packed.unpack(state).columns.values()]).toEqual([...memory.columns.values()]);
      }
    }),
    { numRuns: 100 },
  );
  expect([...stepsSeen].toSorted()).toEqual(['count', 'lock', 'note', 'sit 3', 'sit 8', 'unlock']);
});

test('a task rests at a choice with all its options, and claims what stands around them', () => {
  const built = programOf(choosing);
  const memory = createMemory(built);
  expect(compileColumns(built, memory).run(0, 0, [])).toBe(false);
  const interpreter = new Interpreter(built, memory);
  expect(interpreter.options(0).map(({ name }) => name)).toEqual(['sit 3', 'sit 8', 'lock', 'count', 'unlock']);
  expect(interpreter.claims(0)).toMatchObject([{ label: 'turn', of: 0, amount: 1 }]);
  expect(interpreter.step(0, 4)).toBeUndefined();
  expect(interpreter.step(0, 3)?.step.name).toBe('count');
  expect(interpreter.options(0).map(({ name }) => name)).toEqual(['count']);
});

test('a text without choices has one option everywhere', () => {
  expect(compilePacked(programOf(everything, 2), [0, 0]).options).toEqual([1, 1]);
});

test('an assert reports its step, and changes nothing', () => {
  const built = programOf((k) => {
    k.step('first', () => {
      total.add(1);
      k.assert('small', total.lt(2));
      total.add(1);
      k.assert('smaller', total.lt(2));
    });
  });
  const memory = createMemory(built);
  const interpreter = new Interpreter(built, memory);
  for (const task of [0, 1]) interpreter.start(task, 0);
  const successors = compileSuccessors(built, [0, 0], { properties: [], mayEnd: finished(0) });
  const state = compilePacked(built, [0, 0]).pack(memory);
  const room = 2 * (successors.words + 1);
  successors.expand(
    state,
    0,
    new Int32Array(room * HEAPS),
    new Int32Array(HEAPS).map((_, heap) => heap * room),
  );
  const [assert = 0, task, option] = successors.failed;
  expect([successors.asserts[assert - 1], task, option]).toEqual(['smaller', 0, 0]);
  expect(interpreter.step(1)).toMatchObject({ failed: ['smaller'], finished: true });
  expect(interpreter.step(0)).toMatchObject({ failed: ['small', 'smaller'] });
  expect(columnOf(memory, total)[0]).toBe(4);
});

test('a value that does not fit its bits is no neighbour’s business', () => {
  const [small, next] = [sharedScalar('small', int(3)), sharedScalar('next', int(3))];
  const code = codeOf((k) => {
    k.step('add', () => small.add(3));
    k.step('add', () => small.add(3));
  });
  const built = program(SIZES, [small, next], [code]);
  const packed = compilePacked(built, [0, 0]);
  const memory = createMemory(built);
  for (const task of [0, 1]) new Interpreter(built, memory).start(task, 0);
  const state = packed.pack(memory);
  packed.step(0, state);
  expect(() => packed.step(0, state)).toThrow("small := 6, allowed is 0 to 3, in step 'add'");
});

test('a range beyond 31 bits is refused', () => {
  expect(() => program(SIZES, [sharedScalar('wide', int(2 ** 31))], [])).toThrow("'wide' goes up to 2147483648");
});

test('a local is held to its own range, whatever stood in its slot before', () => {
  const text = programOf((k) => {
    k.call(
      routine('wide', (inner) => void inner.let('wide', int(1000), 0)),
      {},
    );
    k.call(
      routine('narrow', (inner) => {
        const narrow = inner.local('narrow', bool);
        inner.step('end', () => total.set(choose(narrow, 1, 0)));
        narrow.add(1);
        narrow.add(1);
      }),
      {},
    );
  });
  expect(() => run(text)).toThrow('narrow := 2, allowed is 0 to 1');
});

test('branches that follow each other do not multiply the generated code, and still agree', () => {
  const branches = (count: number): Program =>
    programOf((k) => {
      const x = k.let('x', int(63), 0);
      k.step('read', () => x.set(total.mod(64)));
      for (let i = 0; i < count; i++)
        k.if(
          x.mod(3).eq(i % 3),
          () => x.set(x.plus(7).mod(64)),
          () => x.set(x.plus(1).mod(64)),
        );
      k.step('write', () => total.set(x));
    });
  const [few, many] = [8, 16].map((count) => {
    const built = branches(count);
    const memory = createMemory(built);
    const alone = run(built);
    const columns = compileColumns(built, memory);
    columns.start(0, 0, []);
    while (columns.step(0));
    expect(columnOf(memory, total)[0]).toBe(columnOf(alone.memory, total)[0]);
    return textLength(built);
  });
  expect((many ?? 0) / (few ?? 1)).toBeLessThan(4);
});

/** Length of the JavaScript for what the first code does after its first step. */
function textLength(built: Program): number {
  const flow = built.codes[0]?.flow;
  const entry = flow?.nodes[flow.steps[0] ?? -1];
  if (flow === undefined || entry?.kind !== 'step') throw new Error('no step');
  const index = { js: 't', known: undefined };
  const spelling = { self: index, read: () => 'r', write: () => 'w;', readLocal: () => 'l', writeLocal: () => 'l=1;' };
  return settle(flow, entry.next, new Emitter(spelling), () => 'rest;').length;
}
