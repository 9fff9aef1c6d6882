// SPDX-License-Identifier: MIT
import {
  FOLIO,
  INDEX,
  INODE,
  filemap_get_folio,
  filemap_get_folios,
  filemap_lock_folio,
  folio,
  folio_batch_release,
  type FolioBatch,
  folio_expected_ref_count,
  folio_get,
  folio_isolate_lru,
  folio_lock,
  folio_maybe_dma_pinned,
  folio_may_be_lru_cached,
  folio_put,
  folio_putback_lru,
  folio_ref_freeze,
  folio_ref_unfreeze,
  folio_trylock,
  folio_try_get,
  folio_unlock,
  folioMaybeDmaPinned,
  folioMayBeLruCached,
  folioNrPages,
  type K,
  type KernelPart,
  lru_add_drain,
  lru_add_drain_all,
  lru_add_drain_cpu,
  CPU,
  filemap_invalidate_lock,
  filemap_invalidate_unlock,
  get_cpu,
  put_cpu,
  smp_processor_id,
  lru_cache_disable,
  lru_cache_drain_for_folio,
  lru_cache_enable,
} from '../kernel/index.ts';
import { choose, element, none, ordinal, Place, Value } from '../lang/index.ts';
import { BOOL, type CType, INT, LONG, pointerTo, UNSIGNED, UNSIGNED_LONG, VOID } from './syntax.ts';

/** Size of a kernel. */
type Sized = Pick<K, 'sizes' | 'config'>;

/** Whole numbers from `low` to `high`. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Kind of a call's parameter. */
export type Param =
  | { readonly kind: 'folio' }
  /** A struct address_space or inode: each inode has one mapping here. */
  | { readonly kind: 'mapping' }
  | { readonly kind: 'batch' }
  | { readonly kind: 'value'; readonly type: CType }
  /** A pointer to a variable of the caller, and the range of its value afterwards. */
  | { readonly kind: 'place'; readonly type: CType; readonly range: (k: Sized) => Interval }
  /** An argument that the model ignores: flags, text. */
  | { readonly kind: 'ignored' };

/** The arguments of a call while it is recorded. */
export class Args {
  readonly #values: readonly (Value<'int'> | FolioBatch | undefined)[];

  constructor(values: readonly (Value<'int'> | FolioBatch | undefined)[]) {
    this.#values = values;
  }

  int(at: number): Value<'int'> {
    const value = this.#values[at];
    if (value === undefined || 'folios' in value) throw new Error(`argument ${at} is no value`);
    return value;
  }
  folio(at: number): Value<'folio'> {
    return element(FOLIO, this.int(at));
  }
  mapping(at: number): Value<'inode'> {
    return element(INODE, this.int(at));
  }
  /** A page; every index behind the last page of all inodes is the one place behind it. */
  index(k: K, at: number, most: number): Value<'index'> {
    const value = this.int(at);
    const limit = (k.sizes['index'] ?? 0) + most;
    const { expr } = value;
    if (expr.op === 'const') return element(INDEX, choose<'int'>(value.gt(limit), limit, value));
    return element(INDEX, choose<'int'>(value.gt(limit), limit, value));
  }
  place<T extends string>(at: number, kind: T): Place<T> {
    const value = this.int(at);
    if (!(value instanceof Place)) throw new Error(`argument ${at} is no place`);
    return new Place<T>(value.expr, kind);
  }
  batch(at: number): FolioBatch {
    const value = this.#values[at];
    if (value === undefined || !('folios' in value)) throw new Error(`argument ${at} is no batch`);
    return value;
  }
}

/** Reference that a call takes or puts: to the folio that is its argument, or its result. */
interface Reference {
  readonly of: number | 'result';
  /** Kind of holder that the task is while it has the reference. */
  readonly holder: 'safety-check' | 'isolated';
  /** Only if the call returns true. */
  readonly ifTrue?: true;
}

interface Named {
  /** Name in C. */
  readonly name: string;
  readonly params: readonly Param[];
  readonly returns: CType;
  /** Meaning in the model, for docs/c-subset.md. */
  readonly means: string;
}

