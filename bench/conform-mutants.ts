// SPDX-License-Identifier: MIT
// Deliberate mistakes in the kernel model, besides those of src/kernel/mutants.ts: what a form of the check cannot see, but a
// recording can. Each changes single steps of the text, or a feature of the profile.
import { cpuFbatches, folio, INSERTED, type Patch, type Profile, taskCpu } from '../src/kernel/index.ts';
import type { Effect, Expr, Step, Variable } from '../src/lang/index.ts';

/** A mistake, applicable to any form of the check and any profile. */
export interface ModelMutant {
  readonly name: string;
  /** The mistake, in one line. */
  readonly forgets: string;
  readonly profile?: Partial<Profile>;
  readonly rewrite?: (step: Step) => Step;
}

/** A form of the check in the wrong kernel. */
export const mutatedPatch = (patch: Patch, { name, rewrite }: ModelMutant): Patch =>
  rewrite === undefined ? patch : { ...patch, mutant: { name, rewrite } };

const refcount = folio.refcount.variable;
const lruFlag = folio.lru.variable;
const slots = cpuFbatches.lruAdd.folios.variable;
const filled = cpuFbatches.lruAdd.nr.variable;

const number = (value: number): Expr => ({ op: 'const', value });
const reading = (variable: Variable, index: readonly Expr[]): Expr => ({ op: 'read', variable, index });

/** Changes the steps of these names within a routine. */
const within =
  (routine: string, names: readonly string[], change: (step: Step) => Step) =>
  (step: Step): Step =>
    step.path.includes(routine) && names.includes(step.name) ? change(step) : step;

const withEffects =
  (change: (effects: readonly Effect[]) => readonly Effect[]) =>
  (step: Step): Step => ({ ...step, effects: change(step.effects) });

const forgotten = withEffects(() => []);

/** Effects with every assignment to a variable changed, or left out. */
const assigning = (
  effects: readonly Effect[],
  variable: Variable,
  change: (value: Expr, place: Expr) => Expr | undefined,
): readonly Effect[] =>
  effects.flatMap((effect): readonly Effect[] => {
    switch (effect.kind) {
      case 'assign': {
        if (effect.place.op !== 'read' || effect.place.variable !== variable) return [effect];
        const value = change(effect.value, effect.place);
        return value === undefined ? [] : [{ ...effect, value }];
      }
      case 'when':
        return [
          { ...effect, then: assigning(effect.then, variable, change), else: assigning(effect.else, variable, change) },
        ];
      case 'each':
        return [{ ...effect, body: assigning(effect.body, variable, change) }];
      case 'observe':
      case 'assert':
        return [effect];
    }
  });

/** Every expression of a kind replaced, wherever it stands in another. */
function replacing(expr: Expr, change: (expr: Expr) => Expr | undefined): Expr {
  const changed = change(expr);
  if (changed !== undefined) return changed;
  if (expr.op === 'binary')
    return { ...expr, left: replacing(expr.left, change), right: replacing(expr.right, change) };
  if (expr.op === 'not') return { ...expr, of: replacing(expr.of, change) };
  if (expr.op !== 'choose') return expr;
  return {
    ...expr,
    if: replacing(expr.if, change),
    then: replacing(expr.then, change),
    else: replacing(expr.else, change),
  };
}

/** The values that a step assigns to the task's own memory. */
const ownValues = (change: (value: Expr) => Expr) =>
  withEffects((effects) =>
    effects.map((effect) =>
      effect.kind === 'assign' && effect.place.op === 'local' ? { ...effect, value: change(effect.value) } : effect,
    ),
  );

const and = (left: Expr, right: Expr): Expr => ({ op: 'binary', operator: '&&', left, right });

/** Of a step that asks for a CPU's count: which CPU. */
function askedCpu(step: Step): Expr {
  for (const effect of step.effects)
    if (effect.kind === 'assign') {
      let found: Expr | undefined;
      replacing(effect.value, (expr) => {
        if (expr.op === 'read' && expr.variable === filled) [found] = expr.index;
        return undefined;
      });
      if (found !== undefined) return found;
    }
  return number(0);
}

/** Drains find nothing on CPUs for which this is false. */
const needsOnlyWhere = (condition: (cpu: Expr) => Expr) =>
  within('cpu_needs_drain', ['cpu_needs_drain'], (step) =>
    ownValues((value) => and(value, condition(askedCpu(step))))(step),
  );

const ownCpu: Expr = reading(taskCpu.variable, [{ op: 'self' }]);

/** The flush of a full batch comes with fewer folios. */
const fullAt = (missing: number) =>
  within('folio_add_lru', ['folio_batch_add'], (step) =>
    ownValues((value) =>
      replacing(value, (expr) =>
        expr.op === 'binary' && expr.operator === '==' && expr.left.op === 'read' && expr.left.variable === filled
          ? {
              ...expr,
              operator: '>=',
              right: { op: 'binary', operator: '-', left: expr.right, right: number(missing) },
            }
          : undefined,
      ),
    )(step),
  );

