// SPDX-License-Identifier: MIT
import { callOf, taskErrorIndex, taskResult } from '../kernel/index.ts';
import { type Effect, type Expr, type Program, rewriteSteps, type Step, Value } from '../lang/index.ts';
import type { SmallWorld, WorldCall } from './small-world.ts';

/** Where a conversion's steps are, that properties have something to say about. */
export interface Moment {
  readonly step: Step;
  /** The task, which is also the number of its code. */
  readonly task: number;
  readonly call: WorldCall;
}

/** What a check hands out when it refuses. */
interface Refusal {
  /** The folio, where the step says which: it does not where there is only one page. */
  readonly folio: Value<'folio'> | undefined;
  readonly index: Value<'index'>;
}

/** What a call comes to. */
interface Return {
  readonly result: Value<'int'>;
  /** The index that error_offset names, where the call writes it. */
  readonly errorIndex: Value<'index'> | undefined;
}

/** What is noted and asserted within steps; the effects come before the step's own. */
export interface Watch {
  /** A conversion begins: it asks for the invalidate lock. */
  readonly begins?: (moment: Moment) => readonly Effect[];
  /** The check looks at whether anybody holds `folio`. */
  readonly looks?: (moment: Moment & { readonly folio: Value<'folio'>; readonly count: boolean }) => readonly Effect[];
  /** The check drains: this CPU's batches, or all. */
  readonly drains?: (moment: Moment & { readonly which: 'local' | 'all' }) => readonly Effect[];
  /** The check refuses the folio, and hands out `index`. */
  readonly refuses?: (moment: Moment & Refusal) => readonly Effect[];
  /** The attributes are stored. */
  readonly stores?: (moment: Moment) => readonly Effect[];
  /** A call, of whatever kind, returns. */
  readonly returns?: (moment: Moment & Return) => readonly Effect[];
}

/** What is not a look of the check at a folio, though it reads one within it. */
const NO_LOOKS: ReadonlySet<string> = new Set([
  'filemap_get_folios',
  'folio_batch_release',
  'folio_batch_move_lru',
  'mlock_folio_batch',
  'folio_try_get',
]);
const DRAINS_OF_ALL: ReadonlySet<string> = new Set(['lru_add_drain_all', '__lru_add_drain_all']);
/** What a look reads of a folio. */
const LOOKED_AT: ReadonlySet<string> = new Set(['folio.refcount', 'folio.mapcount', 'folio.lru']);
const COUNT = 'folio.refcount';

/** Puts watches into a program. The steps, and where a task can rest, stay what they are. */
export function watched(program: Program, world: SmallWorld, watches: readonly Watch[]): Program {
  const spots = new Spots(world);
  return rewriteSteps(program, (step, task) => {
    const call = world.calls.find((one) => one.task === task && one.scripted === callOf(step.path));
    if (call === undefined) return step;
    const moment: Moment = { step, task, call };
    const added = watches.flatMap((watch) => spots.effects(watch, moment));
    return added.length === 0 ? step : { ...step, effects: [...added, ...step.effects] };
  });
}

/** Finds the steps that watches are told of. */
class Spots {
  readonly #check: string;
  readonly #smp: boolean;

  constructor({ patch, profile }: SmallWorld) {
    this.#check = patch.check.name;
    this.#smp = profile.smp;
  }

  effects(watch: Watch, moment: Moment): readonly Effect[] {
    const { step, call } = moment;
    const effects: Effect[] = [];
    const result = written(step, taskResult.variable.name);
    if (result !== undefined && watch.returns !== undefined)
      effects.push(...watch.returns({ ...moment, result: new Value<'int'>(result), errorIndex: errorIndexOf(step) }));
    if (call.entry.name !== 'convert') return effects;
    if (step.name === 'down_write' && watch.begins !== undefined) effects.push(...watch.begins(moment));
    if (step.name === 'mas_store' && watch.stores !== undefined) effects.push(...watch.stores(moment));
    if (!step.path.includes(this.#check)) return effects;
    const which = drainOf(step, this.#check, this.#smp);
    if (which !== undefined && watch.drains !== undefined) effects.push(...watch.drains({ ...moment, which }));
    const refused = refusalOf(step);
    if (refused !== undefined && watch.refuses !== undefined) effects.push(...watch.refuses({ ...moment, ...refused }));
    const look = lookOf(step);
    if (look !== undefined && watch.looks !== undefined) effects.push(...watch.looks({ ...moment, ...look }));
    return effects;
  }
}

/** Which drain begins with a step. */
function drainOf({ name, path }: Step, check: string, smp: boolean): 'local' | 'all' | undefined {
  const within = path.slice(path.indexOf(check) + 1);
  const local = name === 'local_lock' && path.at(-2) === 'lru_add_drain';
  if (within.some((routine) => DRAINS_OF_ALL.has(routine)))
    return (smp ? name === 'load_lru_drain_gen' : local) ? 'all' : undefined;
  return local && !within.includes('folio_batch_release') ? 'local' : undefined;
}

/** The index that a step hands out of a refused folio; undefined where it refuses none. */
function refusalOf(step: Step): Refusal | undefined {
  for (const effect of step.effects) {
    if (effect.kind !== 'assign' || effect.place.op !== 'local' || effect.place.local.name !== 'err_index') continue;
    const [of] = readsOf(effect.value).flatMap(({ variable, index }) => (variable.name === 'folio.index' ? index : []));
    return {
      folio: of === undefined ? undefined : new Value<'folio'>(of),
      index: new Value<'index'>(effect.value),
    };
  }
  return undefined;
}

/** The folio that a step of a check looks at, and whether at its count. */
function lookOf(step: Step): { readonly folio: Value<'folio'>; readonly count: boolean } | undefined {
  if (step.path.some((routine) => NO_LOOKS.has(routine))) return undefined;
  const reads = step.effects
    .flatMap((effect) => (effect.kind === 'assign' && effect.place.op === 'local' ? readsOf(effect.value) : []))
    .filter(({ variable }) => LOOKED_AT.has(variable.name));
  const of = reads[0]?.index[0];
  if (of === undefined) return undefined;
  return { folio: new Value<'folio'>(of), count: reads.some(({ variable }) => variable.name === COUNT) };
}

function errorIndexOf(step: Step): Value<'index'> | undefined {
  const index = written(step, taskErrorIndex.variable.name);
  return index === undefined ? undefined : new Value<'index'>(index);
}

/** The value that a step assigns to a shared variable. */
const written = (step: Step, name: string): Expr | undefined =>
  step.effects.flatMap((effect) =>
    effect.kind === 'assign' && effect.place.op === 'read' && effect.place.variable.name === name ? [effect.value] : [],
  )[0];

type Read = Extract<Expr, { op: 'read' }>;

function readsOf(expr: Expr): readonly Read[] {
  switch (expr.op) {
    case 'read':
      return [expr, ...expr.index.flatMap(readsOf)];
    case 'binary':
      return [...readsOf(expr.left), ...readsOf(expr.right)];
    case 'not':
      return readsOf(expr.of);
    case 'choose':
      return [...readsOf(expr.if), ...readsOf(expr.then), ...readsOf(expr.else)];
    case 'first':
      return [expr.from, expr.to, expr.where, expr.otherwise].flatMap(readsOf);
    case 'claimed':
      return readsOf(expr.of);
    case 'local':
      return expr.index === undefined ? [] : readsOf(expr.index);
    case 'const':
    case 'size':
    case 'self':
    case 'bound':
    case 'finished':
      return [];
  }
}
