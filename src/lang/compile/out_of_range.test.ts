// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bool,
  buildCode,
  type Builder,
  choose,
  compileColumns,
  compilePacked,
  compileSuccessors,
  createMemory,
  domain,
  element,
  first,
  HEAPS,
  independence,
  int,
  Interpreter,
  language,
  literal,
  type Memory,
  one,
  type Program,
  program,
  shared,
  sharedScalar,
  type Value,
} from '../index.ts';

const SEAT = domain('seat');
const SIZES = { task: 2, seat: 3 };
const { routine } = language<null>();
const before = sharedScalar('before', int(3));
const small = sharedScalar('small', int(2));
const after = sharedScalar('after', int(3));
const seats = shared('seats', [SEAT], int(5));
const both = shared('both', [SEAT, SEAT], int(2));
const VARIABLES = [before, small, after, seats, both];

type K = Builder<null>;
type Text = (k: K) => void;
const programOf = (text: Text): Program =>
  program(SIZES, VARIABLES, [
    buildCode(
      'code',
      null,
      SIZES,
      0,
      text,
      [...VARIABLES].map(({ variable }) => variable),
    ),
  ]);

/** Every execution of a program, beside each other. */
class Executions {
  readonly #program: Program;
  readonly #interpreter: Interpreter;
  readonly #columns;
  readonly #inColumns: Memory;
  readonly #packed;
  readonly #state: Int32Array;
  readonly #successors;