/** A call that takes steps. */
export interface Known extends Named {
  readonly kind: 'steps';
  /** Range of its result. */
  readonly range?: (k: Sized) => Interval;
  /**
   * A single step that only reads: other reads of the same expression may join this step. A `stable` read needs no step if the
   * sizes fix its value.
   */
  readonly read?: { readonly of: (k: K, args: Args) => Value<'int'>; readonly stable?: (k: K) => boolean };
  readonly text: (k: K, args: Args, result: Place<'int'> | undefined) => void;
  /** It begins with a step, and takes a step on every path. */
  readonly always: boolean;
  readonly takes?: Reference;
  readonly puts?: Reference;
  readonly parts?: readonly KernelPart[];
  readonly freezes?: true;
  /** It touches what belongs to the CPU that is its argument, without a lock. */
  readonly ofOwnCpu?: true;
  /** It fills or empties a batch, and claims the folios in it itself. */
  readonly claims?: 'fills' | 'releases';
}

/** All functions and words that a text may use, by their names in C. */
export interface Table {
  readonly steps: ReadonlyMap<string, Known>;
  readonly words: ReadonlyMap<string, Word>;
}

/** A word that only computes, with its meaning here. */
export interface Word extends Named {
  readonly kind: 'word';
  readonly word: WordKind;
}

type WordKind =
  | 'same'
  | 'truth'
  | 'nothing'
  | 'least'
  | 'most'
  | 'least-of-type'
  | 'most-of-type'
  | 'between'
  | 'batch-init'
  | 'batch-reinit'
  | 'batch-count'
  | 'batch-space'
  | 'is-error'
  | 'is-error-or-null'
  | 'error-of'
  | 'mapping-of'
  | 'write'
  | 'bit'
  | 'enabled'
  | 'print';

/** A value of any kind as its number. */
const number = <T extends string>(of: Value<T>): Value<'int'> => new Value<'int'>(of.expr, 'int');

const FOLIO_ARG: Param = { kind: 'folio' };
const MAPPING: Param = { kind: 'mapping' };
const BATCH: Param = { kind: 'batch' };
const value = (type: CType): Param => ({ kind: 'value', type });
const FOLIO_POINTER = pointerTo('folio');

const TRUTH = (): Interval => ({ low: 0, high: 1 });
const references = (k: Sized): Interval => ({ low: 0, high: k.sizes['references'] ?? 0 });
const pages = (k: Sized): Interval => ({ low: 0, high: k.sizes['index'] ?? 0 });
const folioOrNone = (k: Sized): Interval => ({ low: 0, high: k.sizes['folio'] ?? 0 });
const largest = (k: Sized): number => 2 ** (k.sizes['order'] ?? 0);

/** A call that is one read. */
const reads = (
  name: string,
  returns: CType,
  range: (k: Sized) => Interval,
  means: string,
  of: (k: K, args: Args) => Value<'int'>,
): Known => ({
  kind: 'steps',
  name,
  params: [FOLIO_ARG],
  returns,
  range,
  means,
  read: { of },
  text: (k, args, result) => k.step(name, () => result?.set(of(k, args))),
  always: true,
});

/** A read of a value that cannot change while the check has a reference, so that it can join a neighbouring step. */
const readsStable = (
  name: string,
  returns: CType,
  range: (k: Sized) => Interval,
  means: string,
  of: (k: K, args: Args) => Value<'int'>,
): Known => {
  const known = reads(name, returns, range, means, of);
  return { ...known, read: { of, stable: (k) => k.sizes['order'] === 0 } };
};

/** A call that is a routine of the kernel. */
const calls = (
  name: string,
  params: readonly Param[],
  returns: CType,
  means: string,
  text: Known['text'],
  more: Partial<Known> = {},
): Known => ({ kind: 'steps', name, params, returns, means, text, always: true, ...more });

/** The result's place, or an unused place. */
const into = (k: K, result: Place<'int'> | undefined, most: number): Place<'int'> =>
  result ?? k.local('unused', { kind: 'int', max: most, initial: 0 });
const truth = (k: K, result: Place<'int'> | undefined): Place<'bool'> =>
  new Place<'bool'>(into(k, result, 1).expr, 'bool');

