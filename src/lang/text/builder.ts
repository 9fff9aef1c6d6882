// SPDX-License-Identifier: MIT
import { type Args, requireArgs, withAll } from './arguments.ts';
import type { Body, Claim, Effect, Origin, Step, Where } from './body.ts';
import { type Arg, exprOf, kindOf, Place, requireKind, Value } from './expression.ts';
import { type Expr, type Local, readsShared, type Variable } from './expr.ts';
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

/** A claim in a routine's text. */
export interface ClaimText {
  readonly amount?: Arg<'int'>;
  readonly on?: Value<string>;
}

/** Widest value of each slot that the code uses. */
export interface Slots {
  readonly max: number[];
}

/** Targets of `break` and `continue` of a loop. */
interface LoopTargets {
  readonly exit: Body;
  readonly again: Body;
}

/** Ways to leave a section of text, or to repeat it, from any place inside it. */
export interface Turn {
  /** Continues after the section. */
  readonly leave: () => void;
  /** Begins the next turn of a loop; outside loops it is the same as {@link leave}. */
  readonly again: () => void;
}

interface Scope {
  /** Name of the routine; undefined for a call of a script. */
  readonly routine: string | undefined;
  readonly label: number;
}

/**
 * First slot of arrays; values use the slots below. So a slot never has both: compiled code keeps values in registers
 * and arrays in memory.
 */
export const FIRST_ARRAY_SLOT = 64;

