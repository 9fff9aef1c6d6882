// SPDX-License-Identifier: MIT
import { cpuFbatches, cpuMasks, mlockFbatch } from '../kernel/index.ts';
import {
  bool,
  domain,
  type Effect,
  type Expr,
  literal,
  type Program,
  type Property,
  rewriteSteps,
  shared,
  type Step,
  Value,
  type Variable,
} from '../lang/index.ts';
import { all, any, numbers } from './conditions.ts';

const TASKS = domain('task');
const CPUS = domain('cpu');

/**
 * Batches of the CPUs: how many entries there are, and whether some are as old as a task's call to drain them all; in
 * worlds in which the domain `where` has elements.
 */
const BATCHES: readonly { readonly nr: Variable; readonly old: Variable; readonly where: string }[] = [
  {
    nr: cpuFbatches.lruAdd.nr.variable,
    old: shared('noted.old_in_lru_add', [TASKS, CPUS], bool).variable,
    where: 'slot',
  },
  { nr: mlockFbatch.nr.variable, old: shared('noted.old_in_mlock', [TASKS, CPUS], bool).variable, where: 'mlock_slot' },
  {
    nr: cpuFbatches.others.nr.variable,
    old: shared('noted.old_in_others', [TASKS, CPUS, domain('lru_kind')], bool).variable,
    where: 'lru_kind',
  },
];
/** By task: it is about to leave lru_add_drain_all() because somebody else has drained. */
const leaving = shared('noted.leaves_early', [TASKS], bool);

const LOOKS = 'load_lru_drain_gen';
const COMPARES = 'compare_lru_drain_gen';

/** Tasks that drain all CPUs and may leave early. Alone none does: nobody else raises the generation. */
export function drainersIn(program: Program): readonly number[] {
  const drainers = [...program.codes.entries()].flatMap(([task, { flow }]) =>
    flow.nodes.some((node) => node.kind === 'step' && node.step.name === COMPARES) ? [task] : [],
  );
  return drainers.length > 1 ? drainers : [];
}

/**
 * I9: who leaves lru_add_drain_all() early finds no entry any more that was in a batch when he came. A flush empties a batch as
 * a whole, so it is enough to note of each batch whether it had entries then and was not flushed since. Batches of a CPU that
 * goes offline are those of SC-20.
 */
export function watchingEarlyExits(program: Program, name: string | undefined): Program {
  const drainers = drainersIn(program);
  if (drainers.length === 0) return program;
  const batches = BATCHES.filter(({ where }) => (program.sizes[where] ?? 0) > 0);
  const hotplug = program.sizes['hotplug'] === 1;
  const variables = [...program.variables, ...batches.map(({ old }) => old), leaving.variable];
  /** Every batch of every CPU: the note of a task, and the number of its entries. */
  const places = (task: number) =>
    batches.flatMap(({ nr, old }) =>
      elements(program, nr).map((index) => ({
        cpu: index[0] ?? 0,
        old: read<'bool'>(old, [task, ...index]),
        nr: read<'int'>(nr, index),
      })),
    );
  return rewriteSteps({ ...program, variables }, (step, task) => {
    const effects: Effect[] = batches.flatMap(({ nr, old }) => {
      const emptied = emptiedIn(step, nr);
      return emptied === undefined
        ? []
        : drainers.map((of) => assign(element(old, [{ op: 'const', value: of }, ...emptied]), literal(0)));
    });
    if (drainers.includes(task) && !step.path.includes('__lru_add_drain_all')) {
      if (step.name === LOOKS) effects.push(...places(task).map(({ old, nr }) => assign(old.expr, nr.ne(0))));
      const newer = step.name === COMPARES ? assignedIn(step) : undefined;
      if (newer !== undefined) {
        const clean = all(
          places(task).map(({ cpu, old }) =>
            old.not().or(hotplug ? any([cpuMasks.offline.at(cpu, 0), cpuMasks.inactive.at(cpu, 0)]) : literal(0)),
          ),
        );
        if (name !== undefined) effects.push({ kind: 'assert', name, condition: newer.not().or(clean).expr });
        effects.push(...places(task).map(({ old }) => assign(old.expr, literal(0))));
        effects.push(assign(leaving.at(task).expr, newer));
      }
      if (step.name === 'mutex_unlock') effects.push(assign(leaving.at(task).expr, literal(0)));
    }
    return effects.length === 0 ? step : { ...step, effects: [...effects, ...step.effects] };
  });
}

/** Somebody leaves early; undefined where nobody can. */
export function leavesEarly(program: Program, name: string): Property | undefined {
  const drainers = drainersIn(program);
  return drainers.length === 0 ? undefined : { name, holds: any(drainers.map((task) => leaving.at(task))) };
}

/** Every place of an array. */
const elements = ({ sizes }: Program, { domains }: Variable): readonly (readonly number[])[] =>
  domains.reduce<readonly (readonly number[])[]>(
    (rows, { name }) => rows.flatMap((row) => numbers(sizes[name] ?? 0).map((i) => [...row, i])),
    [[]],
  );

const element = (variable: Variable, index: readonly Expr[]): Expr => ({ op: 'read', variable, index });
const read = <K extends string>(variable: Variable, index: readonly number[]): Value<K> =>
  new Value<K>(
    element(
      variable,
      index.map((value) => ({ op: 'const', value })),
    ),
  );
const assign = (place: Expr, value: Value<'bool'>): Effect => ({ kind: 'assign', place, value: value.expr });

/** Which batch a step empties: the index of its number of entries. */
function emptiedIn({ name, effects }: Step, variable: Variable): readonly Expr[] | undefined {
  if (name !== 'folio_batch_reinit') return undefined;
  for (const effect of effects)
    if (effect.kind === 'assign' && effect.place.op === 'read' && effect.place.variable === variable)
      return effect.place.index;
  return undefined;
}

/** What the only assignment of a step assigns. */
function assignedIn({ effects }: Step): Value<'bool'> | undefined {
  const [effect] = effects;
  return effect?.kind === 'assign' ? new Value<'bool'>(effect.value) : undefined;
}