const cpus = (k: Sized): Interval => ({ low: 0, high: Math.max(0, (k.sizes['cpu'] ?? 1) - 1) });
const cpuPlace = (k: K, result: Place<'int'> | undefined): Place<'cpu'> =>
  new Place<'cpu'>(into(k, result, cpus(k).high).expr, 'cpu');

/** Every call that takes steps. A field is listed here as STRUCT.FIELD. */
const CALLS: readonly Known[] = [
  // include/linux/page_ref.h
  reads('folio_ref_count', INT, references, 'one read of the count; a look at the page', (_, args) =>
    folio.refcount.at(args.folio(0)),
  ),
  calls(
    'folio_try_get',
    [FOLIO_ARG],
    BOOL,
    'takes a reference unless the folio is free or frozen',
    (k, args, result) => k.call(folio_try_get, { folio: args.folio(0), got: truth(k, result) }),
    { range: TRUTH, takes: { of: 0, holder: 'safety-check', ifTrue: true } },
  ),
  calls(
    'folio_ref_freeze',
    [FOLIO_ARG, value(INT)],
    INT,
    'freezes the folio if its count is the second argument; a look at the page',
    (k, args, result) =>
      k.call(folio_ref_freeze, { folio: args.folio(0), expected: args.int(1), frozen: truth(k, result) }),
    { range: TRUTH, freezes: true },
  ),
  calls(
    'folio_ref_unfreeze',
    [FOLIO_ARG, { kind: 'ignored' }],
    VOID,
    'unfreezes the folio, to the count that it had',
    (k, args) => k.call(folio_ref_unfreeze, { folio: args.folio(0) }),
    { freezes: true },
  ),
  // include/linux/mm.h
  readsStable(
    'folio_nr_pages',
    LONG,
    (k) => ({ low: 1, high: largest(k) }),
    'part of the step beside it: it cannot change while the check has a reference',
    (_, args) => folioNrPages(args.folio(0)),
  ),
  readsStable(
    'folio_order',
    UNSIGNED,
    (k) => ({ low: 0, high: k.sizes['order'] ?? 0 }),
    'part of the step beside it, like folio_nr_pages()',
    (_, args) => number(folio.order.at(args.folio(0))),
  ),
  readsStable('folio_test_large', BOOL, TRUTH, 'part of the step beside it, like folio_nr_pages()', (_, args) =>
    number(folio.order.at(args.folio(0)).ne(0)),
  ),
  reads('folio_mapped', BOOL, TRUTH, 'one read of the mapcount; a look at the page', (_, args) =>
    number(folio.mapcount.at(args.folio(0)).gt(0)),
  ),
  reads(
    'folio_mapcount',
    INT,
    (k) => ({ low: 0, high: (k.sizes['mm'] ?? 0) * largest(k) }),
    'one read of the mapcount; a look at the page',
    (_, args) => number(folio.mapcount.at(args.folio(0))),
  ),
  {
    ...reads(
      'folio_maybe_dma_pinned',
      BOOL,
      TRUTH,
      'one read of the count, or of the pincount of a large folio; a look at the page',
      (k, args) => number(folioMaybeDmaPinned(k, args.folio(0))),
    ),
    text: (k, args, result) => k.call(folio_maybe_dma_pinned, { folio: args.folio(0), pinned: truth(k, result) }),
  },
  calls(
    'folio_expected_ref_count',
    [FOLIO_ARG],
    INT,
    'two reads: mapping and mapcount, as the kernel makes them',
    (k, args, result) =>
      k.call(folio_expected_ref_count, {
        folio: args.folio(0),
        expected: into(k, result, largest(k) * (1 + (k.sizes['mm'] ?? 0))),
      }),
    { range: (k) => ({ low: 0, high: largest(k) * (1 + (k.sizes['mm'] ?? 0)) }) },
  ),
  calls('folio_get', [FOLIO_ARG], VOID, 'takes a reference', (k, args) => k.call(folio_get, { folio: args.folio(0) }), {
    takes: { of: 0, holder: 'safety-check' },
  }),
  calls('folio_put', [FOLIO_ARG], VOID, 'puts a reference', (k, args) => k.call(folio_put, { folio: args.folio(0) }), {
    puts: { of: 0, holder: 'safety-check' },
  }),
  // include/linux/page-flags.h, include/linux/swap.h, mm/internal.h
  reads('folio_test_lru', BOOL, TRUTH, 'one read of PG_lru; a look at the page', (_, args) =>
    number(folio.lru.at(args.folio(0))),
  ),
  reads('folio_test_locked', BOOL, TRUTH, 'one read of PG_locked', (_, args) => number(folio.locked.at(args.folio(0)))),
  reads('folio_test_uptodate', BOOL, TRUTH, 'one read of PG_uptodate', (_, args) =>
    number(folio.uptodate.at(args.folio(0))),
  ),
  {
    ...reads('folio_may_be_lru_cached', BOOL, TRUTH, 'one step: whether the folio is small', (_, args) =>
      number(folioMayBeLruCached(args.folio(0))),
    ),
    text: (k, args, result) => k.call(folio_may_be_lru_cached, { folio: args.folio(0), cached: truth(k, result) }),
  },
  // include/linux/pagemap.h, mm/filemap.c
  calls('folio_lock', [FOLIO_ARG], VOID, 'waits until PG_locked is clear, and sets it', (k, args) =>
    k.call(folio_lock, { folio: args.folio(0) }),
  ),
  calls(
    'folio_trylock',
    [FOLIO_ARG],
    BOOL,
    'sets PG_locked if it is clear',
    (k, args, result) => k.call(folio_trylock, { folio: args.folio(0), locked: truth(k, result) }),
    { range: TRUTH },
  ),
  calls('folio_unlock', [FOLIO_ARG], VOID, 'clears PG_locked', (k, args) =>
    k.call(folio_unlock, { folio: args.folio(0) }),
  ),
  calls(
    'filemap_get_folios',
    [MAPPING, { kind: 'place', type: UNSIGNED_LONG, range: pages }, value(UNSIGNED_LONG), BATCH],
    UNSIGNED,
    "fills the batch, each folio with a reference of the check's, and advances the start; returns their number",
    (k, args, result) => {
      const batch = args.batch(3);
      k.call(filemap_get_folios, {
        inode: args.mapping(0),
        start: args.place(1, 'index'),
        last: args.index(k, 2, -1),
        batch,
      });
      result?.set(batch.count);
    },
    { claims: 'fills', range: (k) => ({ low: 0, high: k.config.profile.batchSize }) },
  ),
  calls(
    'filemap_get_folio',
    [MAPPING, value(UNSIGNED_LONG)],
    FOLIO_POINTER,
    'looks up a page and takes a reference; ERR_PTR(-ENOENT) if there is no folio',
    (k, args, result) =>
      lookUp(k, args, result, (inode, index, found) => k.call(filemap_get_folio, { inode, index, found })),
    { takes: { of: 'result', holder: 'safety-check' }, range: (k) => ({ low: 0, high: folioOrNone(k).high + 1 }) },
  ),
  calls(
    'filemap_lock_folio',
    [MAPPING, value(UNSIGNED_LONG)],
    FOLIO_POINTER,
    'like filemap_get_folio(), and locks the folio',
    (k, args, result) =>
      lookUp(k, args, result, (inode, index, found) => k.call(filemap_lock_folio, { inode, index, found })),
    { takes: { of: 'result', holder: 'safety-check' }, range: (k) => ({ low: 0, high: folioOrNone(k).high + 1 }) },
  ),
  calls(
    'folio_batch_release',
    [BATCH],
    VOID,
    "drains the CPU's own batches the first time, and puts every folio of the batch",
    (k, args) => k.call(folio_batch_release, { batch: args.batch(0) }),
    { claims: 'releases', always: false },
  ),
  // mm/folio.c (was mm/swap.c)
  calls('lru_add_drain', [], VOID, "drains the batches of the task's CPU", (k) => k.call(lru_add_drain, {})),
  calls('lru_add_drain_all', [], VOID, "drains all CPUs' batches", (k) => k.call(lru_add_drain_all, {})),
  calls(
    'lru_cache_drain_for_folio',
    [FOLIO_ARG, value(INT), { kind: 'place', type: UNSIGNED, range: () => ({ low: 0, high: 2 }) }],
    VOID,
    'drains this CPU, then all CPUs, until the count is as expected',
    (k, args) => {
      k.call(lru_cache_drain_for_folio, {
        folio: args.folio(0),
        extraRefs: args.int(1),
        drained: args.place(2, 'int'),
      });
    },
    { always: false },
  ),
  calls('lru_cache_disable', [], VOID, 'disables batches, and drains all CPUs', (k) => k.call(lru_cache_disable, {}), {
    parts: ['lru_disable'],
  }),
  calls('lru_cache_enable', [], VOID, 'enables batches again', (k) => k.call(lru_cache_enable, {}), {
    parts: ['lru_disable'],
  }),
  calls(
    'lru_add_drain_cpu',
    [value(INT)],
    VOID,
    "drains one CPU's batches, of the CPU that get_cpu() or smp_processor_id() gave; properties do not count it as a drain",
    (k, args) => k.call(lru_add_drain_cpu, { cpu: element(CPU, args.int(0)) }),
    { ofOwnCpu: true },
  ),
  // include/linux/smp.h
  calls(
    'smp_processor_id',
    [],
    INT,
    'one read of the CPU that the task runs on',
    (k, _, result) => k.call(smp_processor_id, { cpu: cpuPlace(k, result) }),
    { range: cpus },
  ),
  calls(
    'get_cpu',
    [],
    INT,
    'like smp_processor_id(), and disables preemption',
    (k, _, result) => k.call(get_cpu, { cpu: cpuPlace(k, result) }),
    { range: cpus },
  ),
  calls('put_cpu', [], VOID, 'enables preemption again', (k) => k.call(put_cpu, {})),
  calls('preempt_disable', [], VOID, 'disables preemption: the task keeps its CPU', (k) =>
    k.call(get_cpu, { cpu: cpuPlace(k, undefined) }),
  ),
  calls('preempt_enable', [], VOID, 'enables preemption again', (k) => k.call(put_cpu, {})),
  // include/linux/sched/signal.h, include/linux/ratelimit.h
  ...['fatal_signal_pending', 'signal_pending', '__ratelimit'].map((name) =>
    calls(
      name,
      [{ kind: 'ignored' }],
      BOOL,
      'either value, at every call',
      (k, _, result) => k.either([0, 1].map((answer) => () => k.step(`${name}: ${answer}`, () => result?.set(answer)))),
      { range: TRUTH },
    ),
  ),
  // include/linux/fs.h
  calls('filemap_invalidate_lock', [MAPPING], VOID, 'takes the lock for writing', (k, args) =>
    k.call(filemap_invalidate_lock, { inode: args.mapping(0) }),
  ),
  calls('filemap_invalidate_unlock', [MAPPING], VOID, 'releases the lock', (k, args) =>
    k.call(filemap_invalidate_unlock, { inode: args.mapping(0) }),
  ),
  // mm/vmscan.c
  calls(
    'folio_isolate_lru',
    [FOLIO_ARG],
    BOOL,
    'if the folio is on the LRU, takes it off, with a reference; a look at the page',
    (k, args, result) => k.call(folio_isolate_lru, { folio: args.folio(0), isolated: truth(k, result) }),
    { range: TRUTH, takes: { of: 0, holder: 'isolated', ifTrue: true } },
  ),
  calls(
    'folio_putback_lru',
    [FOLIO_ARG],
    VOID,
    'puts the folio back through lru_add, and drops the reference',
    (k, args) => k.call(folio_putback_lru, { folio: args.folio(0) }),
    { puts: { of: 0, holder: 'isolated' } },
  ),
  // Fields.
  reads(
    'folio->index',
    UNSIGNED_LONG,
    (k) => ({ low: 0, high: Math.max(0, (k.sizes['index'] ?? 0) - 1) }),
    'one read of the field',
    (_, args) => number(folio.index.at(args.folio(0))),
  ),
  reads('folio_next_index', UNSIGNED_LONG, pages, 'one read of the field: the index after the folio', (_, args) =>
    number(folio.index.at(args.folio(0)).plus(folioNrPages(args.folio(0)))),
  ),
  {
    ...reads(
      'folio->mapping',
      pointerTo('address_space'),
      (k) => ({ low: 0, high: k.sizes['inode'] ?? 0 }),
      'one read of the field',
      (_, args) => number(folio.mapping.at(args.folio(0))),
    ),
  },
];
export const STEPS: readonly Known[] = CALLS.map((known) =>
  known.name.startsWith('folio->') ? fieldOf(known) : known,
);

