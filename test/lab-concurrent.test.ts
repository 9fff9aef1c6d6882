// SPDX-License-Identifier: MIT
// Recordings of runs in which several CPUs raced (lab rows 9 and 14): their order cannot be replayed. So every order of a
// small world is taken, and what the recorded checks read, and what came of it, has to be among what the model's can.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from '../src/abi/index.ts';
import { DEFAULT_PROFILE, folio, holdersOf, type Patch, RESULTS, taskResult } from '../src/kernel/index.ts';
import { Interpreter, type Step } from '../src/lang/index.ts';
import type { HolderKind } from '../src/ledger/index.ts';
import { type Call, createMachine, type Machine, type Outcome, patchNamed } from '../src/machine/index.ts';
import { countedFolio } from './counted.ts';
import { at, build, pack, type SmallWorld } from './exploring.ts';

const FORMS = ['baseline', 'local-drain', 'v8', 'drain-for-folio'];
const lines = (name: string): readonly string[] =>
  readFileSync(new URL(`lab/${name}`, import.meta.url), 'utf8')
    .trim()
    .split('\n');

/** What one conversion's check read of one page, in order, and whether it refused there; of a range without pages nothing. */
interface Looked {
  readonly form: string;
  readonly checks: readonly string[];
  readonly result: 'ok' | 'EAGAIN';
}

/**
 * From the recordings of 200 conversions to private and back while three CPUs touch 64 pages: each different thing that
 * happened to a page, and how often it did.
 */
const recorded = lines('s9_concurrent.checks.jsonl').map((line) => JSON.parse(line) as Looked & { times: number });

/** Seen on a kernel with lock debugging, which is slower: the last thing that the check read before it refused. */
const SEEN_LAST = [
  ['v8', 'refs=3 lru=1 drained=1'],
  ['drain-for-folio', 'refs=4 lru=0 drained=0'],
] as const;

const world = (patch: Patch): Omit<SmallWorld, 'tasks'> => ({
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 2 }, patch },
  sizes: { cpus: 2, folios: 2, inodes: 1, pages: 2, mms: 1, pins: 0, references: 8, order: 0 },
});
const convert = (start: number, pages: number, toPrivate: number) =>
  ({ name: 'convert', args: [0, start, pages, toPrivate, 1] }) as const;
const touch = (index: number) => ({ name: 'touch', args: [0, index, 1] }) as const;
/** Page 1 has been converted and back: it is on the LRU, and nobody maps it. */
const BEEN_PRIVATE = [touch(1), { name: 'lru_add_drain', args: [] }, convert(1, 1, 1), convert(1, 1, 0)] as const;

/** Worlds in which a conversion meets a page that was never there, one that has been private, and both. */
const worlds = (patch: Patch): readonly SmallWorld[] => [
  {
    ...world(patch),
    tasks: [
      { cpu: 0, script: [convert(0, 1, 1)] },
      { cpu: 1, script: [touch(0)] },
    ],
  },
  {
    ...world(patch),
    tasks: [
      { cpu: 0, script: [convert(1, 1, 1)] },
      { cpu: 1, script: [touch(1)] },
      { cpu: 1, script: BEEN_PRIVATE },
    ],
    before: [2],
  },
  {
    ...world(patch),
    tasks: [
      { cpu: 0, script: [convert(0, 2, 1)] },
      { cpu: 1, script: [touch(1)] },
      { cpu: 1, script: [...BEEN_PRIVATE, touch(0)] },
    ],
    before: [2],
  },
];

const USES: ReadonlySet<HolderKind> = new Set(['user-mapping', 'mmu-gather', 'gup', 'lookup']);

/** A conversion in all orders of a world: what its check looked at so far. */
interface Seen {
  readonly drained: number;
  /** By page: what was read, and whether somebody used it when it was last read. */
  readonly pages: readonly { readonly checks: readonly string[]; readonly used: boolean }[];
}

/** The check's drain that a step belongs to: 0 none, 1 local or the only one there is, 2 all CPUs after the local one. */
function drainOf(patch: Patch, { path }: Step): number {
  if (!path.includes('kvm_gmem_is_safe_for_conversion') || path.includes('folio_batch_release')) return 0;
  if (!path.includes('lru_add_drain') && !path.includes('lru_add_drain_all')) return 0;
  return patch.name === 'drain-for-folio' && path.includes('lru_add_drain_all') ? 2 : 1;
}