export const MODEL_MUTANTS: readonly ModelMutant[] = [
  { name: 'batch-of-30', forgets: 'a batch holds 30 folios', profile: { batchSize: 30 } },
  { name: 'batch-of-32', forgets: 'a batch holds 32 folios', profile: { batchSize: 32 } },
  { name: 'batch-of-15', forgets: 'a batch holds 15 folios, as up to 6.8', profile: { batchSize: 15 } },
  {
    name: 'flushed-one-early',
    forgets: 'the flush comes with one slot left',
    rewrite: fullAt(1),
  },
  {
    name: 'newest-first',
    forgets: 'a folio goes to the front of its batch',
    rewrite: within('folio_add_lru', ['folio_batch_add'], (step) =>
      withEffects((effects) =>
        effects.flatMap((effect): readonly Effect[] => {
          if (effect.kind !== 'assign' || effect.place.op !== 'read' || effect.place.variable !== slots)
            return [effect];
          const [cpu = number(0)] = effect.place.index;
          const front = reading(slots, [cpu, number(0)]);
          return [
            { ...effect, value: front },
            { kind: 'assign', place: front, value: effect.value },
          ];
        }),
      )(step),
    ),
  },
  {
    name: 'reference-dropped-at-insertion',
    forgets: "a flush puts each folio's reference as it inserts it",
    rewrite: (step) => {
      if (!step.path.includes('folio_batch_move_lru')) return step;
      if (step.name === 'folios_put')
        return withEffects((effects) => assigning(effects, refcount, () => undefined))(step);
      const inserted = step.effects.find((effect) => effect.kind === 'observe' && effect.mark === INSERTED);
      if (inserted?.kind !== 'observe') return step;
      const of = inserted.args['folio'] ?? number(0);
      const count = reading(refcount, [of]);
      return withEffects((effects) => [
        ...effects,
        { kind: 'assign', place: count, value: { op: 'binary', operator: '-', left: count, right: number(1) } },
      ])(step);
    },
  },
  {
    name: 'batch-without-reference',
    forgets: 'a lru_add batch holds no reference',
    rewrite: (step) => {
      const isTaken = step.path.includes('folio_add_lru') && step.name === 'folio_get';
      const isPut = step.path.includes('folio_batch_move_lru') && step.name === 'folios_put';
      if (!isTaken && !isPut) return step;
      return withEffects((effects) => assigning(effects, refcount, () => undefined))(step);
    },
  },
  {
    name: 'insertion-without-flag',
    forgets: 'a flush does not set PG_lru',
    rewrite: within(
      'folio_batch_move_lru',
      ['lru_add'],
      withEffects((effects) => assigning(effects, lruFlag, () => undefined)),
    ),
  },
  {
    name: 'flush-inserts-the-dead',
    forgets: 'a flush inserts a folio of which it has the last reference, as up to 6.18',
    profile: { flushFreesLastReference: false },
  },
  {
    name: 'flush-frees-the-dead',
    forgets: 'a flush frees a folio of which it has the last reference, as from 7.2 on',
    profile: { flushFreesLastReference: true },
  },
  {
    name: 'no-local-drain-first',
    forgets: 'a drain of all CPUs does not drain its own first',
    profile: { drainAllLocalFirst: false },
  },
  {
    name: 'drain-skips-own-cpu',
    forgets: 'a drain of all CPUs leaves out the CPU that it runs on',
    profile: { drainAllLocalFirst: false },
    rewrite: needsOnlyWhere((cpu) => ({ op: 'binary', operator: '!=', left: cpu, right: ownCpu })),
  },
  {
    name: 'drain-skips-cpu-1',
    forgets: 'a drain of all CPUs leaves out CPU 1',
    rewrite: needsOnlyWhere((cpu) => ({ op: 'binary', operator: '!=', left: cpu, right: number(1) })),
  },
  {
    name: 'drain-leaves-single-folios',
    forgets: 'a drain does not flush a batch of one folio',
    rewrite: within('lru_add_drain_cpu', ['folio_batch_count'], (step) =>
      step.path.includes('folio_batch_move_lru')
        ? step
        : ownValues((value) =>
            replacing(value, (expr) =>
              expr.op === 'binary' && expr.operator === '!=' ? { ...expr, operator: '>', right: number(1) } : undefined,
            ),
          )(step),
    ),
  },
  {
    name: 'worker-does-nothing',
    forgets: 'the work of a drain finds every batch empty',
    rewrite: (step) =>
      step.path.includes('worker_thread') &&
      step.path.includes('lru_add_drain_cpu') &&
      !step.path.includes('folio_batch_move_lru') &&
      step.name === 'folio_batch_count'
        ? ownValues(() => number(0))(step)
        : step,
  },
  {
    name: 'release-does-not-drain',
    forgets: "the release of a lookup's batch does not drain",
    rewrite: (step) =>
      step.path.includes('folio_batch_release') &&
      step.path.includes('lru_add_drain_cpu') &&
      !step.path.includes('folio_batch_move_lru') &&
      step.name === 'folio_batch_count'
        ? ownValues(() => number(0))(step)
        : step,
  },
  { name: 'unmap-drains', forgets: 'unmapping drains its own CPU, as 6.8 did', profile: { unmapDrainsLocal: true } },
  {
    name: 'mlock-without-reference',
    forgets: 'the mlock batch holds no reference',
    profile: { mlockBatchHoldsReference: false },
  },
  {
    name: 'fault-keeps-its-lookup',
    forgets: "a fault adds a reference for the page table, and keeps its lookup's",
    rewrite: within('kvm_gmem_fault_user_mapping', ['set_pte_at'], (step) => {
      const mapped = step.effects.find((effect) => effect.kind === 'observe');
      const of = mapped?.kind === 'observe' ? mapped.args['folio'] : undefined;
      if (of === undefined) return step;
      const count = reading(refcount, [of]);
      return withEffects((effects) => [
        ...effects,
        { kind: 'assign', place: count, value: { op: 'binary', operator: '+', left: count, right: number(1) } },
      ])(step);
    }),
  },
  {
    name: 'page-cache-without-reference',
    forgets: 'the page cache takes no reference',
    rewrite: within(
      'filemap_add_folio',
      ['folio_ref_add'],
      withEffects((effects) => assigning(effects, refcount, () => undefined)),
    ),
  },
  {
    name: 'delete-keeps-reference',
    forgets: "a deletion does not put the page cache's reference",
    rewrite: within('filemap_free_folio', ['folio_put_refs'], forgotten),
  },
];