/** A read of a field, with the step name that the model's kernel text uses. */
function fieldOf(known: Known): Known {
  const step = known.name.replace('->', '_');
  const { read } = known;
  return {
    ...known,
    text: (k, args, result) =>
      k.step(step, () => {
        if (read !== undefined) result?.set(read.of(k, args));
      }),
  };
}

/** A lookup. Its result is a folio, or a number behind NULL for ERR_PTR. */
function lookUp(
  k: K,
  args: Args,
  result: Place<'int'> | undefined,
  call: (inode: Value<'inode'>, index: Value<'index'>, found: Place<'folio'>) => void,
): void {
  const found = k.local('found', { kind: 'folio', max: (sizes) => sizes['folio'] ?? 0, initial: 0 });
  const index = k.local('index', { kind: 'index', max: (sizes) => sizes['index'] ?? 0, initial: 0 });
  index.set(args.index(k, 1, 0));
  k.if(
    index.eq(none(INDEX)),
    () => found.set(none(FOLIO)),
    () => call(args.mapping(0), index, found),
  );
  result?.set(choose<'int'>(found.eq(none(FOLIO)), ordinal(none(FOLIO)).plus(1), ordinal(found)));
}

/** @param params their number; or which of them are values, and which are ignored. */
const word = (
  name: string,
  kind: WordKind,
  params: number | readonly Param[],
  returns: CType,
  means: string,
): Word => ({
  kind: 'word',
  name,
  word: kind,
  params: typeof params === 'number' ? Array.from({ length: params }, () => value(INT)) : params,
  returns,
  means,
});