/** Whether the lab's kernel told of what it read there: before its own tests, and again after a drain except in the newest form. */
const looks = (patch: Patch, { name, path }: Step): boolean =>
  path.includes('kvm_gmem_is_safe_for_conversion') &&
  name === (patch.name === 'drain-for-folio' ? 'folio_maybe_dma_pinned' : 'folio_ref_count');

/** Everything that can come of a world, as `checks -> result`; with `, used` where somebody used the page at the last look. */
function outcomes(small: SmallWorld): ReadonlySet<string> {
  const { patch } = small.config;
  const { program } = build(small);
  const { packed, initial } = pack(small);
  const found = new Set<string>();
  const seenStates = new Set<string>();
  const frontier: { readonly state: Int32Array; readonly seen: Seen }[] = [];
  const add = (state: Int32Array, seen: Seen): void => {
    const key = `${state.join(',')} ${JSON.stringify(seen)}`;
    if (seenStates.has(key)) return;
    seenStates.add(key);
    frontier.push({ state, seen });
  };
  const told = ({ pages }: Seen, memory: Interpreter['memory']): void => {
    const result = RESULTS[at(memory, taskResult, 0)] ?? 'ok';
    const last = pages.length - 1;
    if (last < 0) found.add(` -> ${result}`);
    for (const [i, { checks, used }] of pages.entries())
      found.add(`${checks.join(', ')} -> ${i === last ? result : 'ok'}${used ? ', used' : ''}`);
  };
  add(initial, { drained: 0, pages: [] });
  for (let next = frontier.pop(); next !== undefined; next = frontier.pop()) {
    const { state, seen } = next;
    if (packed.done(0, state)) {
      told(seen, packed.unpack(state));
      continue;
    }
    for (let task = 0; task < packed.tasks; task++) {
      const after = state.slice();
      if (!packed.step(task, after)) continue;
      add(after, task === 0 ? looked(state, seen) : seen);
    }
  }
  return found;

  /** What is seen once the converter has taken its step. */
  function looked(state: Int32Array, seen: Seen): Seen {
    const memory = packed.unpack(state);
    const interpreter = new Interpreter(program, memory);
    const step = interpreter.next(0);
    if (step === undefined) return seen;
    const drained = Math.max(seen.drained, drainOf(patch, step));
    if (!looks(patch, step)) return { ...seen, drained };
    const of = countedFolio(interpreter, 0);
    if (of === undefined) throw new Error(`'${step.name}' reads no count`);
    const [refs, lru] = [at(memory, folio.refcount, of), at(memory, folio.lru, of)];
    const used = (holdersOf(interpreter, String).get(of) ?? []).some(({ kind }) => USES.has(kind));
    const check = `refs=${refs} lru=${lru} drained=${drained}`;
    // A second look at the same page comes right after a drain, and only where the form looks twice.
    const again = drained > seen.drained || drainedSince(seen, drained);
    const checks = again ? [...(seen.pages.at(-1)?.checks ?? []), check] : [check];
    return { drained, pages: [...(again ? seen.pages.slice(0, -1) : seen.pages), { checks, used }] };
  }

  /** The last look was before the drain that there has been, in a form that then looks at the same page again. */
  function drainedSince({ pages }: Seen, drained: number): boolean {
    const last = pages.at(-1)?.checks.at(-1);
    return patch.name !== 'drain-for-folio' && last !== undefined && !last.endsWith(`drained=${drained}`);
  }
}

describe.each(FORMS)('row 9, %s', (form) => {
  const reachable = new Set(worlds(patchNamed(form)).flatMap((small) => [...outcomes(small)]));
  const plain = new Set([...reachable].map((outcome) => outcome.replace(', used', '')));

  test('everything recorded can happen', () => {
    const here = recorded.filter((looked) => looked.form === form);
    expect(here.reduce((sum, { times }) => sum + times, 0)).toBeGreaterThan(200);
    const missing = here.filter(({ checks, result }) => !plain.has(`${checks.join(', ')} -> ${result}`));
    expect(missing).toEqual([]);
  });

  test.each(SEEN_LAST.filter(([of]) => of === form))(
    'and so can what was seen on a slower kernel: %s, %s',
    (_, last) => {
      expect([...reachable].some((outcome) => outcome.endsWith(`${last} -> EAGAIN, used`))).toBe(true);
    },
  );

  test('it converts, refuses what somebody uses, and refuses without need where it does not drain all', () => {
    const ends = (end: string): boolean => [...reachable].some((outcome) => outcome.endsWith(end));
    const needless = form === 'baseline' || form === 'local-drain';
    expect([ends('-> ok'), ends('-> EAGAIN, used'), ends('-> EAGAIN')]).toEqual([true, true, needless]);
    expect(ends('-> ok, used')).toBe(false);
  });
});

