// SPDX-License-Identifier: MIT
import { isNumber, pointee, typeText } from './c-types.ts';
import { Expressions } from './expressions.ts';
import { type Arg, binary, type Call, constant, type Expr, type Part, type Var, variable } from './ir.ts';
import type { Known, Param, Table } from './known.ts';
import { Refused, type Place } from './source.ts';
import { type CExpr, type CUnit, pointerTo } from './syntax.ts';
import type { Operand } from './writer.ts';

/** Largest number of references that a check may hold besides those of its batches. */
const HELD = 3;

/** Accesses of shared memory: calls of the table, fields of a folio, and the references that they take and put. */
export abstract class Accesses extends Expressions {
  protected readonly table: Table;
  protected readonly calls = new Set<Known>();
  protected readonly held = new Map<string, readonly Var[]>();

  constructor(unit: CUnit, table: Table) {
    super(unit);
    this.table = table;
  }

  protected field(expr: Extract<CExpr, { kind: 'field' }>): Operand {
    const { name, of, at } = expr;
    if (name === 'nr') return this.read(this.target(expr), at);
    if (!expr.arrow) throw new Refused(`no field '${name}' is known, expected one of a folio, an inode or a batch`, at);
    const owner = this.value(of);
    const kind = pointee(owner.type);
    if (kind === 'inode' && ['i_mapping', 'host', 'f_mapping', 'f_inode'].includes(name))
      return { ...owner, type: pointerTo(name.endsWith('mapping') ? 'address_space' : 'inode') };
    const known = kind === 'folio' ? this.table.steps.get(`folio->${name}`) : undefined;
    if (known === undefined) {
      const fields = [...this.table.steps.keys()].filter((one) => one.startsWith('folio->'));
      const expected = kind === 'inode' ? 'i_mapping or host' : fields.join(' or ');
      throw new Refused(`the field '${name}' is not known, expected ${expected}`, at);
    }
    return this.access(known, [{ kind: 'value', of: owner.expr }], at);
  }

  protected requireArguments(name: string, count: number, expr: Extract<CExpr, { kind: 'call' }>): void {
    if (expr.args.length !== count)
      throw new Refused(`${name}() has ${expr.args.length} arguments, expected ${count}`, expr.at);
  }

  protected known(known: Known, expr: Extract<CExpr, { kind: 'call' }>): Operand {
    this.requireArguments(known.name, known.params.length, expr);
    const meant = known.params.map((param) => param.kind !== 'ignored');
    const operands = this.unordered(
      expr.args.filter((_, i) => meant[i] === true),
      expr.at,
    );
    let at = 0;
    const args = known.params.map((param, i): Arg => {
      if (param.kind === 'ignored') return { kind: 'value', of: constant(0) };
      const operand = operands[at++];
      const place = expr.args[i]?.at ?? expr.at;
      if (operand === undefined) throw new Error('an argument is missing');
      return this.argument(param, operand, place);
    });
    const [own] = args;
    if (known.ofOwnCpu === true && own?.kind === 'value' && own.of.op === 'const')
      throw new Refused(
        `touches the batches of a CPU without its lock, which the kernel does only for a CPU that is offline or its own, expected lru_add_drain_all(), or ${known.name}() of get_cpu() before put_cpu()`,
        expr.at,
      );
    return this.access(known, args, expr.at);
  }

  protected argument(param: Param, operand: Operand, at: Place): Arg {
    switch (param.kind) {
      case 'folio':
      case 'mapping': {
        const type = pointerTo(param.kind === 'folio' ? 'folio' : 'address_space');
        if (operand.kind === 'pointer') throw new Refused(`is not a ${typeText(type)}, expected one`, at);
        return { kind: 'value', of: this.convert(operand, type, at).expr };
      }
      case 'value':
        if (operand.kind === 'pointer') throw new Refused('is an address, expected a number', at);
        return { kind: 'value', of: this.convert(operand, param.type, at).expr };
      case 'batch':
        if (operand.kind === 'pointer' && operand.to.kind === 'batch') return { kind: 'batch', of: operand.to.of };
        throw new Refused('is not an address, expected that of a struct folio_batch', at);
      case 'place':
        if (operand.kind === 'pointer' && operand.to.kind === 'var' && isNumber(operand.to.of.type))
          return { kind: 'place', of: operand.to.of };
        throw new Refused('is not an address, expected that of a local variable', at);
      case 'ignored':
        return { kind: 'value', of: constant(0) };
    }
  }

  protected access(known: Known, args: readonly Arg[], at: Place): Operand {
    this.calls.add(known);
    const isVoid = known.returns.kind === 'void';
    // A batch's number of folios is read from its count, not from a copy: conditions restrict the count's range.
    const filled = known.claims === 'fills' ? args.find((arg) => arg.kind === 'batch') : undefined;
    const result = isVoid || filled !== undefined ? undefined : this.temporary(known.returns, at.text);
    const call: Call = { kind: 'call', known, args, result, also: [], at, statement: this.statement };
    this.push(call);
    const answer: Expr =
      filled?.kind === 'batch' ? variable(filled.of.count) : result === undefined ? constant(0) : variable(result);
    if (known.takes !== undefined) this.taken(known.takes, args, answer, at);
    if (known.puts !== undefined) this.put(known.puts, args, at);
    return { kind: 'value', expr: answer, type: known.returns };
  }

  protected holding(holder: string): readonly Var[] {
    const known = this.held.get(holder);
    if (known !== undefined) return known;
    const made = Array.from(
      { length: HELD },
      (_, i): Var => ({ name: `held ${i}`, type: pointerTo('folio'), place: 'own' }),
    );
    this.held.set(holder, made);
    return made;
  }

  protected taken(
    { of, holder, ifTrue }: NonNullable<Known['takes']>,
    args: readonly Arg[],
    answer: Expr,
    at: Place,
  ): void {
    const folio = of === 'result' ? answer : args[of]?.kind === 'value' ? args[of].of : constant(0);
    const free: Expr = { op: 'null', of: 'folio' };
    let parts: readonly Part[] = [
      {
        kind: 'check',
        value: constant(1),
        low: 0,
        high: 0,
        at: { ...at, text: `references that the check holds besides its batches, above ${HELD}` },
      },
    ];
    for (const one of this.holding(holder).toReversed())
      parts = [
        {
          kind: 'if',
          if: binary('==', variable(one), free),
          then: [{ kind: 'set', to: one, value: folio, at }],
          else: parts,
        },
      ];
    const condition = ifTrue === true ? answer : of === 'result' ? binary('<', answer, free) : undefined;
    if (condition === undefined) for (const part of parts) this.push(part);
    else this.push({ kind: 'if', if: condition, then: parts, else: [] });
  }

  protected put({ of, holder }: NonNullable<Known['puts']>, args: readonly Arg[], at: Place): void {
    const arg = of === 'result' ? undefined : args[of];
    if (arg?.kind !== 'value') return;
    let parts: readonly Part[] = holder === 'safety-check' ? [{ kind: 'unclaim', folio: arg.of, at }] : [];
    for (const one of this.holding(holder).toReversed())
      parts = [
        {
          kind: 'if',
          if: binary('==', variable(one), arg.of),
          then: [{ kind: 'set', to: one, value: { op: 'null', of: 'folio' }, at }],
          else: parts,
        },
      ];
    for (const part of parts) this.push(part);
  }
}