/**
 * Records the text of routines as data. `C` is the program's configuration (profile, patch): plain values known while
 * building, so a disabled feature costs nothing.
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
  #origin: Origin | undefined;
  #purposes: ReadonlyMap<string, string> = new Map();
  readonly #recorded: Recorded;
  /** Name of the present step; undefined between steps. */
  #step: string | undefined;
  /** Reason why asserts are not allowed here; undefined if they are. */
  #assertless: string | undefined;

  /** @param declared the program's variables; if absent, they are checked when the program is put together. */
  constructor(config: C, sizes: Sizes, declared?: readonly Variable[]) {
    this.config = config;
    this.sizes = sizes;
    this.#recorded = new Recorded(sizes, declared);
  }

  /** The place that is being recorded, as text. */
  readonly #place = (): string => {
    const { path } = this.#where();
    if (this.#step !== undefined) return placeOf({ name: this.#step, path });
    return behind({ path }, path);
  };

  /** The text recorded so far. */
  get body(): readonly Body[] {
    return this.#body;
  }

  /** Ends the recording: a part that came later, from a timer or a promise, would be omitted silently. */
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
    const origin = this.#origin === undefined ? {} : { origin: this.#origin };
    const step: Step = { name, ...where, guard, effects, claims: [...this.#claims], ...origin };
    this.#body.push({ kind: 'step', step });
  }

  #where(): Where {
    return { call: this.#call, path: this.#scopes.flatMap(({ routine }) => routine ?? []) };
  }

  /**
   * A choice that the task does not make itself: it rests until one of the texts begins. Each text begins with a step,
   * which may be taken whenever its guard holds.
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
   * Gives the text a meaning at this point, for properties and reports that ask for the mark. Between steps it concerns
   * the moment after the previous step, and may only read the task's own memory.
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

  /** Records a text in which nothing may be asserted. @param why message of the error for an assertion. */
  withoutAsserts(why: string, text: () => void): void {
    const outer = this.#assertless;
    this.#assertless = why;
    text();
    this.#assertless = outer;
  }

  /** A condition that must hold at this point of a step. Explorations report a violation; it changes nothing. */
  assert(name: string, condition: Value<'bool'>): void {
    if (this.#assertless !== undefined) throw new Error(this.#assertless);
    if (this.#effects === undefined) throw new Error(`'assert' belongs inside a step`);
    this.#recorded.count(this.#place);
    this.#recorded.expression(condition.expr, this.#place);
    this.#effects.push({ kind: 'assert', name, condition: condition.expr });
  }

  /** An effect for every number from `from` up to but not including `to`, within a step. */
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

  /** @throws Error within a step: a step is one access, and text between steps would be recorded before it. */
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

  /** Repeats until `break`, or until `turn.leave`, which a loop or a section inside may also call. */
  loop(text: (turn: Turn) => void): void {
    this.#betweenSteps('loop', 'steps inside the loop');
    const label = this.#nextLabel++;
    this.#loop(label, { kind: 'again', label }, () => text(this.#turn(label, { kind: 'again', label })));
  }

  /** A section that can be left from any place inside it, like a forward `goto`. */
  block(text: (turn: Turn) => void): void {
    this.#betweenSteps('block', 'it between steps');
    const label = this.#nextLabel++;
    const body = this.#nest(() => text(this.#turn(label, { kind: 'exit', label })));
    this.#body.push({ kind: 'block', label, body });
  }

  #turn(label: number, again: Body): Turn {
    const going = (what: string, to: Body) => (): void => {
      this.#betweenSteps(what, 'it between steps');
      this.#body.push(to);
    };
    return { leave: going('leave', { kind: 'exit', label }), again: going('again', again) };
  }

  /** A scope: declarations of `text` end with it, so that later ones can reuse their slots. */
  scope(text: () => void): void {
    this.#betweenSteps('scope', 'it between steps');
    const [value, array] = [this.#nextValue, this.#nextArray];
    this.#recorded.scoped(text);
    [this.#nextValue, this.#nextArray] = [value, array];
  }

  /** Gives the steps of `text` this origin in their author's text; a nested call may give another. */
  from(origin: Omit<Origin, 'depth'>, text: () => void): void {
    const outer = this.#origin;
    this.#origin = { ...origin, depth: this.#where().path.length };
    text();
    this.#origin = outer;
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

  /** Repeats for every number from `from` up to but not including `to`; bounds are the task's own or literals. */
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

  /** Continues with the innermost loop's next turn. */
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

  /** The text of the call with this number, for a task with fixed calls. */
  script(call: number, text: () => void): void {
    this.#call = call;
    this.#inline(undefined, text);
    this.#call = undefined;
  }

  /** Inlines a routine. Its arguments may not read shared memory: they would be read again at every use. */
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

  /** While the task rests at a step of `text`, it claims one (or `amount`) of `of`. */
  claiming(label: string, of: Value<string>, more: ClaimText, text: () => void): void {
    this.#claim({ label, of: of.expr, ...claimParts(more) }, text);
  }

  /** The same for the elements `from` up to but not including `to` of an array. */
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

  /** In `text`, claims under `label` are recorded under `purpose`: the same holder, with more information. */
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

/** @throws Error if a text continues later, as an async function does: it must be recorded while it runs. */
function atOnce(result: unknown): void {
  if (result instanceof Promise) throw new Error('a text is asynchronous, expected one that is recorded at once');
}

const claimParts = (more: ClaimText): Pick<Claim, 'amount' | 'on'> => ({
  amount: exprOf(more.amount ?? 1),
  ...(more.on === undefined ? {} : { on: more.on.expr }),
});

/**
 * The declarations of one family of programs, whose configuration is a `C`.
 * @example
 * import { bool, buildCode, language, sharedScalar } from 'folioscope/lang';
 * const lock = sharedScalar('lock', bool);
 * const { routine } = language<{ readonly debug: boolean }>();
 * const spin_lock = routine('spin_lock', (k) => k.await('lock', lock.not(), () => lock.set(true)));
 * const code = buildCode('locking', { debug: false }, { task: 1 }, 0, (k) => k.call(spin_lock, {}));
 * code.flow.steps.length; // => 1
 */
export const language = <C>() => ({
  /** Names a piece of text, by the kernel's name. */
  routine: <A extends Args>(name: string, text: (k: Builder<C>, args: A) => void): Routine<C, A> => ({ name, text }),
});