/** A conversion of pages 0 to 8 while a real-time task keeps CPU 1, in whose batch they wait. */
interface Row14 {
  readonly attempt?: string;
  readonly errno: number;
  readonly error_offset: number;
  /** How long a fault of page 300 took meanwhile. */
  readonly note?: string;
  readonly ns?: number;
}

describe.each(FORMS)('row 14, %s: a real-time task keeps CPU 1', (form) => {
  const rows = lines(`s14_fifo.${form}.results.jsonl`).map((line) => JSON.parse(line) as Row14);
  const [CONVERTER, HOGGED, OTHER] = [0, 1, 2];
  const machine = (): Machine =>
    createMachine({
      cpus: 3,
      patch: patchNamed(form),
      tasks: [0, 1, 2].map((on) => ({ name: `worker ${on}`, cpu: on })),
      guestMemfds: [{ pages: 512 }],
      calls: ['touch', 'convert', 'lru_add_drain_all'],
    });
  const conversion: Call = {
    call: 'set-memory-attributes2',
    inode: 0,
    argument: {
      offset: 0n,
      size: 8n * PAGE_SIZE,
      attributes: KVM_MEMORY_ATTRIBUTE_PRIVATE,
      flags: 0n,
      reserved: [],
    },
  };
  const shown = ({ result, errorIndex }: Outcome) => [result, errorIndex === undefined ? -1 : errorIndex * 4096];
  const expected = ({ errno, error_offset }: Row14) => [errno === 0 ? 'ok' : 'EAGAIN', error_offset];

  test('the drain waits for it and every fault of the file waits for the drain; who drains nothing there waits for nobody', () => {
    const first = rows.find(({ attempt }) => attempt === 'first');
    const fault = rows.find(({ note }) => note !== undefined);
    if (first === undefined || fault === undefined) throw new Error('the recording has no first attempt, or no fault');
    const waited = (fault.ns ?? 0) > 100_000_000;
    expect(waited).toBe(form === 'v8' || form === 'drain-for-folio');

    const kernel = machine();
    kernel.call(HOGGED, { call: 'touch', inode: 0, start: 0, pages: 8 });
    const hog = kernel.tasks - 2;
    expect(kernel.taskName(hog)).toBe('kworker/1');
    /** Everybody goes as far as they can, but for who needs CPU 1. */
    const goOn = (): void => {
      for (let moved = true; moved; ) {
        moved = false;
        for (let task = 0; task < kernel.tasks; task++)
          if (task !== hog && task !== HOGGED) while (kernel.step(task) !== undefined) moved = true;
      }
    };
    kernel.begin(CONVERTER, conversion);
    goOn();
    expect(kernel.busy(CONVERTER)).toBe(waited);
    kernel.begin(OTHER, { call: 'touch', inode: 0, start: 300, pages: 1 });
    goOn();
    expect([kernel.busy(OTHER), waited && kernel.isAt(OTHER, 'down_read')]).toEqual([waited, waited]);
    // The task ends; the CPU's worker runs.
    while (kernel.step(hog) !== undefined);
    goOn();
    expect([kernel.busy(CONVERTER), kernel.busy(OTHER)]).toEqual([false, false]);
    expect(shown(kernel.outcome(CONVERTER))).toEqual(expected(first));
    expect(kernel.outcome(OTHER).result).toBe('ok');

    for (const row of rows.filter(({ attempt }) => attempt !== undefined && attempt !== 'first')) {
      if (row.attempt?.endsWith('_after_drop_caches') === true) kernel.call(CONVERTER, { call: 'lru-add-drain-all' });
      expect([row.attempt, ...shown(kernel.call(CONVERTER, conversion))]).toEqual([row.attempt, ...expected(row)]);
    }
    expect(kernel.imbalances()).toEqual([]);
  });
});
