// SPDX-License-Identifier: MIT
// The small protocol in the kernel language (src/lang): one text, from which the three executions are made.
import { explore } from '../../src/check/index.ts';
import { spaceOfProgram } from '../../src/check/explore.ts';
import { search } from '../../src/check/search.ts';
import {
  bool,
  buildCode,
  columnOf,
  compileColumns,
  compilePacked,
  createMemory,
  domain,
  element,
  finished,
  IDLE,
  int,
  Interpreter,
  language,
  literal,
  type Memory,
  none,
  optional,
  ordinal,
  type Packed,
  type Program,
  program,
  shared,
  sharedScalar,
  size,
  type Value,
} from '../../src/lang/index.ts';
import {
  CONVERTER,
  type Counts,
  CPUS,
  type Final,
  MOST_REFERENCES,
  MOST_STATES,
  type Prototype,
  type Stepping,
  TASKS,
  textOf,
  VERDICT,
  WORKER,
  type World,
} from './protocol.ts';

// <protocol>
const CPU = domain('cpu');
const FOLIO = domain('folio');
const SLOT = domain('slot');
const WORK = { idle: 0, queued: 1, running: 2 } as const;

const folio = {
  refcount: shared('folio.refcount', [FOLIO], { ...int(MOST_REFERENCES), initial: 1 }),
  lru: shared('folio.lru', [FOLIO], bool),
};
const batch = {
  lock: shared('batch.lock', [CPU], bool),
  nr: shared(
    'batch.nr',
    [CPU],
    int(({ slot = 0 }) => slot),
  ),
  folios: shared('batch.folios', [CPU, SLOT], optional(FOLIO)),
};
const work = sharedScalar('work', int(WORK.running));
const verdict = sharedScalar(
  'verdict',
  int(({ folio: folios = 0 }) => VERDICT.refused + folios - 1),
);

const { routine } = language<undefined>();
type OfCpu = Readonly<Record<'cpu', Value<'cpu'>>>;
type OfFolio = Readonly<Record<'of', Value<'folio'>>>;

const local_lock = routine('local_lock', (k, { cpu }: OfCpu) => {
  k.await('local_lock', batch.lock.at(cpu).not(), () => batch.lock.at(cpu).set(true));
});

const local_unlock = routine('local_unlock', (k, { cpu }: OfCpu) => {
  k.step('local_unlock', () => batch.lock.at(cpu).set(false));
});

const folio_batch_move_lru = routine('folio_batch_move_lru', (k, { cpu }: OfCpu) => {
  const count = k.local(
    'count',
    int(({ slot = 0 }) => slot),
  );
  k.step('folio_batch_count', () => count.set(batch.nr.at(cpu)));
  k.for('i', optional(SLOT), 0, element(SLOT, count), (i) => {
    k.step('lru_add', () => folio.lru.at(batch.folios.at(cpu, i)).set(true));
  });
  k.for('i', optional(SLOT), 0, element(SLOT, count), (i) => {
    const entry = batch.folios.at(cpu, i);
    k.step('folios_put', () => {
      folio.refcount.at(entry).sub(1);
      entry.set(none(FOLIO));
    });
  });
  k.step('folio_batch_reinit', () => batch.nr.at(cpu).set(0));
});

const folio_add_lru = routine('folio_add_lru', (k, { cpu, of }: OfCpu & OfFolio) => {
  const full = k.local('full', bool);
  k.step('folio_get', () => folio.refcount.at(of).add(1));
  k.claiming('lru-add-batch', of, {}, () => {
    k.call(local_lock, { cpu });
    k.step('folio_batch_add', () => {
      batch.folios.at(cpu, element(SLOT, batch.nr.at(cpu))).set(of);
      batch.nr.at(cpu).add(1);
      full.set(batch.nr.at(cpu).eq(size(SLOT)));
    });
  });
  k.if(full, () => k.call(folio_batch_move_lru, { cpu }));
  k.call(local_unlock, { cpu });
});

