// SPDX-License-Identifier: MIT
import type { Place } from './source.ts';

/** A type as C writes it, as far as the subset goes. */
export type CType =
  | { readonly kind: 'void' }
  | { readonly kind: 'bool' }
  | { readonly kind: 'int'; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
  | { readonly kind: 'struct'; readonly name: string }
  | { readonly kind: 'pointer'; readonly to: CType };

export const BOOL: CType = { kind: 'bool' };
export const VOID: CType = { kind: 'void' };
export const INT: CType = { kind: 'int', bits: 32, signed: true };
export const UNSIGNED: CType = { kind: 'int', bits: 32, signed: false };
export const LONG: CType = { kind: 'int', bits: 64, signed: true };
export const UNSIGNED_LONG: CType = { kind: 'int', bits: 64, signed: false };
export const pointerTo = (name: string): CType => ({ kind: 'pointer', to: { kind: 'struct', name } });

interface At {
  readonly at: Place;
}

export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '<<'
  | '>>'
  | '&'
  | '|'
  | '^'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>=';

/** An expression of C. */
export type CExpr = At &
  (
    | { readonly kind: 'number'; readonly value: number; readonly type: CType }
    | { readonly kind: 'string' }
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'unary'; readonly operator: '!' | '-' | '+' | '~' | '*' | '&'; readonly of: CExpr }
    | { readonly kind: 'binary'; readonly operator: BinaryOperator; readonly left: CExpr; readonly right: CExpr }
    | { readonly kind: 'logical'; readonly operator: '&&' | '||'; readonly left: CExpr; readonly right: CExpr }
    | {
        readonly kind: 'assign';
        readonly operator: BinaryOperator | undefined;
        readonly to: CExpr;
        readonly value: CExpr;
      }
    | { readonly kind: 'update'; readonly by: 1 | -1; readonly prefix: boolean; readonly of: CExpr }
    | { readonly kind: 'conditional'; readonly if: CExpr; readonly then: CExpr; readonly else: CExpr }
    | { readonly kind: 'call'; readonly name: string; readonly args: readonly CExpr[] }
    | { readonly kind: 'field'; readonly of: CExpr; readonly arrow: boolean; readonly name: string }
    | { readonly kind: 'index'; readonly of: CExpr; readonly index: CExpr }
    | { readonly kind: 'comma'; readonly first: CExpr; readonly then: CExpr }
    | { readonly kind: 'cast'; readonly type: CType; readonly of: CExpr }
    | { readonly kind: 'empty-list' }
  );

/** One declared name. */
export interface Declarator extends At {
  readonly name: string;
  readonly type: CType;
  readonly value: CExpr | undefined;
  readonly isStatic: boolean;
}

/** A statement of C. `at.text` is its beginning, for reports. */
export type CStatement = At &
  (
    | { readonly kind: 'empty' }
    | { readonly kind: 'compound'; readonly body: readonly CStatement[] }
    | { readonly kind: 'declare'; readonly names: readonly Declarator[] }
    | { readonly kind: 'expression'; readonly of: CExpr }
    | { readonly kind: 'if'; readonly if: CExpr; readonly then: CStatement; readonly else: CStatement | undefined }
    | { readonly kind: 'while'; readonly if: CExpr; readonly body: CStatement }
    | { readonly kind: 'do'; readonly body: CStatement; readonly if: CExpr }
    | {
        readonly kind: 'for';
        readonly first: CStatement | undefined;
        readonly if: CExpr | undefined;
        readonly after: CExpr | undefined;
        readonly body: CStatement;
      }
    | { readonly kind: 'switch'; readonly on: CExpr; readonly cases: readonly CCase[] }
    | { readonly kind: 'break' }
    | { readonly kind: 'continue' }
    | { readonly kind: 'return'; readonly value: CExpr | undefined }
    | { readonly kind: 'goto'; readonly label: string }
    | { readonly kind: 'label'; readonly label: string }
  );

/** A case of a switch, with its statements; `value` is undefined for `default`. */
export interface CCase extends At {
  readonly value: CExpr | undefined;
  readonly body: readonly CStatement[];
}

export interface CParameter extends At {
  readonly name: string;
  readonly type: CType;
  /** The type's own word, such as `size_t`; without pointers. */
  readonly typeName: string;
}

export interface CFunction extends At {
  readonly name: string;
  readonly returns: CType;
  readonly params: readonly CParameter[];
  readonly body: readonly CStatement[];
  /** The line of its last brace, from 0. */
  readonly last: number;
}

/** Contents of a translation unit that a check may use. */
export interface CUnit {
  /** Reads a function's text. @throws Refused if it uses C outside the subset. */
  readonly functions: ReadonlyMap<string, () => CFunction>;
  /** Constants: enumerators, and macros whose text is an expression. */
  readonly constants: ReadonlyMap<string, () => CExpr>;
  /** Function-like macros, which are not supported. */
  readonly macros: ReadonlySet<string>;
  /** Variables of the file. */
  readonly variables: ReadonlyMap<string, () => Declarator>;
  /** Names that the file exports to modules. */
  readonly exported: readonly string[];
  /** Remarks to folioscope: comments `folioscope: word`. */
  readonly remarks: readonly { readonly text: string; readonly at: Place }[];
}
