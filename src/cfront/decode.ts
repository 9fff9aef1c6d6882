// SPDX-License-Identifier: MIT
import type { Node, Parser, Tree } from 'web-tree-sitter';
import { ERRNO } from '../kernel/index.ts';
import { wrapped } from './c-types.ts';
import { type CSource, inOneLine, type Place, Refused } from './source.ts';
import {
  BOOL,
  type BinaryOperator,
  type CCase,
  type CExpr,
  type CFunction,
  type CParameter,
  type CStatement,
  type CType,
  type CUnit,
  type Declarator,
  INT,
  LONG,
  UNSIGNED,
  UNSIGNED_LONG,
  VOID,
} from './syntax.ts';

/** Kernel keywords that the grammar does not know and that do not change what a function does. */
const IGNORED =
  /\b(?:__always_inline|noinline|__maybe_unused|__init|__exit|__weak|__must_check|__cold|__user|__force|__read_mostly|__ro_after_init|__rcu|__percpu|__always_unused|__attribute_const__|__noreturn|notrace)\b/g;

const integer = (bits: 8 | 16 | 32 | 64, signed: boolean): CType => ({ kind: 'int', bits, signed });

/** Names of integer types, and of none. */
const TYPES: ReadonlyMap<string, CType> = new Map<string, CType>([
  ['void', VOID],
  ['bool', BOOL],
  ['_Bool', BOOL],
  ['char', integer(8, true)],
  ['short', integer(16, true)],
  ['int', INT],
  ['long', LONG],
  ['unsigned', UNSIGNED],
  ['signed', INT],
  ...([8, 16, 32, 64] as const).flatMap((bits): readonly (readonly [string, CType])[] => [
    ...[`u${bits}`, `__u${bits}`, `uint${bits}_t`].map((name) => [name, integer(bits, false)] as const),
    ...[`s${bits}`, `__s${bits}`, `int${bits}_t`].map((name) => [name, integer(bits, true)] as const),
  ]),
  ['uint', UNSIGNED],
  ['ulong', UNSIGNED_LONG],
  ['size_t', UNSIGNED_LONG],
  ['ssize_t', LONG],
  ['loff_t', LONG],
  ['pgoff_t', UNSIGNED_LONG],
  ['gfn_t', UNSIGNED_LONG],
  ['gfp_t', UNSIGNED],
  ['fgf_t', UNSIGNED],
  ['vm_fault_t', UNSIGNED],
  ['vm_flags_t', UNSIGNED_LONG],
  ['umode_t', integer(16, false)],
  ['ushort', integer(16, false)],
  ['ino_t', UNSIGNED_LONG],
  ['off_t', LONG],
  ['pid_t', INT],
  ['uintptr_t', UNSIGNED_LONG],
  ['intptr_t', LONG],
  ['ptrdiff_t', LONG],
  ...['gpa_t', 'hpa_t', 'hva_t', 'hfn_t', 'kvm_pfn_t', 'phys_addr_t', 'dma_addr_t', 'sector_t'].map(
    (name) => [name, UNSIGNED_LONG] as const,
  ),
]);

/** Constants that kernel headers have. */
const CONSTANTS: ReadonlyMap<string, readonly [number, CType]> = new Map<string, readonly [number, CType]>([
  ...Object.entries(ERRNO).map(([name, value]) => [name, [value, INT]] as const),
  ['ENOENT', [2, INT]],
  ['EINTR', [4, INT]],
  // As two's complement.
  ...['ULONG_MAX', 'ULLONG_MAX', 'U64_MAX', 'SIZE_MAX'].map((name) => [name, [-1, UNSIGNED_LONG]] as const),
  ...['UINT_MAX', 'U32_MAX'].map((name) => [name, [-1, UNSIGNED]] as const),
  // 2^63 - 1, which is no number of JavaScript's: arithmetic.ts only compares it.
  ...['LONG_MAX', 'LLONG_MAX', 'S64_MAX'].map((name) => [name, [2 ** 63, LONG]] as const),
  ...['LONG_MIN', 'LLONG_MIN', 'S64_MIN'].map((name) => [name, [-(2 ** 63), LONG]] as const),
  ...['INT_MAX', 'S32_MAX'].map((name) => [name, [2 ** 31 - 1, INT]] as const),
  ...['INT_MIN', 'S32_MIN'].map((name) => [name, [-(2 ** 31), INT]] as const),
  ['U16_MAX', [2 ** 16 - 1, INT]],
  ['U8_MAX', [2 ** 8 - 1, INT]],
  ['PAGE_SIZE', [4096, UNSIGNED_LONG]],
  ['PAGE_SHIFT', [12, INT]],
]);

