// SPDX-License-Identifier: MIT
import { type Args, requireArgs, withAll } from './arguments.ts';
import type { Body, Claim, Effect, Step, Where } from './body.ts';
import {
  type Arg,
  type Expr,
  exprOf,
  kindOf,
  type Local,
  Place,
  readsShared,
  requireKind,
  Value,
  type Variable,
} from './expression.ts';
import type { Mark, MarkArgs } from './mark.ts';
import { meaningsOf } from './meanings.ts';
import { behind, placeOf } from './out_of_range.ts';
import { Recorded } from './recorded.ts';
import { type Recorder, recording } from './recorder.ts';
import { resolve, type Sizes, type Type } from './types.ts';

export { TASK } from './types.ts';

/** A named piece of the kernel: text over a builder. Calls are inlined; there is no recursion. */
export interface Routine<C, A extends Args> {
  readonly name: string;
  readonly text: (k: Builder<C>, args: A) => void;
}

/** A private array of a task. */
export interface LocalArray<K extends string> {
  readonly local: Local;
  readonly length: number;
  at(index: Arg<'int'>): Place<K>;
}

/** A claim as a routine's text states it. */
export interface ClaimText {
  readonly amount?: Arg<'int'>;
  readonly on?: Value<string>;
}

/** Widest value of each slot that the code uses. */
export interface Slots {
  readonly max: number[];
}

/** Where `break` and `continue` of a loop lead. */
interface LoopTargets {
  readonly exit: Body;
  readonly again: Body;
}

interface Scope {
  /** Undefined for a call of a script, which is no routine. */
  readonly routine: string | undefined;
  readonly label: number;
}

/**
 * Values stand in the slots below this number, arrays from it on, so that no slot is now one and now the
 * other: compiled code keeps the values in registers and the arrays in memory.
 */
export const FIRST_ARRAY_SLOT = 64;

/**
 * Takes down the text of routines as data. `C` is the program's configuration (profile, patch): plain
 * values known while building, so a feature that is off costs nothing.
 */
export class Builder<C> implements Recorder {
  readonly config: C;
  readonly sizes: Sizes;
  /** The task that runs the code. */
  readonly self: Value<'task'> = new Value({ op: 'self' });
  readonly slots: Slots = { max: [] };
  #body: Body[] = [];
  #effects: Effect[] | undefined;
  #nextValue = 0;
  #nextArray = FIRST_ARRAY_SLOT;
  #nextLabel = 0;
  readonly #scopes: Scope[] = [];
  readonly #loops: LoopTargets[] = [];
  readonly #claims: Claim[] = [];
  #call: number | undefined;
  #purposes: ReadonlyMap<string, string> = new Map();
  readonly #recorded: Recorded;
  /** The step in hand. */
  #step: string | undefined;
  /** Why nothing may be asserted here. */
  #assertless: string | undefined;

  /** @param declared the program's variables; where not given, that is looked at when the program is put together. */
  constructor(config: C, sizes: Sizes, declared?: readonly Variable[]) {
    this.config = config;
    this.sizes = sizes;
    this.#recorded = new Recorded(sizes, declared);
  }

  /** The place that is being recorded, in words. */
  readonly #place = (): string => {
    const { path } = this.#where();
    if (this.#step !== undefined) return placeOf({ name: this.#step, path });
    return behind({ path }, path);
  };

  /** The text taken down so far. */
  get body(): readonly Body[] {
    return this.#body;
  }

  /** Ends the recording: what comes later, from a timer or a promise, would be left out unseen. */
  end(): void {
    this.#recorded.end();
  }

  /** One atomic access to shared memory. */
  step(name: string, effects: () => void): void {
    this.#addStep(name, undefined, effects);
  }

  /** A step that waits until `guard` holds; guard and effects are one atomic access. */
  await(name: string, guard: Value<'bool'>, effects: () => void = () => {}): void {
    requireKind('bool', guard, () => `the guard of '${name}'`);
    this.#addStep(name, guard.expr, effects);
  }

