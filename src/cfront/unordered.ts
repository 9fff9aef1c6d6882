// SPDX-License-Identifier: MIT
import { eachPart, type Part, readsOf, usesOf, type Var } from './ir.ts';
import { orderings } from './orders.ts';
import { Refused, type Place } from './source.ts';
import { merged, takesSteps } from './stable-reads.ts';
import type { CExpr } from './syntax.ts';
import { type Operand, Writer } from './writer.ts';

/** Most orders of one expression; no check needs more. */
const MOST_ORDERS = 24;

/** Operands with unspecified order in C. */
export abstract class Unordered extends Writer {
  /** Evaluates an expression. */
  protected abstract operand(expr: CExpr): Operand;

  /** Two operands with unspecified order in C. */
  protected both(left: CExpr, right: CExpr, at: Place): readonly [Operand, Operand] {
    const [a, b] = this.unordered([left, right], at);
    if (a === undefined || b === undefined) throw new Error('two operands are two');
    return [a, b];
  }

  /** Operands with unspecified order in C: if several take steps, every order becomes a text of its own. */
  protected unordered(exprs: readonly CExpr[], at: Place): readonly Operand[] {
    return this.unorderedTexts(
      exprs.map((expr) => () => this.operand(expr)),
      at,
    );
  }

  protected unorderedTexts(texts: readonly (() => Operand)[], at: Place): readonly Operand[] {
    const operands: Operand[] = [];
    // A value that cannot change is read in the step of another access of the same operand.
    const threads = texts.map((text) =>
      merged(
        this.nest(() => {
          operands.push(text());
        }),
      ),
    );
    this.requireApart(threads, operands, at);
    const stepping = threads.filter((parts) => takesSteps(parts));
    if (stepping.length < 2) {
      for (const part of threads.flat()) this.push(part);
      return operands;
    }
    const flat = stepping.flatMap((parts) => {
      const [only, more] = parts.filter(({ kind }) => kind !== 'declare');
      return only?.kind === 'orders' && more === undefined
        ? only.threads
        : [parts.filter(({ kind }) => kind !== 'declare')];
    });
    const declared: Part[] = [];
    for (const parts of threads) for (const part of parts) if (part.kind === 'declare') declared.push(part);
    for (const part of declared) this.push(part);
    for (const part of threads.filter((parts) => !takesSteps(parts)).flat())
      if (part.kind !== 'declare') this.push(part);
    const orders = orderings(flat, MOST_ORDERS);
    if (orders === undefined)
      throw new Refused('has too many accesses in unspecified order, expected separate statements', at);
    eachPart(flat.flat(), (part) => {
      if (part.kind === 'call' && (part.known.takes ?? part.known.puts ?? part.known.claims) !== undefined)
        throw new Refused(
          `C leaves open whether ${part.known.name}() comes before the other access, expected separate statements`,
          part.at,
        );
    });
    this.push({ kind: 'orders', threads: flat, orders });
    return operands;
  }

  /** @throws Refused if one operand changes what another reads or changes: that is undefined in C. */
  protected requireApart(threads: readonly (readonly Part[])[], operands: readonly Operand[], at: Place): void {
    const [reads, writes] = [threads.map(() => new Set<Var>()), threads.map(() => new Set<Var>())];
    for (const [i, parts] of threads.entries()) {
      const operand = operands[i];
      const [own, changed] = [reads[i], writes[i]];
      if (own === undefined || changed === undefined) continue;
      if (operand?.kind === 'value') readsOf(operand.expr, own);
      if (operand?.kind === 'pointer' && operand.to.kind === 'element') readsOf(operand.to.index, own);
      usesOf(parts, own, changed);
    }
    for (const [i, changed] of writes.entries())
      for (const [j, others] of reads.entries())
        for (const of of changed)
          if (i !== j && (others.has(of) || writes[j]?.has(of) === true))
            throw new Refused(`C leaves open when '${of.name}' is changed here, expected separate statements`, at);
  }
}