/** Every word that only computes. */
export const WORDS: readonly Word[] = [
  word('likely', 'truth', 1, BOOL, 'its argument'),
  word('unlikely', 'truth', 1, BOOL, 'its argument'),
  word('WARN_ON', 'truth', 1, BOOL, 'its argument'),
  word('WARN_ON_ONCE', 'truth', 1, BOOL, 'its argument'),
  word('VM_WARN_ON', 'truth', 1, BOOL, 'its argument'),
  word('VM_BUG_ON', 'truth', 1, BOOL, 'its argument; the kernel checks it in debug builds only'),
  word('VM_WARN_ON_ONCE', 'truth', 1, BOOL, 'its argument'),
  ...['VM_WARN_ON_FOLIO', 'VM_WARN_ON_ONCE_FOLIO'].map((name) =>
    word(name, 'truth', [value(INT), { kind: 'ignored' }], BOOL, 'its first argument'),
  ),
  word('READ_ONCE', 'same', 1, INT, 'its argument, read once'),
  word('data_race', 'same', 1, INT, 'its argument'),
  word('min', 'least', 2, INT, 'the smaller one'),
  word('max', 'most', 2, INT, 'the larger one'),
  word('min_t', 'least-of-type', [{ kind: 'ignored' }, value(INT), value(INT)], INT, 'the smaller one'),
  word('max_t', 'most-of-type', [{ kind: 'ignored' }, value(INT), value(INT)], INT, 'the larger one'),
  word('clamp', 'between', 3, INT, 'the first, from the second to the third'),
  word('cond_resched', 'nothing', 0, VOID, 'nothing: other tasks may run between any two steps'),
  word('might_sleep', 'nothing', 0, VOID, 'nothing'),
  word(
    'msleep',
    'print',
    1,
    VOID,
    'only what its argument reads: time is not modelled, other tasks may run between any two steps',
  ),
  word('dump_page', 'nothing', [{ kind: 'ignored' }, { kind: 'ignored' }], VOID, 'nothing'),
  ...['lockdep_assert_held', 'lockdep_assert_held_write', 'lockdep_assert_held_read'].map((name) =>
    word(name, 'nothing', [{ kind: 'ignored' }], VOID, 'nothing'),
  ),
  word('folio_batch_init', 'batch-init', 1, VOID, 'an empty batch'),
  word('folio_batch_reinit', 'batch-reinit', 1, VOID, 'an empty batch; it puts nothing'),
  word('folio_batch_count', 'batch-count', 1, UNSIGNED, 'how many folios are in it'),
  word('folio_batch_space', 'batch-space', 1, UNSIGNED, 'how many more fit'),
  word('IS_ERR', 'is-error', 1, BOOL, 'whether a lookup found nothing'),
  word('IS_ERR_OR_NULL', 'is-error-or-null', 1, BOOL, 'whether a lookup found nothing, or it is NULL'),
  word('PTR_ERR', 'error-of', 1, LONG, '-ENOENT'),
  word('WRITE_ONCE', 'write', 2, VOID, 'an assignment'),
  word('rcu_read_lock', 'nothing', 0, VOID, 'nothing: folios are looked up with a reference'),
  word('rcu_read_unlock', 'nothing', 0, VOID, 'nothing'),
  ...['pr_debug', 'pr_info', 'pr_warn', 'pr_warn_once', 'pr_warn_ratelimited', 'pr_err'].map((name) =>
    word(name, 'print', 1, VOID, 'only what its arguments read'),
  ),
  ...['BIT', 'BIT_ULL'].map((name) => word(name, 'bit', 1, UNSIGNED_LONG, '1 shifted to the left')),
  word('IS_ENABLED', 'enabled', 1, BOOL, 'the value of a `#define` of the same file'),
  word('BUILD_BUG_ON', 'nothing', [{ kind: 'ignored' }], VOID, 'nothing'),
  word('BUILD_BUG_ON_MSG', 'nothing', [{ kind: 'ignored' }, { kind: 'ignored' }], VOID, 'nothing'),
  word('file_inode', 'mapping-of', 1, pointerTo('inode'), "the file's inode"),
];