const BINARY: ReadonlySet<string> = new Set([
  '+',
  '-',
  '*',
  '/',
  '%',
  '<<',
  '>>',
  '&',
  '|',
  '^',
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
]);
const isBinary = (operator: string): operator is BinaryOperator => BINARY.has(operator);

const blanks = (text: string): string => ' '.repeat(text.length);

/** Replaces, by blanks of the same length, words that the grammar does not know and that mean nothing here. */
const readable = (text: string): string => text.replaceAll(IGNORED, blanks);

/** A cast to a type whose name the grammar takes for a variable's: with `-` behind it, it would be a subtraction. */
const CAST = new RegExp(
  String.raw`(\b\w+\s*)?(\(\s*)(${[...TYPES.keys()].filter((name) => name.length > 2).join('|')})(?=\s*\)\s*[-+*&~!(])`,
  'g',
);
/** linux/cleanup.h. To the grammar a guarded statement is a loop, and a variable with a cleanup is one without. */
const SCOPED_GUARD = /\bscoped_guard(?=\s*\()/g;
const CLEANUP = /\b(?:__free|__cleanup)\(\s*\w+\s*\)/g;
const BEFORE_A_VALUE = /^(?:return|case|else|do)\s*$/;

/** Parses C, in which casts to the kernel's types are casts. The tree's text is the one that is given. */
function parsed(parser: Parser, text: string): Tree | null {
  const known = text.replaceAll(CAST, (all, before: string | undefined, open: string, name: string) =>
    before === undefined || BEFORE_A_VALUE.test(before) ? `${before ?? ''}${open}${'int'.padEnd(name.length)}` : all,
  );
  let shown = known.replaceAll(SCOPED_GUARD, 'while'.padEnd('scoped_guard'.length)).replaceAll(CLEANUP, blanks);
  const tree = parser.parse((index) => shown.slice(index));
  shown = text;
  return tree;
}

/**
 * Reads a translation unit. Its functions are read from the tree on demand, so the tree must be kept until then.
 * @returns the unit, and how to let the tree go.
 */
export function readUnit(parser: Parser, source: CSource): { readonly unit: CUnit; readonly done: () => void } {
  const text = readable(source.lines.map((line) => line.text).join('\n'));
  const tree = parsed(parser, text);
  if (tree === null) throw new Refused('cannot be parsed, expected C', undefined);
  const root = tree.rootNode;
  const functions = new Map<string, () => CFunction>();
  const constants = new Map<string, () => CExpr>();
  const macros = new Set<string>();
  const variables = new Map<string, () => Declarator>();
  const exported: string[] = [];
  const remarks: { readonly text: string; readonly at: Place }[] = [];
  for (const [name, [value, type]] of CONSTANTS)
    constants.set(name, () => ({ kind: 'number', value, type, at: { line: 0, column: 0, text: name } }));

  const enumerators = (list: Node): void => {
    let before: Node | undefined;
    let base: (() => CExpr) | undefined;
    let offset = 0;
    for (const one of list.namedChildren) {
      if (one.type !== 'enumerator') continue;
      const name = one.childForFieldName('name')?.text ?? '';
      const value = one.childForFieldName('value');
      if (value !== null) {
        base = () => expression(value);
        offset = 0;
      } else if (before !== undefined) offset++;
      const [from, more] = [base, offset];
      const at = placeOf(one);
      constants.set(name, () => {
        const added: CExpr = { kind: 'number', value: more, type: INT, at };
        return from === undefined ? added : { kind: 'binary', operator: '+', left: from(), right: added, at };
      });
      before = one;
    }
  };
  const visit = (node: Node): void => {
    switch (node.type) {
      case 'function_definition': {
        const name = nameOfFunction(node);
        if (name !== undefined && !functions.has(name)) functions.set(name, () => functionOf(node));
        for (const inner of node.descendantsOfType(['enumerator_list', 'preproc_def', 'preproc_function_def']))
          if (inner.type === 'enumerator_list') enumerators(inner);
          else visit(inner);
        return;
      }
      case 'preproc_def': {
        const name = node.childForFieldName('name')?.text ?? '';
        const value = node.childForFieldName('value');
        if (value !== null) constants.set(name, () => macroValue(parser, value));
        return;
      }
      case 'preproc_function_def':
        macros.add(node.childForFieldName('name')?.text ?? '');
        return;
      case 'enum_specifier':
      case 'declaration':
      case 'type_definition':
        for (const list of node.descendantsOfType('enumerator_list')) enumerators(list);
        if (node.type === 'declaration' && !node.hasError)
          for (const child of node.childrenForFieldName('declarator')) {
            const name = innermostName(child);
            if (name !== undefined && child.descendantsOfType('function_declarator').length === 0)
              variables.set(name, () => {
                const found = declarators(node).find((one) => one.name === name);
                if (found === undefined) throw new Refused('cannot be read, expected a declaration', placeOf(node));
                return found;
              });
          }
        return;
      default:
        for (const child of node.namedChildren) visit(child);
    }
  };
  visit(root);
  for (const call of root.descendantsOfType('call_expression')) {
    if (call.childForFieldName('function')?.text.startsWith('EXPORT_SYMBOL') !== true) continue;
    const [name] = call.childForFieldName('arguments')?.namedChildren ?? [];
    if (name !== undefined) exported.push(name.text);
  }
  // At the top of a file the grammar misreads a macro's call, in several ways.
  for (const [, name = ''] of text.matchAll(/^EXPORT_SYMBOL\w*\(\s*(\w+)/gm))
    if (!exported.includes(name)) exported.push(name);
  for (const comment of root.descendantsOfType('comment')) {
    const [, remark] = /folioscope:\s*(.*?)\s*(?:\*\/)?$/s.exec(comment.text) ?? [];
    if (remark !== undefined) remarks.push({ text: remark, at: placeOf(comment) });
  }
  return { unit: { functions, constants, macros, variables, exported, remarks }, done: () => tree.delete() };
}

const placeOf = (node: Node, text = node.text): Place => ({
  line: node.startPosition.row,
  column: node.startPosition.column,
  text: inOneLine(text),
});

const refuse = (node: Node, what: string): never => {
  throw new Refused(what, placeOf(node));
};

/** A child that the grammar promises. */
function part(node: Node, name: string): Node {
  return node.childForFieldName(name) ?? refuse(node, `cannot be read as C, expected its ${name}`);
}

/** Requires that a tree has no syntax error. @throws Refused where there is one in `node`. */
function requireReadable(node: Node): void {
  if (!node.hasError) return;
  const wrong = firstError(node) ?? node;
  const row = wrong.startPosition.row;
  const text = inOneLine(wrong.text);
  if (wrong.isMissing) {
    const call = wrong.previousSibling;
    if (call?.type === 'call_expression')
      throw new Refused(`${inOneLine(call.text)} has no ';', expected one, or a loop macro over filemap_get_folios()`, {
        ...placeOf(call, ''),
        line: call.startPosition.row,
      });
    throw new Refused(`'${wrong.type}' is missing, expected C`, { ...placeOf(wrong), line: row });
  }
  throw new Refused(`'${text}' cannot be read here, expected a statement of C`, placeOf(wrong));
}

function firstError(node: Node): Node | undefined {
  if (node.isError || node.isMissing) return node;
  for (const child of node.children) if (child.hasError || child.isMissing) return firstError(child);
  return undefined;
}

function innermostName(node: Node): string | undefined {
  if (node.type === 'identifier' || node.type === 'type_identifier') return node.text;
  const inner = node.childForFieldName('declarator') ?? node.namedChildren.at(-1);
  return inner === undefined || inner === null ? undefined : innermostName(inner);
}

function nameOfFunction(node: Node): string | undefined {
  const [declarator] = node.descendantsOfType('function_declarator');
  return declarator?.childForFieldName('declarator')?.text;
}

/** An object-like macro's text as an expression. */
function macroValue(parser: Parser, value: Node): CExpr {
  const at = placeOf(value);
  const text = value.text.replaceAll(/\/\*[^]*?\*\/|\/\/.*|\\\n/g, ' ');
  const tree = parsed(parser, `int v = (${text}\n);`);
  try {
    const [inner] = tree?.rootNode.descendantsOfType('init_declarator') ?? [];
    const expr = inner?.childForFieldName('value');
    if (tree === null || tree.rootNode.hasError || expr === undefined || expr === null)
      throw new Refused('this macro is not a constant, expected an expression', at);
    return moved(expression(expr), at);
  } finally {
    tree?.delete();
  }
}

/** An expression with all its parts moved to one place of the source. */
function moved(expr: CExpr, at: Place): CExpr {
  switch (expr.kind) {
    case 'unary':
    case 'cast':
      return { ...expr, of: moved(expr.of, at), at };
    case 'binary':
    case 'logical':
      return { ...expr, left: moved(expr.left, at), right: moved(expr.right, at), at };
    case 'conditional':
      return { ...expr, if: moved(expr.if, at), then: moved(expr.then, at), else: moved(expr.else, at), at };
    case 'assign':
    case 'call':
    case 'comma':
    case 'empty-list':
    case 'field':
    case 'index':
    case 'name':
    case 'number':
    case 'string':
    case 'update':
      return { ...expr, at };
  }
}

function functionOf(node: Node): CFunction {
  requireReadable(node);
  const [declarator] = node.descendantsOfType('function_declarator');
  if (declarator === undefined) return refuse(node, 'cannot be read, expected a function');
  let returns = typeOf(part(node, 'type'), node);
  for (let outer = part(node, 'declarator'); outer.type === 'pointer_declarator'; outer = part(outer, 'declarator'))
    returns = { kind: 'pointer', to: returns };
  const params = part(declarator, 'parameters')
    .namedChildren.filter(({ type }) => type !== 'comment')
    .flatMap((one): readonly CParameter[] => {
      if (one.type !== 'parameter_declaration') return refuse(one, 'expected a parameter with a type and a name');
      const type = typeOf(part(one, 'type'), one);
      const name = one.childForFieldName('declarator');
      if (name === null) return type.kind === 'void' ? [] : refuse(one, 'this parameter has no name, expected one');
      return [{ ...declared(name, type), typeName: part(one, 'type').text, at: placeOf(one) }];
    });
  return {
    name: nameOfFunction(node) ?? '',
    returns,
    params,
    body: statements(part(node, 'body')),
    last: node.endPosition.row,
    at: placeOf(node, declarator.text),
  };
}

/** A declarator's name, and its type with the pointers that it adds. */
function declared(node: Node, type: CType): { readonly name: string; readonly type: CType } {
  switch (node.type) {
    case 'identifier':
      return { name: node.text, type };
    case 'pointer_declarator':
      return declared(part(node, 'declarator'), { kind: 'pointer', to: type });
    case 'parenthesized_declarator': {
      const [inner] = node.namedChildren;
      return inner === undefined ? refuse(node, 'cannot be read, expected a name') : declared(inner, type);
    }
    case 'array_declarator':
      return refuse(node, 'arrays are not supported, expected single variables or a struct folio_batch');
    default:
      return refuse(node, `${node.type.replaceAll('_', ' ')}s are not supported, expected a variable or a pointer`);
  }
}

function typeOf(node: Node, around: Node): CType {
  switch (node.type) {
    case 'primitive_type':
    case 'type_identifier': {
      const known = TYPES.get(node.text);
      if (known !== undefined) return known;
      return refuse(
        node,
        `the type '${inOneLine(node.text)}' is not known, expected bool, an integer type of the kernel's, or a pointer`,
      );
    }
    case 'sized_type_specifier': {
      const words = node.text.split(/\s+/);
      const signed = !words.includes('unsigned');
      if (words.includes('char')) return integer(8, signed);
      if (words.includes('short')) return integer(16, signed);
      return integer(words.includes('long') ? 64 : 32, signed);
    }
    case 'struct_specifier': {
      if (node.childForFieldName('body') !== null)
        return refuse(node, 'local structs are not supported, expected single variables');
      return { kind: 'struct', name: part(node, 'name').text };
    }
    case 'enum_specifier':
      return UNSIGNED;
    case 'macro_type_specifier':
      return refuse(node, `${inOneLine(node.text)} is a macro that is not supported, expected a loop or a call of C`);
    default:
      return refuse(around, `${node.type.replaceAll('_', ' ')} is not supported, expected a type of the kernel's`);
  }
}

/** A cast's type. */
function typeDescriptor(node: Node): CType {
  let type = typeOf(part(node, 'type'), node);
  for (
    let inner = node.childForFieldName('declarator');
    inner !== null;
    inner = inner.childForFieldName('declarator')
  ) {
    if (inner.type !== 'abstract_pointer_declarator') return refuse(node, 'cannot be read, expected a type');
    type = { kind: 'pointer', to: type };
  }
  return type;
}

function declarators(node: Node): readonly Declarator[] {
  const [cleanup] = node.text.match(CLEANUP) ?? [];
  if (cleanup !== undefined)
    return refuse(node, `'${cleanup}' is not supported, expected its call, such as folio_put(), on every way out`);
  const isStatic = node.namedChildren.some(({ type, text }) => type === 'storage_class_specifier' && text === 'static');
  const type = typeOf(part(node, 'type'), node);
  return node.childrenForFieldName('declarator').map((one): Declarator => {
    const initialised = one.type === 'init_declarator';
    const inner = initialised ? part(one, 'declarator') : one;
    const value = initialised ? expression(part(one, 'value')) : undefined;
    return { ...declared(inner, type), value, isStatic, at: placeOf(one) };
  });
}

const isMeant = ({ type }: Node): boolean => type !== 'comment';

function statements(node: Node): readonly CStatement[] {
  const meant = node.namedChildren.filter(isMeant);
  const guards = meant.filter(isGuard);
  return [
    ...meant.flatMap(statement),
    ...guards.map((one): CStatement => ({ kind: 'expression', of: endOf(placeOf(one)), at: placeOf(one) })),
  ];
}

const isGuard = (node: Node): boolean =>
  node.type === 'expression_statement' && guardOf(node.namedChildren.find(isMeant)) !== undefined;
const beginOf = (at: Place): CExpr => ({ kind: 'call', name: 'rcu_read_lock', args: [], at });
const endOf = (at: Place): CExpr => ({ kind: 'call', name: 'rcu_read_unlock', args: [], at });

/** The call guard(...) of `guard(...)(...)`. */
function guardOf(node: Node | undefined): Node | undefined {
  const called = node?.type === 'call_expression' ? node.childForFieldName('function') : null;
  if (called?.type !== 'call_expression' || called.childForFieldName('function')?.text !== 'guard') return undefined;
  return called;
}

/** @throws Refused unless a guard is that of RCU. */
function requireRcu(node: Node, name: string, what: string): void {
  if (what.trim() === 'rcu') return;
  refuse(
    node,
    `'${name}(${inOneLine(what)})' is not supported, expected its calls of lock and unlock, or ${name}(rcu)`,
  );
}

/** `scoped_guard(rcu)` and its statement, in which `break` and `continue` end it: in the kernel it is a loop. */
function scopedGuard(node: Node): readonly CStatement[] {
  const condition = part(node, 'condition');
  const at = placeOf(node, `scoped_guard${condition.text}`);
  requireRcu(node, 'scoped_guard', condition.text.slice(1, -1));
  const body = part(node, 'body');
  const inner = single(body);
  const no: CExpr = { kind: 'number', value: 0, type: INT, at };
  const once: CStatement = /\b(?:break|continue)\b/.test(body.text) ? { kind: 'do', if: no, body: inner, at } : inner;
  const all: readonly CStatement[] = [
    { kind: 'expression', of: beginOf(at), at },
    once,
    { kind: 'expression', of: endOf(at), at },
  ];
  return [{ kind: 'compound', body: all, at }];
}

/** A statement; several statements become one block. */
function single(node: Node): CStatement {
  const found = statement(node);
  const [first, more] = found;
  return first !== undefined && more === undefined ? first : { kind: 'compound', body: found, at: placeOf(node) };
}

function statement(node: Node): readonly CStatement[] {
  const at = placeOf(node);
  switch (node.type) {
    case 'compound_statement':
      return [{ kind: 'compound', body: statements(node), at }];
    case 'declaration':
      return [{ kind: 'declare', names: declarators(node), at }];
    case 'expression_statement': {
      const inner = node.namedChildren.find(isMeant);
      return [inner === undefined ? { kind: 'empty', at } : { kind: 'expression', of: expression(inner), at }];
    }
    case 'if_statement': {
      const condition = part(node, 'condition');
      const alternative = node.childForFieldName('alternative');
      const other = alternative?.namedChildren.find(isMeant);
      return [
        {
          kind: 'if',
          if: expression(condition),
          then: single(part(node, 'consequence')),
          else: other === undefined ? undefined : single(other),
          at: placeOf(node, `if ${condition.text}`),
        },
      ];
    }
    case 'while_statement': {
      if (node.text.startsWith('scoped_guard')) return scopedGuard(node);
      const condition = part(node, 'condition');
      const head = placeOf(node, `while ${condition.text}`);
      return [{ kind: 'while', if: expression(condition), body: single(part(node, 'body')), at: head }];
    }
    case 'do_statement': {
      const condition = part(node, 'condition');
      const head = placeOf(node, `do while ${condition.text}`);
      return [{ kind: 'do', if: expression(condition), body: single(part(node, 'body')), at: head }];
    }
    case 'for_statement': {
      const first = node.childForFieldName('initializer');
      const condition = node.childForFieldName('condition');
      const after = node.childForFieldName('update');
      const body = part(node, 'body');
      const head = placeOf(node, node.text.slice(0, body.startIndex - node.startIndex));
      return [
        {
          kind: 'for',
          first: first === null ? undefined : initialiser(first),
          if: condition === null ? undefined : expression(condition),
          after: after === null ? undefined : expression(after),
          body: single(body),
          at: head,
        },
      ];
    }
    case 'switch_statement': {
      const condition = part(node, 'condition');
      return [
        {
          kind: 'switch',
          on: expression(condition),
          cases: casesOf(part(node, 'body')),
          at: placeOf(node, `switch ${condition.text}`),
        },
      ];
    }
    case 'break_statement':
      return [{ kind: 'break', at }];
    case 'continue_statement':
      return [{ kind: 'continue', at }];
    case 'return_statement': {
      const value = node.namedChildren.find(isMeant);
      return [{ kind: 'return', value: value === undefined ? undefined : expression(value), at }];
    }
    case 'goto_statement':
      return [{ kind: 'goto', label: part(node, 'label').text, at }];
    case 'labeled_statement': {
      const label = part(node, 'label');
      const rest = node.namedChildren.filter((child) => isMeant(child) && !child.equals(label));
      return [{ kind: 'label', label: label.text, at: placeOf(label) }, ...rest.flatMap(statement)];
    }
    case 'preproc_def':
    case 'preproc_function_def':
    case 'enum_specifier':
      // Enumerators are constants, which are known already.
      return [];
    case 'case_statement':
      return refuse(node, `'case' inside another statement is not supported, expected it directly in its switch`);
    default:
      if (node.type.startsWith('preproc'))
        return refuse(
          node,
          `'${inOneLine(node.text.split('\n', 1)[0] ?? '')}' inside a function is not supported, expected only the lines that are compiled`,
        );
      return refuse(node, `${node.type.replaceAll('_', ' ')} is not supported, expected a statement of the subset`);
  }
}

function initialiser(node: Node): CStatement {
  if (node.type === 'declaration') return { kind: 'declare', names: declarators(node), at: placeOf(node) };
  return { kind: 'expression', of: expression(node), at: placeOf(node) };
}

function casesOf(body: Node): readonly CCase[] {
  return body.namedChildren.filter(isMeant).map((child): CCase => {
    if (child.type !== 'case_statement')
      return refuse(child, 'a statement before the first case is not supported, expected case or default');
    const value = child.childForFieldName('value');
    const rest = child.namedChildren.filter((inner) => isMeant(inner) && (value === null || !inner.equals(value)));
    const head = value === null ? 'default' : `case ${value.text}`;
    return {
      value: value === null ? undefined : expression(value),
      body: rest.flatMap(statement),
      at: placeOf(child, head),
    };
  });
}

/** The type in parentheses that the grammar took for a variable. */
function parenthesizedType(node: Node): CType | undefined {
  if (node.type !== 'parenthesized_expression') return undefined;
  const inner = node.namedChildren.find(isMeant);
  return inner?.type === 'identifier' ? TYPES.get(inner.text) : undefined;
}

function expression(node: Node): CExpr {
  const at = placeOf(node);
  switch (node.type) {
    case 'parenthesized_expression': {
      const inner = node.namedChildren.find(isMeant);
      return inner === undefined ? refuse(node, 'cannot be read, expected an expression') : expression(inner);
    }
    case 'identifier':
      return { kind: 'name', name: node.text, at };
    case 'true':
    case 'false':
      return { kind: 'number', value: Number(node.type === 'true'), type: INT, at };
    case 'null':
      return { kind: 'name', name: 'NULL', at };
    case 'number_literal': {
      // The grammar includes a sign in the number.
      const [, sign] = /^([-+])/.exec(node.text) ?? [];
      const number: CExpr = { ...numberOf(node), at };
      return sign === '-' || sign === '+' ? { kind: 'unary', operator: sign, of: number, at } : number;
    }
    case 'char_literal':
      return { kind: 'number', value: characterOf(node), type: INT, at };
    case 'string_literal':
    case 'concatenated_string':
      return { kind: 'string', at };
    case 'unary_expression':
    case 'pointer_expression': {
      const operator = part(node, 'operator').text;
      const of = expression(part(node, 'argument'));
      switch (operator) {
        case '!':
        case '-':
        case '+':
        case '~':
        case '*':
        case '&':
          return { kind: 'unary', operator, of, at };
        default:
          return refuse(node, `'${operator}' is not supported, expected !, -, +, ~, * or &`);
      }
    }
    case 'update_expression': {
      const operator = part(node, 'operator');
      const argument = part(node, 'argument');
      return {
        kind: 'update',
        by: operator.text === '++' ? 1 : -1,
        prefix: operator.startIndex < argument.startIndex,
        of: expression(argument),
        at,
      };
    }
    case 'binary_expression': {
      const operator = part(node, 'operator').text;
      const cast = parenthesizedType(part(node, 'left'));
      // The names of short types are shorter than any word that could stand for them: see CAST.
      if (cast !== undefined && (operator === '-' || operator === '+')) {
        const of = expression(part(node, 'right'));
        return { kind: 'cast', type: cast, of: { kind: 'unary', operator, of, at }, at };
      }
      const [left, right] = [expression(part(node, 'left')), expression(part(node, 'right'))];
      if (operator === '&&' || operator === '||') return { kind: 'logical', operator, left, right, at };
      if (isBinary(operator)) return { kind: 'binary', operator, left, right, at };
      return refuse(node, `'${operator}' is not supported, expected an operator of C`);
    }
    case 'assignment_expression': {
      const operator = part(node, 'operator').text.slice(0, -1);
      const [to, value] = [expression(part(node, 'left')), expression(part(node, 'right'))];
      if (operator === '') return { kind: 'assign', operator: undefined, to, value, at };
      if (isBinary(operator)) return { kind: 'assign', operator, to, value, at };
      return refuse(node, `'${operator}=' is not supported, expected an assignment`);
    }
    case 'conditional_expression': {
      const condition = expression(part(node, 'condition'));
      const then = node.childForFieldName('consequence');
      if (then === null)
        return refuse(node, `'?:' without a middle operand is not supported, expected all three operands`);
      return {
        kind: 'conditional',
        if: condition,
        then: expression(then),
        else: expression(part(node, 'alternative')),
        at,
      };
    }
    case 'call_expression': {
      const called = part(node, 'function');
      const guard = guardOf(node);
      if (guard !== undefined) {
        requireRcu(guard, 'guard', part(guard, 'arguments').text.slice(1, -1));
        return beginOf(at);
      }
      const cast = parenthesizedType(called);
      const [given, more] = part(node, 'arguments').namedChildren.filter(isMeant);
      if (cast !== undefined && given !== undefined && more === undefined)
        return { kind: 'cast', type: cast, of: expression(given), at };
      if (called.type !== 'identifier')
        return refuse(called, `calls through pointers are not supported, expected a function's name`);
      const args = part(node, 'arguments').namedChildren.filter(isMeant);
      return { kind: 'call', name: called.text, args: args.map(expression), at };
    }
    case 'field_expression': {
      const operator = part(node, 'operator').text;
      return {
        kind: 'field',
        of: expression(part(node, 'argument')),
        arrow: operator === '->',
        name: part(node, 'field').text,
        at,
      };
    }
    case 'subscript_expression':
      return { kind: 'index', of: expression(part(node, 'argument')), index: expression(part(node, 'index')), at };
    case 'comma_expression':
      return { kind: 'comma', first: expression(part(node, 'left')), then: expression(part(node, 'right')), at };
    case 'cast_expression': {
      // The name that the author wrote, where the grammar was shown another (see CAST).
      const [, name = ''] = /^\(\s*(\w+)\s*\)/.exec(node.text) ?? [];
      const type = TYPES.get(name) ?? typeDescriptor(part(node, 'type'));
      return { kind: 'cast', type, of: expression(part(node, 'value')), at };
    }
    case 'initializer_list':
      if (node.namedChildren.filter(isMeant).every(({ text }) => text === '0')) return { kind: 'empty-list', at };
      return refuse(node, 'only an empty initializer is supported here, expected {}');
    default:
      return refuse(node, `${node.type.replaceAll('_', ' ')} is not supported, expected an expression of the subset`);
  }
}

function numberOf(node: Node): { readonly kind: 'number'; readonly value: number; readonly type: CType } {
  const [, digits = '', suffix = ''] = /^[-+]?\s*(0x[\da-f]+|0b[01]+|\d+)([ul]*)$/i.exec(node.text) ?? [];
  if (digits === '') return refuse(node, `'${inOneLine(node.text)}' is not supported, expected a whole number`);
  const octal = /^0\d+$/.test(digits);
  if (octal && /[89]/.test(digits)) return refuse(node, `'${digits}' is no number, expected octal digits`);
  const value = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  if (value >= 1n << 64n) return refuse(node, 'the number is too large, expected 64 bits');
  const decimal = /^[1-9]/.test(digits);
  const isLong = /l/i.test(suffix);
  const isUnsigned = /u/i.test(suffix);
  const fits: readonly CType[] = [INT, UNSIGNED, LONG, UNSIGNED_LONG];
  const type =
    fits.find(
      (one) =>
        one.kind === 'int' &&
        (!isLong || one.bits === 64) &&
        (!isUnsigned || !one.signed) &&
        (!decimal || isUnsigned || one.signed) &&
        value < 1n << BigInt(one.bits - Number(one.signed)),
    ) ?? UNSIGNED_LONG;
  const known = wrapped(value, type);
  if (known === undefined)
    return refuse(
      node,
      `is ${value}, which cannot be computed exactly here, expected a value below 2^53, or ULONG_MAX`,
    );
  return { kind: 'number', value: known, type };
}

const ESCAPES: Readonly<Record<string, number>> = {
  n: 10,
  t: 9,
  r: 13,
  '0': 0,
  '\\': 92,
  "'": 39,
  '"': 34,
  a: 7,
  b: 8,
};

function characterOf(node: Node): number {
  const inner = node.text.slice(1, -1);
  const escaped = inner.startsWith('\\') && inner.length === 2 ? ESCAPES[inner[1] ?? ''] : undefined;
  const value = escaped ?? (/^[\x20-\x7e]$/.test(inner) ? inner.codePointAt(0) : undefined);
  return value ?? refuse(node, `'${inOneLine(node.text)}' is not supported, expected a character of ASCII`);
}