const lru_add_drain = routine('lru_add_drain', (k, { cpu }: OfCpu) => {
  const pending = k.local('pending', bool);
  k.call(local_lock, { cpu });
  k.step('folio_batch_count', () => pending.set(batch.nr.at(cpu).ne(0)));
  k.if(pending, () => k.call(folio_batch_move_lru, { cpu }));
  k.call(local_unlock, { cpu });
});

const lru_add_drain_all = routine('lru_add_drain_all', (k, { here, other }: Record<'here' | 'other', Value<'cpu'>>) => {
  const needs = k.local('needs', bool);
  k.call(lru_add_drain, { cpu: here });
  k.step('cpu_needs_drain', () => needs.set(batch.nr.at(other).ne(0)));
  k.if(needs, () => {
    k.step('queue_work', () => work.set(WORK.queued));
    k.await('flush_work', work.eq(WORK.idle));
  });
});

const check = routine('check', (k, cpus: Record<'here' | 'other', Value<'cpu'>>) => {
  const safe = k.local('safe', bool);
  const drained = k.let('drained', bool, false);
  k.for('folio', optional(FOLIO), 0, none(FOLIO), (of) => {
    k.step('folio_get', () => folio.refcount.at(of).add(1));
    k.claiming('safety-check', of, {}, () => {
      k.loop(() => {
        k.step('folio_ref_count', () => safe.set(folio.refcount.at(of).eq(2)));
        k.if(safe.or(drained), () => k.break());
        k.call(lru_add_drain_all, cpus);
        drained.set(true);
      });
      k.step('folio_put', () => folio.refcount.at(of).sub(1));
    });
    k.if(safe.not(), () => {
      k.step('refuse', () => verdict.set(ordinal(of).plus(VERDICT.refused)));
      k.return();
    });
  });
  k.step('accept', () => verdict.set(VERDICT.safe));
});

/** Folios from `first` up to and without `end`. */
const adder = routine('adder', (k, { cpu, first, end }: OfCpu & Record<'first' | 'end', number>) => {
  k.for('folio', optional(FOLIO), first, end, (of) => k.call(folio_add_lru, { cpu, of }));
});

const worker = routine('worker', (k, { cpu }: OfCpu) => {
  k.loop(() => {
    k.await('process_one_work', work.eq(WORK.queued), () => work.set(WORK.running));
    k.call(lru_add_drain, { cpu });
    k.step('work_done', () => work.set(WORK.idle));
  });
});
// </protocol>

/** The protocol's program; its code t is what task t runs. */
function smallProgram({ folios, slots }: World): Program {
  const sizes = { task: TASKS, cpu: CPUS, folio: folios, slot: slots };
  const cpu = (number: number): Value<'cpu'> => literal(number);
  const half = folios / 2;
  return program(
    sizes,
    [folio.refcount, folio.lru, batch.lock, batch.nr, batch.folios, work, verdict],
    [
      buildCode('adder 0', undefined, sizes, 0, (k) => k.call(adder, { cpu: cpu(0), first: 0, end: half })),
      buildCode('adder 1', undefined, sizes, 0, (k) => k.call(adder, { cpu: cpu(1), first: half, end: folios })),
      buildCode('check', undefined, sizes, 0, (k) => k.call(check, { here: cpu(0), other: cpu(1) })),
      buildCode('worker', undefined, sizes, 0, (k) => k.call(worker, { cpu: cpu(1) })),
    ],
  );
}

function booted(world: World): {
  readonly memory: Memory;
  readonly interpreter: Interpreter;
  readonly boot: () => void;
} {
  const protocol = smallProgram(world);
  const memory = createMemory(protocol);
  const interpreter = new Interpreter(protocol, memory);
  const fresh = createMemory(protocol);
  const boot = (): void => {
    for (const [variable, column] of fresh.columns) memory.columns.get(variable)?.set(column);
    memory.slots.fill(0);
    memory.code.fill(IDLE);
    interpreter.start(WORKER, WORKER);
  };
  return { memory, interpreter, boot };
}