/** Calls that begin a section in which a task may not sleep, by the call that ends it (RCU read side; preemption). */
export const NO_SLEEP: ReadonlyMap<string, string> = new Map([
  ['rcu_read_unlock', 'rcu_read_lock'],
  ['put_cpu', 'get_cpu'],
  ['preempt_enable', 'preempt_disable'],
]);

/** Calls that may sleep: they take a mutex, wait for works or a page lock, or reschedule (might_sleep() is in each of them). */
export const SLEEPING: ReadonlySet<string> = new Set([
  'lru_add_drain_all',
  'lru_cache_disable',
  'lru_cache_drain_for_folio',
  'folio_lock',
  'filemap_lock_folio',
  'filemap_invalidate_lock',
  'cond_resched',
  'might_sleep',
  'msleep',
]);

/** Names that the kernel has and the model lacks, with the reason. A message prefers these to a similar name. */
export const UNMODELLED: ReadonlyMap<string, string> = new Map([
  ['folio_test_mlocked', 'PG_mlocked is not modelled, only the mlock batch and its references'],
  ['folio_test_unevictable', 'PG_unevictable is not modelled: every guest_memfd folio has it'],
  ['folio_test_writeback', 'guest_memfd has no writeback'],
  ['folio_test_dirty', 'PG_dirty is not modelled'],
  ['folio_page', 'single pages of a folio are not modelled'],
  ['page_ref_count', 'single pages of a folio are not modelled, expected folio_ref_count()'],
  ['page_count', 'single pages of a folio are not modelled, expected folio_ref_count()'],
  ['atomic_read', 'fields of atomic type are read by their own calls, expected folio_ref_count() or folio_mapcount()'],
  ['folio_has_private', 'a guest_memfd folio has no private data, expected 0'],
  ['folio_test_private', 'a guest_memfd folio has no private data, expected 0'],
  ['folio_batch_next', 'the place in a batch is not modelled, expected a loop over folio_batch_count()'],
  ['BUG_ON', 'the kernel ends there, expected WARN_ON_ONCE() or a return'],
  ['xas_for_each', 'the xarray is walked by lookups here, expected filemap_get_folios() or filemap_get_folio()'],
  ['xas_load', 'the xarray is walked by lookups here, expected filemap_get_folios() or filemap_get_folio()'],
]);

/** The table of everything that a check may call. */
export const TABLE: Table = {
  steps: new Map(STEPS.map((known) => [known.name, known])),
  words: new Map(WORDS.map((known) => [known.name, known])),
};
