// SPDX-License-Identifier: MIT
import { isNumber, pointee, typeText } from './c-types.ts';
import { constant, type Label, label, type Part, type Var, variable } from './ir.ts';
import { NO_SLEEP, SLEEPING, UNMODELLED } from './known.ts';
import { nearest } from './nearest.ts';
import { Refused, type Place } from './source.ts';
import type { CExpr, CFunction, CStatement } from './syntax.ts';
import { Words } from './words.ts';
import type { Binding, Operand } from './writer.ts';

/** A function that is being written out. */
export interface Frame {
  readonly fn: CFunction;
  readonly returns: (value: CExpr | undefined, at: Place) => void;
  readonly labels: Map<string, { readonly label: Label; readonly back: boolean }>;
}

export interface LoopFrame {
  readonly exit: Label;
  /** Undefined in a switch, which has no next turn. */
  readonly next: Label | undefined;
  readonly nextIsTurn: boolean;
}

/** A section in which no task may sleep: the call that begins it, or the guard that stands for this call. */
interface Section {
  readonly begun: string;
  readonly by: string | undefined;
}

/** Calls: of functions of the same text (inlined), of functions of the table, and of words. */
export abstract class Calls extends Words {
  protected readonly frames: Frame[] = [];
  protected readonly loops: LoopFrame[] = [];
  /** The calls whose sections without sleep are open here. */
  protected sections: readonly Section[] = [];

  /** Writes statements out, with the labels among them. */
  protected abstract list(statements: readonly CStatement[]): void;

  protected call(expr: Extract<CExpr, { kind: 'call' }>): Operand {
    const { name, at } = expr;
    const fn = this.unit.functions.get(name);
    if (fn !== undefined) return this.inline(fn(), expr);
    this.requireNoSleep(name, at);
    const wordKnown = this.table.words.get(name);
    if (wordKnown !== undefined) return this.word(wordKnown, expr);
    const known = this.table.steps.get(name);
    if (known !== undefined) return this.known(known, expr);
    if (this.unit.macros.has(name))
      throw new Refused(
        `the macro '${name}()' is not supported, expected a function, or its definition in this file`,
        at,
      );
    const why = UNMODELLED.get(name);
    if (why !== undefined)
      throw new Refused(
        `'${name}()' cannot be called: ${why}${why.includes('expected') ? '' : ', expected a check that does not call it'}`,
        at,
      );
    const near = nearest(name, [...this.table.steps.keys(), ...this.table.words.keys()]);
    throw new Refused(
      `'${name}()' is not known, expected its definition in this file, ${near === undefined ? 'or a call that docs/c-subset.md lists' : `or ${near}(), or another call of docs/c-subset.md`}`,
      at,
    );
  }

  /** @throws Refused where a call may sleep behind the begin of a section in which no task may, in the order of the text. */
  private requireNoSleep(name: string, at: Place): void {
    const begun = NO_SLEEP.get(name);
    if (begun !== undefined) {
      const last = this.sections.findLastIndex((open) => open.begun === begun);
      this.sections = this.sections.filter((_, i) => i !== last);
    }
    if ([...NO_SLEEP.values()].includes(name))
      this.sections = [...this.sections, { begun: name, by: /^(?:scoped_)?guard\(\s*rcu\s*\)/.exec(at.text)?.[0] }];
    const [open] = this.sections;
    if (open === undefined) return;
    if (SLEEPING.has(name))
      throw new Refused(
        open.by === undefined
          ? `'${name}()' may sleep, expected no ${open.begun}() before it without its end`
          : `'${name}()' may sleep, expected it outside of ${open.by}`,
        at,
      );
  }

  protected inline(fn: CFunction, expr: Extract<CExpr, { kind: 'call' }>): Operand {
    const { name } = fn;
    if (this.frames.some((frame) => frame.fn.name === name))
      throw new Refused(`'${name}()' calls itself, expected no recursion`, expr.at);
    this.requireArguments(name, fn.params.length, expr);
    const given = this.unordered(expr.args, expr.at);
    const bindings: (readonly [string, Binding])[] = [];
    const sets: Part[] = [];
    for (const [i, { name: param, type, at }] of fn.params.entries()) {
      const operand = given[i];
      if (operand === undefined) continue;
      if (operand.kind === 'pointer') {
        if (type.kind !== 'pointer' || pointee(type) !== undefined)
          throw new Refused(`is a pointer to a variable, expected a ${typeText(type)}`, expr.args[i]?.at ?? expr.at);
        bindings.push([param, operand]);
        continue;
      }
      if (!isNumber(type) && pointee(type) === undefined)
        throw new Refused(`the parameter '${param}' is a ${typeText(type)}, expected a number or a pointer`, at);
      const value = this.convert(operand, type, expr.args[i]?.at ?? expr.at);
      const of: Var = { name: param, type, place: 'own' };
      sets.push({ kind: 'declare', of }, { kind: 'set', to: of, value: value.expr, at });
      bindings.push([param, { kind: 'var', of }]);
    }
    const result = fn.returns.kind === 'void' ? undefined : this.temporary(fn.returns, `${name}()`);
    const exit = label(name);
    const [names, loops, statement] = [this.names, this.loops.splice(0), this.statement];
    this.names = [new Map(bindings)];
    const body = this.nest(() => {
      for (const part of sets) this.push(part);
      this.frames.push({
        fn,
        labels: new Map(),
        returns: (value, at) => {
          if (value !== undefined)
            this.full(() => {
              const returned = this.value(value);
              if (result !== undefined)
                this.push({ kind: 'set', to: result, value: this.convert(returned, fn.returns, value.at).expr, at });
            });
          else if (result !== undefined) throw new Refused(`returns nothing, expected a ${typeText(fn.returns)}`, at);
          this.push({ kind: 'leave', label: exit });
        },
      });
      const inner = this.nest(() => this.list(fn.body));
      this.frames.pop();
      this.push({ kind: 'block', label: exit, body: inner });
    });
    this.names = names;
    this.loops.push(...loops);
    this.statement = statement;
    this.push({ kind: 'routine', name, body });
    if (result === undefined) return { kind: 'value', expr: constant(0), type: { kind: 'void' } };
    return { kind: 'value', expr: variable(result), type: fn.returns };
  }
}
