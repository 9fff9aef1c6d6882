// SPDX-License-Identifier: MIT
import type { BinaryOp } from '../text/expr.ts';
import type { Declared, Dialect, Lines, Model, Rule } from './dialect.ts';
import { indented } from './dialect.ts';

const OPERATORS: Partial<Record<BinaryOp, string>> = { '==': '=', '&&': '&', '||': '|' };

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, "'")}"`;

const declaration = ({ name, max, length }: Declared): string =>
  `${name}: ${length === undefined ? '' : `array [0 .. ${length - 1}] of `}0 .. ${max};`;

const start = ({ name, length, initial }: Declared): Lines =>
  length === undefined ? [`${name} := ${initial[0] ?? 0};`] : initial.map((value, i) => `${name}[${i}] := ${value};`);

const rule = ({ name, guard, body, scratch }: Rule): Lines => [
  `rule ${quoted(name)}`,
  ...indented([guard, '==>']),
  ...(scratch.length === 0 ? [] : ['var', ...indented(scratch.map((number) => `${number}: scratch;`))]),
  'begin',
  ...indented(body),
  'end;',
  '',
];

function model({ declared, rules, properties, mayEnd }: Model): string {
  return [
    'type scratch: -2 .. 1000000;',
    '',
    'var',
    ...indented(declared.map(declaration)),
    '',
    'startstate',
    'begin',
    ...indented(declared.flatMap(start)),
    'end;',
    '',
    ...rules.flatMap(rule),
    '-- Where this holds, nothing has to happen any more.',
    ...rule({ name: 'end', guard: mayEnd, body: [], scratch: [] }),
    ...properties.flatMap(({ name, condition }) => [`invariant ${quoted(name)}`, `  ${condition};`, '']),
  ].join('\n');
}

/** Murphi as Rumur reads it: a rule for each step of each task. */
export const MURPHI: Dialect = {
  element: (name, index) => (index === undefined ? name : `${name}[${index}]`),
  binary: (operator, left, right) => `(${left} ${OPERATORS[operator] ?? operator} ${right})`,
  not: (condition) => `!(${condition})`,
  choose: (condition, then, otherwise) => `(${condition} ? ${then} : ${otherwise})`,
  asNumber: (condition) => `(${condition} ? 1 : 0)`,
  asCondition: (number) => `(${number} != 0)`,
  literal: (condition) => String(condition),
  assign: (place, value) => `${place} := ${value};`,
  if: (branches, otherwise) => [
    ...branches.flatMap(({ condition, then }, i) => [
      `${i === 0 ? 'if' : 'elsif'} ${condition} then`,
      ...indented(then),
    ]),
    ...(otherwise.length === 0 ? [] : ['else', ...indented(otherwise)]),
    'end;',
  ],
  while: (condition, body) => [`while ${condition} do`, ...indented(body), 'end;'],
  assert: (name, condition) => `assert ${condition} ${quoted(name)};`,
  model,
};
