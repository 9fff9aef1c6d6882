// SPDX-License-Identifier: MIT
import { pointee } from './c-types.ts';
import { binary, constant, type Expr, type Form, label, not, type Part, type Var } from './ir.ts';
import type { Table } from './known.ts';
import { type RangeGiven, usesOfSecond } from './range-given.ts';
import { Refused, type Place } from './source.ts';
import { Statements } from './statements.ts';
import { BOOL, type CExpr, type CFunction, type CType, type CUnit } from './syntax.ts';
import type { Target } from './writer.ts';

/** Meaning of a check's return value: which value stands for a page that may be converted. */
export type Answers = 'true-is-safe' | 'true-is-used' | 'zero-is-safe';

/**
 * Translates a check's function into parts, with its helpers inlined.
 * @param remarked meaning of the second number by a remark; if absent, its type or the text decides.
 * @throws Refused if it uses C outside the subset, or if the range is not known.
 */
export function lower(
  unit: CUnit,
  fn: CFunction,
  {
    table,
    answers,
    remarked,
  }: { readonly table: Table; readonly answers: Answers; readonly remarked: RangeGiven | undefined },
): Form {
  const counted = new Lowering(unit, table).form(fn, answers, 'count');
  const given = remarked ?? givenBy(fn, counted);
  return given === 'count' ? counted : new Lowering(unit, table).form(fn, answers, given);
}

/** The type of sizes; a page's index never has this type. */
const SIZE = 'size_t';

function givenBy({ params }: CFunction, { body }: Form): RangeGiven {
  const [, second] = params.filter(({ type }) => type.kind === 'int');
  if (second === undefined || second.typeName === SIZE) return 'count';
  const [use, ...others] = usesOfSecond(body);
  if (use !== undefined && others.length === 0) return use;
  throw new Refused(
    `'${second.name}' may be a number of pages, the index after the last page, or the index of the last page, expected the type ${SIZE} for a number of pages, or a comment: 'folioscope: givenCount', 'givenEnd' or 'givenLast'`,
    second.at,
  );
}

/** Translation of a check's function: its parameters, and its return value. */
class Lowering extends Statements {
  form(fn: CFunction, answers: Answers, given: RangeGiven): Form {
    this.statement = fn.at;
    const exit = label('return');
    const inner = this.nest(() => {
      this.parameters(fn, given);
      const safe: Var = { name: 'safe', type: BOOL, place: 'safe' };
      const returns = (value: CExpr | undefined, at: Place): void => {
        if (value === undefined) throw new Refused('returns nothing, expected whether the pages may be converted', at);
        this.full(() => {
          const truth = this.truth(this.value(value), value.at);
          this.push({ kind: 'set', to: safe, value: answers === 'true-is-safe' ? truth : not(truth), at });
        });
        this.push({ kind: 'leave', label: exit });
      };
      this.frames.push({ fn, returns, labels: new Map() });
      const body = this.nest(() => this.list(fn.body));
      this.frames.pop();
      this.push({ kind: 'block', label: exit, body });
    });
    const held = [...this.held.values()].flat();
    const body: Part[] = [
      ...held.flatMap((one): readonly Part[] => [
        { kind: 'declare', of: one },
        { kind: 'set', to: one, value: { op: 'null', of: 'folio' }, at: fn.at },
      ]),
      ...inner,
    ];
    return { name: fn.name, body, statics: [...this.statics.values()], calls: [...this.calls], held: this.held };
  }

  protected parameters(fn: CFunction, given: RangeGiven): void {
    let numbers = 0;
    let hasInode = false;
    let hasIndex = false;
    for (const { name, type, at } of fn.params) {
      if (pointee(type) === 'inode' && !hasInode) {
        hasInode = true;
        this.define(name, type, { op: 'given', of: 'inode' }, at);
      } else if (type.kind === 'int' && numbers === 0) {
        numbers = 1;
        this.define(name, type, { op: 'given', of: 'start' }, at);
      } else if (type.kind === 'int' && numbers === 1) {
        numbers = 2;
        const end = binary('+', { op: 'given', of: 'start' }, { op: 'given', of: 'nr' });
        const value = {
          count: { op: 'given', of: 'nr' },
          end,
          last: binary('-', end, constant(1)),
        } as const satisfies Record<RangeGiven, Expr>;
        this.define(name, type, value[given], at);
      } else if (type.kind === 'pointer' && type.to.kind === 'int' && !hasIndex) {
        hasIndex = true;
        const target: Target = { kind: 'var', of: { name: `*${name}`, type: type.to, place: 'err_index' } };
        this.bind(name, { kind: 'pointer', to: target });
      } else
        throw new Refused(
          `the parameter '${name}' is not known, expected an inode or mapping, the first page, a number that ends the range, and a pointer for the index of the refused page`,
          at,
        );
    }
    if (!hasInode || numbers < 2)
      throw new Refused(
        `'${fn.name}' takes no range of pages, expected the parameters of a safety check: (struct inode *inode, pgoff_t start, size_t nr_pages, pgoff_t *err_index)`,
        fn.at,
      );
  }

  protected define(name: string, type: CType, value: Expr, at: Place): void {
    const of: Var = { name, type, place: 'own' };
    this.push({ kind: 'declare', of });
    this.push({ kind: 'set', to: of, value, at });
    this.bind(name, { kind: 'var', of });
  }
}