const finalOf = (memory: Memory): Final => ({
  refcount: columnOf(memory, folio.refcount),
  lru: columnOf(memory, folio.lru),
  nr: columnOf(memory, batch.nr),
  verdict: columnOf(memory, { variable: verdict.variable })[0] ?? VERDICT.open,
});

/** Folios whose count is not the sum of their holders: the page cache, batches, and what positions claim. */
export function imbalances(interpreter: Interpreter): readonly number[] {
  const { memory } = interpreter;
  const counts = columnOf(memory, folio.refcount);
  const held = Array.from({ length: counts.length + 1 }, () => 1);
  for (const of of columnOf(memory, batch.folios)) held[of]!++;
  for (let task = 0; task < TASKS; task++)
    for (const { of, amount } of interpreter.claims(task)) held[of] = held[of]! + amount;
  return [...counts.keys()].filter((of) => counts[of] !== held[of]);
}

/** The protocol's packed form, for whoever explores it. */
export function packedOf(world: World): {
  readonly packed: Packed;
  readonly initial: Int32Array;
  readonly program: Program;
} {
  const { memory, interpreter, boot } = booted(world);
  boot();
  for (let task = 0; task < WORKER; task++) interpreter.start(task, task);
  const packed = compilePacked(interpreter.program, [0, 1, CONVERTER, WORKER]);
  return { packed, initial: packed.pack(memory), program: interpreter.program };
}

/** Compiles a program and returns what explores it, anew at each call; `tasks` are those that have to finish. */
export function explorerOf(
  explored: Program,
  packed: Packed,
  initial: Int32Array,
  finishing: readonly number[],
): (mostStates: number) => Counts {
  const codeOf = Array.from({ length: packed.tasks }, (_, task) => task);
  const mayEnd = finishing.map(finished).reduce((all, one) => all.and(one));
  const question = { program: explored, codeOf, initial: packed.unpack(initial), properties: [], mayEnd };
  const { space } = spaceOfProgram(question);
  return (mostStates) => {
    const { verdict: found, states, transitions, depth } = search(space, { mostStates });
    if (found !== 'holds') throw new Error(`exploring: ${found}`);
    return { states, transitions, depth };
  };
}

/** Every end, found by the explorer that takes steps one by one. */
function endsOf(world: World): ReadonlySet<string> {
  const { packed, initial } = packedOf(world);
  const ends = new Set<string>();
  const mayEnd = (state: Int32Array): boolean => {
    ends.add(textOf(finalOf(packed.unpack(state))));
    return [0, 1, CONVERTER].every((task) => packed.done(task, state));
  };
  const model = { words: packed.words, tasks: TASKS, initial, step: packed.step };
  explore(model, { invariants: [], mayEnd, mostStates: MOST_STATES });
  return ends;
}

export const builders: Prototype & Stepping = {
  explorer: (world) => {
    const ends = endsOf(world);
    const { packed, initial, program: protocol } = packedOf(world);
    const explored = explorerOf(protocol, packed, initial, [0, 1, CONVERTER]);
    return () => {
      const { states, transitions } = explored(MOST_STATES);
      return { states, transitions, ends };
    };
  },
  runner: (world) => {
    const { memory, interpreter, boot } = booted(world);
    const columns = compileColumns(interpreter.program, memory);
    return () => {
      boot();
      for (const task of [0, 1, CONVERTER]) {
        if (columns.run(task, task, [], () => columns.step(WORKER))) continue;
        while (memory.code[task] !== IDLE)
          if (!columns.step(task) && !columns.step(WORKER)) throw new Error('all wait');
      }
      while (columns.step(WORKER));
      return finalOf(memory);
    };
  },
  stepper: (world) => {
    const { interpreter, boot } = booted(world);
    return () => {
      boot();
      for (let task = 0; task < WORKER; task++) interpreter.start(task, task);
      let steps = 0;
      for (let before = -1; before !== steps; ) {
        before = steps;
        for (let task = 0; task < TASKS; task++) if (interpreter.step(task) !== undefined) steps++;
      }
      return steps;
    };
  },
};