  #addStep(name: string, guard: Expr | undefined, text: () => void): void {
    if (this.#effects !== undefined) throw new Error(`step '${name}' stands inside a step`);
    this.#recorded.count(this.#place);
    const where = this.#where();
    this.#step = name;
    if (guard !== undefined) this.#recorded.expression(guard, this.#place);
    const looked = guard === undefined ? [] : meaningsOf(guard, where);
    const effects = [...looked, ...this.#take(text)];
    this.#step = undefined;
    const step: Step = { name, ...where, guard, effects, claims: [...this.#claims] };
    this.#body.push({ kind: 'step', step });
  }

  #where(): Where {
    return { call: this.#call, path: this.#scopes.flatMap(({ routine }) => routine ?? []) };
  }

  /**
   * A choice that is not the task's own: it rests until one of the texts is begun. Each begins with a step, which
   * may be taken wherever its guard holds.
   */
  either(options: readonly (() => void)[]): void {
    if (this.#effects !== undefined) throw new Error(`'either' stands inside a step`);
    if (options.length === 0) throw new Error(`'either' without options`);
    const texts = options.map((text) => this.#nest(text));
    this.#body.push({ kind: 'either', options: texts, claims: [...this.#claims] });
  }

  #take(text: () => void): readonly Effect[] {
    const outer = this.#effects;
    const effects: Effect[] = [];
    this.#effects = effects;
    try {
      atOnce(recording(this, text));
    } finally {
      this.#effects = outer;
    }
    return effects;
  }

  /** {@inheritDoc Recorder.assign} */
  assign(place: Expr, value: Expr): void {
    if (place.op !== 'read' && place.op !== 'local') throw new Error('only places can be written');
    this.#recorded.count(this.#place);
    this.#recorded.store(place, value, this.#place);
    const effect: Effect = { kind: 'assign', place, value };
    if (this.#effects !== undefined) {
      const where = this.#where();
      const index = place.op === 'read' ? place.index.flatMap((part) => meaningsOf(part, where)) : [];
      this.#effects.push(...index, ...meaningsOf(value, where, place), effect);
      return;
    }
    if (readsShared(place) || readsShared(value)) throw new Error(this.#outsideStep('an assignment'));
    this.#body.push({ kind: 'local', effects: [effect], path: this.#where().path });
  }

  #outsideStep(what: string): string {
    return `${what} outside a step touches shared memory (in ${this.#scopes.at(-1)?.routine ?? 'the outermost text'}): read it in a step first`;
  }

  /** An effect under a condition, within a step. */
  when(condition: Value<'bool'>, then: () => void, otherwise: () => void = () => {}): void {
    const outer = this.#effects;
    if (outer === undefined) throw new Error(`'when' belongs inside a step; between steps use 'if'`);
    requireKind('bool', condition, () => `'when'`);
    this.#recorded.count(this.#place);
    this.#recorded.expression(condition.expr, this.#place);
    outer.push(...meaningsOf(condition.expr, this.#where()), {
      kind: 'when',
      if: condition.expr,
      then: this.#recorded.under(condition.expr, true, () => this.#take(then)),
      else: this.#recorded.under(condition.expr, false, () => this.#take(otherwise)),
    });
  }

  /**
   * Says what the text means at this point, to properties and reports that ask for the mark. Between steps it is said of
   * the moment after the step before, and may only look at the task's own memory.
   * @example k.observe(LOOK, { folio: of });
   */
  observe<A extends MarkArgs>(mark: Mark<A>, args: { readonly [N in keyof A]: Arg<A[N]> }): void {
    const exprs = Object.fromEntries(
      Object.entries<Value<string> | number | boolean>(args).map(([name, arg]) => [name, exprOf(arg)]),
    );
    this.#recorded.count(this.#place);
    for (const expr of Object.values(exprs)) this.#recorded.expression(expr, this.#place);
    const effect: Effect = { kind: 'observe', mark, args: exprs, at: this.#where() };
    if (this.#effects !== undefined) {
      this.#effects.push(effect);
      return;
    }
    if (Object.values(exprs).some(readsShared)) throw new Error(this.#outsideStep(`the observation '${mark.name}'`));
    this.#body.push({ kind: 'local', effects: [effect], path: this.#where().path });
  }

  /** Records a text in which nothing may be asserted. @param why said where something is. */
  withoutAsserts(why: string, text: () => void): void {
    const outer = this.#assertless;
    this.#assertless = why;
    text();
    this.#assertless = outer;
  }

  /** States what holds at this point of a step. Explorations report where it does not; it changes nothing. */
  assert(name: string, condition: Value<'bool'>): void {
    if (this.#assertless !== undefined) throw new Error(this.#assertless);
    if (this.#effects === undefined) throw new Error(`'assert' belongs inside a step`);
    this.#recorded.count(this.#place);
    this.#recorded.expression(condition.expr, this.#place);
    this.#effects.push({ kind: 'assert', name, condition: condition.expr });
  }

  /** An effect for every number from `from` up to and without `to`, within a step. */
  each<K extends string>(from: Arg<K>, to: Arg<K>, effects: (i: Value<K>) => void): void {
    const outer = this.#effects;
    if (outer === undefined) throw new Error(`'each' belongs inside a step; between steps use 'for'`);
    this.#recorded.count(this.#place);
    for (const end of [from, to]) this.#recorded.expression(exprOf(end), this.#place);
    const bound = { name: 'i' };
    requireKind(kindOf(from), to, () => `'each' from a value of kind '${kindOf(from)}'`);
    const body = this.#take(() => effects(new Value<K>({ op: 'bound', bound }, kindOf(from) ?? kindOf(to))));
    outer.push({ kind: 'each', bound, from: exprOf(from), to: exprOf(to), body });
  }

  /** Declares a value of the task's own; it lives until the routine ends. */
  local<K extends string>(name: string, type: Type<K>): Place<K> {
    const slot = this.#nextValue++;
    if (slot >= FIRST_ARRAY_SLOT) throw new Error(`'${name}': a code has at most ${FIRST_ARRAY_SLOT} values at a time`);
    this.#widen(slot, 1, type);
    const local: Local = { name, type, length: undefined, slot };
    this.#recorded.declare(local);
    return new Place<K>({ op: 'local', local });
  }

  /** Declares a value of the task's own and sets it. */
  let<K extends string>(name: string, type: Type<K>, value: Arg<K>): Place<K> {
    const place = this.local(name, type);
    place.set(value);
    return place;
  }

  /** Declares an array of the task's own. */
  localArray<K extends string>(name: string, length: number, type: Type<K>): LocalArray<K> {
    const slot = this.#nextArray;
    this.#nextArray += length;
    this.#widen(slot, length, type);
    const local: Local = { name, type, length, slot };
    this.#recorded.declare(local);
    return { local, length, at: (index) => new Place<K>({ op: 'local', local, index: exprOf(index) }) };
  }

  #widen(slot: number, count: number, type: Type): void {
    const max = resolve(type.max, this.sizes);
    for (let i = slot; i < slot + count; i++) this.slots.max[i] = Math.max(this.slots.max[i] ?? 0, max);
  }

  /** @throws Error within a step, which is one access: what stands between steps would come before it. */
  #betweenSteps(what: string, instead: string): void {
    if (this.#effects !== undefined) throw new Error(`'${what}' stands inside a step, expected ${instead}`);
  }

  /** Branches on the task's own memory. */
  if(condition: Value<'bool'>, then: () => void, otherwise: () => void = () => {}): void {
    this.#betweenSteps('if', `'when', or the step before it`);
    requireKind('bool', condition, () => `'if'`);
    if (readsShared(condition.expr)) throw new Error(this.#outsideStep('a condition'));
    this.#recorded.count(this.#place);
    this.#recorded.expression(condition.expr, this.#place);
    this.#body.push({
      kind: 'if',
      if: condition.expr,
      then: this.#recorded.under(condition.expr, true, () => this.#nest(then)),
      else: this.#recorded.under(condition.expr, false, () => this.#nest(otherwise)),
    });
  }

  /** Repeats until `break`. */
  loop(text: () => void): void {
    this.#betweenSteps('loop', 'steps inside the loop');
    const label = this.#nextLabel++;
    this.#loop(label, { kind: 'again', label }, text);
  }

  #loop(label: number, again: Body, text: () => void, afterEach: () => void = () => {}): void {
    const body = this.#nest(() => {
      this.#loops.push({ exit: { kind: 'exit', label }, again });
      const turn = this.#nest(text);
      this.#loops.pop();
      if (again.kind === 'exit') this.#body.push({ kind: 'block', label: again.label, body: turn });
      else this.#body.push(...turn);
      afterEach();
    });
    this.#body.push({ kind: 'block', label, body: [{ kind: 'loop', label, body }] });
  }

  /** Repeats while a condition on the task's own memory holds. */
  while(condition: Value<'bool'>, text: () => void): void {
    this.#betweenSteps('while', 'steps inside the loop');
    this.loop(() => {
      this.if(condition.not(), () => this.break());
      text();
    });
  }

  /** Repeats for every number from `from` up to and without `to`; bounds are the task's own or literals. */
  for<K extends string>(name: string, type: Type<K>, from: Arg<K>, to: Arg<K>, text: (i: Place<K>) => void): void {
    this.#betweenSteps('for', `'each', or steps inside the loop`);
    const i = this.let(name, type, from);
    const label = this.#nextLabel++;
    const again = this.#nextLabel++;
    this.if(i.lt(to), () =>
      this.#loop(
        label,
        { kind: 'exit', label: again },
        () => text(i),
        () => {
          i.add(1);
          this.if(i.ge(to), () => this.#body.push({ kind: 'exit', label }));
        },
      ),
    );
  }

  /** Leaves the innermost loop. */
  break(): void {
    this.#betweenSteps('break', 'it between steps');
    const targets = this.#loops.at(-1);
    if (targets === undefined) throw new Error(`'break' outside a loop`);
    this.#body.push(targets.exit);
  }

  /** Goes on with the innermost loop's next turn. */
  continue(): void {
    this.#betweenSteps('continue', 'it between steps');
    const targets = this.#loops.at(-1);
    if (targets === undefined) throw new Error(`'continue' outside a loop`);
    this.#body.push(targets.again);
  }

  /** Leaves the routine. */
  return(): void {
    this.#betweenSteps('return', 'it between steps');
    const scope = this.#scopes.at(-1);
    if (scope === undefined) throw new Error(`'return' outside a routine`);
    this.#body.push({ kind: 'exit', label: scope.label });
  }

  /** The text of a call, the one with this number, of a task whose calls are fixed. */
  script(call: number, text: () => void): void {
    this.#call = call;
    this.#inline(undefined, text);
    this.#call = undefined;
  }

  /** Inlines a routine. What it is given may not read shared memory: it would be read anew at every use. */
  call<A extends Args>(routine: Routine<C, A>, args: A): void {
    requireArgs(routine.name, args);
    if (this.#effects !== undefined) throw new Error(`'${routine.name}' is called inside a step`);
    if (this.#scopes.some((scope) => scope.routine === routine.name))
      throw new Error(`'${routine.name}' calls itself: ${this.#where().path.join(' > ')}`);
    for (const [name, arg] of Object.entries(args))
      if (arg instanceof Value && readsShared(arg.expr))
        throw new Error(`argument '${name}' of '${routine.name}' reads shared memory: read it in a step first`);
    this.#inline(routine.name, () => withAll(routine.name, args, (all) => routine.text(this, all)));
  }

  #inline(routine: string | undefined, text: () => void): void {
    const scope: Scope = { routine, label: this.#nextLabel++ };
    const [value, array] = [this.#nextValue, this.#nextArray];
    this.#scopes.push(scope);
    const loops = this.#loops.splice(0);
    this.#recorded.count(this.#place);
    const body = this.#recorded.scoped(() => this.#nest(text));
    this.#loops.push(...loops);
    this.#scopes.pop();
    [this.#nextValue, this.#nextArray] = [value, array];
    this.#body.push({ kind: 'block', label: scope.label, body });
  }

  /** States that the task claims one (or `amount`) of `of` while it rests at a step of `text`. */
  claiming(label: string, of: Value<string>, more: ClaimText, text: () => void): void {
    this.#claim({ label, of: of.expr, ...claimParts(more) }, text);
  }

  /** The same for the elements `from` up to and without `to` of an array. */
  claimingList(
    label: string,
    list: LocalArray<string>,
    from: Arg<'int'>,
    to: Arg<'int'>,
    more: ClaimText,
    text: () => void,
  ): void {
    this.#claim({ label, of: { list: list.local, from: exprOf(from), to: exprOf(to) }, ...claimParts(more) }, text);
  }

  /** In `text`, claims under `label` are recorded under `purpose`: the same holder, of whom more is known. */
  claimsMean(label: string, purpose: string, text: () => void): void {
    const outer = this.#purposes;
    this.#purposes = new Map([...outer, [label, purpose]]);
    text();
    this.#purposes = outer;
  }

  #claim(claim: Claim, text: () => void): void {
    const of = 'list' in claim.of ? [claim.of.from, claim.of.to] : [claim.of];
    if ('list' in claim.of) this.#recorded.local(claim.of.list, this.#place);
    for (const expr of [...of, claim.amount, ...(claim.on === undefined ? [] : [claim.on])])
      this.#recorded.expression(expr, () => `a claim in ${this.#place()}`);
    this.#claims.push({ ...claim, label: this.#purposes.get(claim.label) ?? claim.label });
    text();
    this.#claims.pop();
  }

  #nest(text: () => void): readonly Body[] {
    const outer = this.#body;
    const inner: Body[] = [];
    this.#body = inner;
    try {
      atOnce(recording(this, text));
    } finally {
      this.#body = outer;
    }
    return inner;
  }
}

/** @throws Error where a text goes on later: it is recorded while it runs. */
function atOnce(result: unknown): void {
  if (result instanceof Promise) throw new Error('a text is asynchronous, expected one that is recorded at once');
}

const claimParts = (more: ClaimText): Pick<Claim, 'amount' | 'on'> => ({
  amount: exprOf(more.amount ?? 1),
  ...(more.on === undefined ? {} : { on: more.on.expr }),
});

/** The declarations of one family of programs, whose configuration is a `C`. */
export const language = <C>() => ({
  /** Names a piece of text, as the kernel names it. */
  routine: <A extends Args>(name: string, text: (k: Builder<C>, args: A) => void): Routine<C, A> => ({ name, text }),
});