  constructor(built: Program) {
    this.#program = built;
    this.#interpreter = new Interpreter(built, createMemory(built));
    this.#inColumns = createMemory(built);
    this.#columns = compileColumns(built, this.#inColumns);
    this.#packed = compilePacked(built, [0, 0]);
    this.#successors = compileSuccessors(built, [0, 0], { properties: [], mayEnd: literal<'bool'>(1) });
    const begun = SIZES.task;
    for (let task = 0; task < begun; task++) {
      const failure = failureOf(() => this.#interpreter.start(task, 0));
      expect(failureOf(() => this.#columns.start(task, 0, []))).toBe(failure);
      if (failure !== undefined) throw new RangeError(failure);
    }
    this.#state = this.#packed.pack(this.#interpreter.memory);
  }

  /** Takes a step of a task in all of them. @returns what all of them fail with; undefined where they do not. */
  step(task: number): string | undefined {
    const state = this.#state.slice();
    const failure = failureOf(() => this.#interpreter.step(task));
    expect(failureOf(() => this.#columns.step(task))).toBe(failure);
    expect(failureOf(() => this.#packed.step(task, this.#state))).toBe(failure);
    if (failure !== undefined) {
      const expanded = failureOf(() => this.#expand(state));
      // The other task's step may fail before.
      if (task === 0) expect(expanded).toBe(failure);
      else expect(expanded).toBeDefined();
      return failure;
    }
    const expected = this.#packed.pack(this.#interpreter.memory);
    expect([...this.#state]).toEqual([...expected]);
    expect(columnsOf(this.#program, this.#inColumns)).toEqual(columnsOf(this.#program, this.#interpreter.memory));
    return undefined;
  }

  #expand(state: Int32Array): void {
    const row = this.#successors.words + 1;
    const rows = new Int32Array(HEAPS * row * this.#successors.most);
    const ends = Int32Array.from({ length: HEAPS }, (_, i) => i * row * this.#successors.most);
    this.#successors.expand(state, 0, rows, ends);
  }
}

const columnsOf = ({ variables }: Program, memory: Memory): readonly (readonly number[])[] =>
  variables.map((variable) => [...(memory.columns.get(variable) ?? [])]);

function failureOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return error.message;
  }
}

/** What a text can name. */
interface Names {
  readonly x: Value<'int'>;
  readonly list: (index: Value<'int'>) => Value<'int'>;
}
type Made<T> = (names: Names) => T;
const at = (index: Value<'int'>): Value<'seat'> => element(SEAT, index);

const { number, condition } = fc.letrec<{ number: Made<Value<'int'>>; condition: Made<Value<'bool'>> }>((tie) => ({
  number: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.integer({ min: -2, max: 4 }).map((value) => () => literal<'int'>(value)),
    fc.constantFrom<Made<Value<'int'>>>(
      () => before,
      () => small,
      () => after,
      ({ x }) => x,
      () => first(literal<'int'>(0), literal<'int'>(3), literal<'int'>(3), (i) => seats.at(at(i)).eq(0)),
    ),
    tie('number').map((index) => (names: Names) => seats.at(at(index(names)))),
    tie('number').map((index) => (names: Names) => names.list(index(names))),
    fc.tuple(fc.constantFrom('plus' as const, 'minus' as const), tie('number'), tie('number')).map(
      ([how, a, b]) =>
        (names: Names) =>
          a(names)[how](b(names)),
    ),
    tie('number').map((a) => (names: Names) => a(names).mod(3)),
    fc.tuple(tie('condition'), tie('number'), tie('number')).map(
      ([c, a, b]) =>
        (names: Names) =>
          choose<'int'>(c(names), a(names), b(names)),
    ),
  ),
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc
      .tuple(fc.constantFrom('eq' as const, 'ne' as const, 'lt' as const, 'ge' as const), tie('number'), tie('number'))
      .map(
        ([how, a, b]) =>
          (names: Names) =>
            a(names)[how](b(names)),
      ),
    fc.tuple(fc.constantFrom('and' as const, 'or' as const), tie('condition'), tie('condition')).map(
      ([how, a, b]) =>
        (names: Names) =>
          a(names)[how](b(names)),
    ),
    tie('condition').map((a) => (names: Names) => a(names).not()),
  ),
}));

type Statement = (k: K, names: Names & { readonly writes: Writes }) => void;
interface Writes {
  readonly x: (value: Value<'int'>) => void;
  readonly list: (index: Value<'int'>, value: Value<'int'>) => void;
}

const { statement } = fc.letrec<{ statement: Statement }>((tie) => ({
  statement: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(fc.constantFrom(before, small, after), number).map(
      ([place, value]): Statement =>
        (_, names) =>
          place.set(value(names)),
    ),
    fc.tuple(fc.constantFrom(small, after), fc.constantFrom('add' as const, 'sub' as const), number).map(
      ([place, how, value]): Statement =>
        (_, names) =>
          place[how](value(names)),
    ),
    fc.tuple(number, number).map(
      ([index, value]): Statement =>
        (_, names) =>
          seats.at(at(index(names))).set(value(names)),
    ),
    fc.tuple(number, number, number).map(
      ([i, j, value]): Statement =>
        (_, names) =>
          both.at(at(i(names)), at(j(names))).set(value(names)),
    ),
    number.map(
      (value): Statement =>
        (_, names) =>
          names.writes.x(value(names)),
    ),
    fc.tuple(number, number).map(
      ([index, value]): Statement =>
        (_, names) =>
          names.writes.list(index(names), value(names)),
    ),
    fc.tuple(condition, fc.array(tie('statement'), { maxLength: 2 }), fc.array(tie('statement'), { maxLength: 2 })).map(
      ([when, then, otherwise]): Statement =>
        (k, names) =>
          k.when(
            when(names),
            () => then.forEach((each) => each(k, names)),
            () => otherwise.forEach((each) => each(k, names)),
          ),
    ),
    fc.tuple(fc.array(tie('statement'), { minLength: 1, maxLength: 2 }), number).map(
      ([body, value]): Statement =>
        (k, names) =>
          k.each<'int'>(0, 3, (i) => {
            seats.at(at(i)).set(value(names));
            for (const each of body) each(k, names);
          }),
    ),
  ),
}));

describe('stores and indexes that do not fit', () => {
  test('are found by every execution alike, and nothing else is changed by them', () => {
    let [failed, refused, steps] = [0, 0, 0];
    fc.assert(
      fc.property(
        fc.array(fc.array(statement, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(1), { minLength: 4, maxLength: 12 }),
        fc.option(number),
        (texts, schedule, guess) => {
          let executions: Executions;
          try {
            const built = programOf((k) => {
              const x = k.let('x', int(3), 1);
              const list = k.localArray('list', 2, int(2));
              const names = {
                x,
                list: (index: Value<'int'>) => list.at(index),
                writes: {
                  x: (value: Value<'int'>) => x.set(value),
                  list: (index: Value<'int'>, value: Value<'int'>) => list.at(index).set(value),
                },
              };
              for (const [i, statements] of texts.entries()) {
                // Between steps nothing shared is read.
                if (guess !== null && i === 1)
                  k.if(
                    x.lt(3),
                    () => x.add(1),
                    () => x.sub(1),
                  );
                k.step(`step ${i}`, () => statements.forEach((each) => each(k, names)));
              }
            });
            executions = new Executions(built);
          } catch (error) {
            if (!(error instanceof RangeError)) throw error;
            refused++;
            return;
          }
          for (const task of schedule) {
            steps++;
            if (executions.step(task) === undefined) continue;
            failed++;
            return;
          }
        },
      ),
      { numRuns: 1500, seed: 7 },
    );
    // What fits, what does not, and what is refused as it is recorded, each often.
    expect(Math.min(failed, refused, steps)).toBeGreaterThan(100);
  });

  test('leave the neighbouring field alone: the store is the error', () => {
    const built = programOf((k) => {
      const n = k.let('n', int(7), 5);
      k.step('read', () => n.set(before.plus(5)));
      k.step('write', () => small.set(n));
    });
    const executions = new Executions(built);
    expect(executions.step(0)).toBeUndefined();
    expect(executions.step(0)).toBe("small := 5, allowed is 0 to 2, in step 'write'");
  });

  test('a literal below 0 is subtracted in every execution', () => {
    const executions = new Executions(
      programOf((k) => {
        k.step('up', () => small.set(small.minus(-1)));
        k.step('up', () => small.set(small.minus(-2)));
      }),
    );
    expect([executions.step(0), executions.step(0)]).toEqual([
      undefined,
      "small := 3, allowed is 0 to 2, in step 'up'",
    ]);
  });

  test('a search behind a condition is not begun where the condition does not hold, and fails where it does', () => {
    const found = (from: number): Value<'bool'> =>
      first<'int'>(from, literal<'int'>(4).plus(before), 9, (i) => seats.at(at(i)).eq(1)).ne(9);
    const executions = new Executions(
      programOf((k) => {
        k.step('not asked', () => k.when(before.eq(1).and(found(0)), () => small.set(1)));
        k.step('set', () => before.set(1));
        k.step('asked', () => k.when(before.eq(1).and(found(0)), () => small.set(1)));
      }),
    );
    expect([executions.step(0), executions.step(0)]).toEqual([undefined, undefined]);
    expect(executions.step(0)).toBe("seats: 3 is no seat, allowed is 0 to 2, in step 'asked'");
  });

  test('what a wider local has left in a slot is no value of the next one', () => {
    const executions = new Executions(
      programOf((k) => {
        k.call(
          routine('wide', (inner: K) => {
            const wide = inner.let('wide', int(9), 7);
            inner.step('use', () => after.set(wide.minus(5)));
          }),
          {},
        );
        k.call(
          routine('narrow', (inner: K) => {
            const narrow = inner.local('narrow', one(SEAT));
            inner.step('look', () => seats.at(narrow).set(1));
          }),
          {},
        );
      }),
    );
    expect(executions.step(0)).toBeUndefined();
    expect(executions.step(0)).toBe("seats: 7 is no seat, allowed is 0 to 2, in step 'look' of narrow");
  });

  test('values that a code is started with are held to their places', () => {
    const code = buildCode('code', null, SIZES, 1, (k) => {
      const n = k.local('n', int(2));
      k.step('s', () => small.set(n));
    });
    const built = program(SIZES, VARIABLES, [code]);
    const told = "'code' is started with 3 as its value 0, allowed is 0 to 2";
    expect(() => new Interpreter(built, createMemory(built)).start(0, 0, [3])).toThrow(told);
    expect(() => compileColumns(built, createMemory(built)).start(0, 0, [3])).toThrow(told);
    expect(() => compileColumns(built, createMemory(built)).run(0, 0, [3])).toThrow(told);
  });

  test('an exploration of what is left after a reduction finds them', () => {
    const built = programOf((k) => {
      const n = k.let('n', int(7), 5);
      k.step('read', () => n.set(before.plus(5)));
      k.step('write', () => small.set(n));
    });
    const memory = createMemory(built);
    for (const task of [0, 1]) new Interpreter(built, memory).start(task, 0);
    const reduction = independence(built, [0, 0], memory, []);
    const explored = compileSuccessors(built, [0, 0], { properties: [], mayEnd: literal<'bool'>(1) }, { reduction });
    const state = compilePacked(built, [0, 0]).pack(memory);
    const rows = new Int32Array(HEAPS * 4 * (explored.words + 1));
    const ends = Int32Array.from({ length: HEAPS }, (_, i) => i * 4 * (explored.words + 1));
    expect(() => explored.expand(state, 0, rows, ends)).toThrow("small := 5, allowed is 0 to 2, in step 'write'");
  });
});

describe('while a text is recorded', () => {
  const elsewhere = sharedScalar('elsewhere', int(2));
  test.each<[string, Text, string]>([
    ['a constant', (k) => k.step('s', () => small.set(7)), "small := 7, allowed is 0 to 2, in step 's'"],
    ['a constant below 0', (k) => k.step('s', () => small.set(-1)), "small := -1, allowed is 0 to 2, in step 's'"],
    ['a local constant', (k) => k.let('x', bool, 2 as never), 'x := 2, allowed is 0 to 1, in the text'],
    ['a constant index', (k) => k.step('s', () => seats.at(3).set(1)), 'seats: 3 is no seat, allowed is 0 to 2'],
    ['an index of a list', (k) => k.localArray('l', 2, bool).at(2).set(true), 'l: 2 is no element, allowed is 0 to 1'],
    [
      'a remainder by 0',
      (k) => k.step('s', () => small.set(small.mod(after))),
      "a remainder by what may be 0, in step 's'",
    ],
    [
      'with its routine',
      (k) =>
        k.call(
          routine('outer', (inner: K) => inner.step('s', () => small.set(7))),
          {},
        ),
      "small := 7, allowed is 0 to 2, in step 's' of outer",
    ],
    [
      'a variable that is stored',
      (k) => k.step('s', () => elsewhere.set(1)),
      "'elsewhere' is no variable of this program, in step 's'",
    ],
    [
      'a variable of a guard',
      (k) => k.await('s', elsewhere.eq(1)),
      "'elsewhere' is no variable of this program, in step 's'",
    ],
    [
      'a variable of a condition',
      (k) => k.step('s', () => k.when(elsewhere.eq(1), () => {})),
      'is no variable of this program',
    ],
    [
      'a variable of an assert',
      (k) => k.step('s', () => k.assert('a', elsewhere.eq(1))),
      'is no variable of this program',
    ],
    [
      'a variable of a repetition',
      (k) => k.step('s', () => k.each<'int'>(0, elsewhere, () => {})),
      'is no variable of this program',
    ],
    [
      'a variable of a claim',
      (k) => k.claiming('c', literal<'seat'>(0), { amount: elsewhere }, () => {}),
      "'elsewhere' is no variable of this program, in a claim in the text",
    ],
    [
      'a local of a routine that has ended',
      (k) => {
        let gone = literal<'int'>(0);
        k.call(
          routine('r', (inner: K) => void (gone = inner.let('gone', int(2), 0))),
          {},
        );
        k.if(gone.eq(1), () => {});
      },
      "'gone' is a local of a routine that has ended, or of another text",
    ],
    [
      'a JavaScript loop without end',
      (k) => {
        for (;;) k.step('s', () => small.set(1));
      },
      'the text has more than 200000 parts: a JavaScript loop in it does not end, in ',
    ],
  ])('%s is refused', (_, text, message) => {
    expect(() => programOf(text)).toThrow(message);
  });

  test('what a condition excludes for good may be anything', () => {
    expect(() =>
      programOf((k) =>
        k.step('s', () =>
          k.when(
            literal<'bool'>(0),
            () => small.set(7),
            () => small.set(1),
          ),
        ),
      ),
    ).not.toThrow();
  });

  test('what only an element of an empty domain could bring about may be anything', () => {
    const EMPTY = domain('empty');
    const text = (inner: K): void => inner.step('s', () => small.set(7));
    const sizes = { ...SIZES, empty: 0 };
    const build = (of: typeof EMPTY | typeof SEAT): unknown =>
      buildCode('code', null, sizes, 1, (k) => {
        k.local('of', one<string>(of));
        text(k);
      });
    expect(() => build(EMPTY)).not.toThrow();
    expect(() => build(SEAT)).toThrow('small := 7');
  });

  test.each<[string, Text]>([
    [
      'a claim',
      (k) => k.claiming('c', literal<'seat'>(0), { amount: elsewhere }, () => k.step('s', () => small.set(1))),
    ],
    ['a guard', (k) => k.await('s', elsewhere.eq(1))],
    [
      'a choice’s claim',
      (k) => k.claiming('c', elsewhere, {}, () => k.either([() => k.step('s', () => small.set(1))])),
    ],
  ])('a variable of %s that no program declares is found when the program is put together', (_, text) => {
    const code = buildCode('code', null, SIZES, 0, text);
    expect(() => program(SIZES, VARIABLES, [code])).toThrow(
      "'code' uses 'elsewhere', which the program does not declare",
    );
  });
});
