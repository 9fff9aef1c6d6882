// SPDX-License-Identifier: MIT
import type { Declared, Dialect, Lines, Model, Rule } from './dialect.ts';
import { indented } from './dialect.ts';

const typeFor = (max: number): string => {
  if (max <= 1) return 'bit';
  if (max <= 0xff) return 'byte';
  return max <= 0x7fff ? 'short' : 'int';
};

const orSkip = (lines: Lines): Lines => (lines.length === 0 ? ['skip;'] : lines);

function declaration({ name, max, length, initial }: Declared): string {
  if (length === undefined) return `${typeFor(max)} ${name} = ${initial[0] ?? 0};`;
  const uniform = initial.every((value) => value === initial[0]);
  return `${typeFor(max)} ${name}[${length}] = ${uniform ? (initial[0] ?? 0) : `{${initial.join(', ')}}`};`;
}

function option({ name, guard, body, scratch }: Rule): Lines {
  // Scratch numbers are reset to 0 after each step, so that they distinguish no states.
  const cleared = scratch.map((number) => `${number} = 0;`);
  return [`:: d_step { /* ${name} */`, ...indented([`${guard} ->`, ...body, ...cleared, 'check_properties()']), '}'];
}

function model({ declared, rules, properties, mayEnd }: Model): string {
  const scratch = [...new Set(rules.flatMap((rule) => rule.scratch))];
  const checks = properties.flatMap(({ name, condition }) => [`/* ${name} */`, `assert(${condition});`]);
  return [
    ...declared.map(declaration),
    '',
    "/* 0 between two steps. pan's breadth-first search refuses hidden: build that with -DSCRATCH= */",
    '#ifndef SCRATCH',
    '#define SCRATCH hidden',
    '#endif',
    ...scratch.map((name) => `SCRATCH int ${name};`),
    '',
    '/* -DNOCHECK leaves the properties out. */',
    '#ifdef NOCHECK',
    'inline check_properties() { skip }',
    '#else',
    'inline check_properties() {',
    ...indented([...checks, 'skip']),
    '}',
    '#endif',
    '',
    'active proctype machine() {',
    ...indented([
      'do',
      ...rules.flatMap(option),
      '/* Where this holds, nothing has to happen any more. */',
      `:: d_step { ${mayEnd} -> skip }`,
      'od',
    ]),
    '}',
    '',
  ].join('\n');
}

/** Promela, for SPIN: one process, a d_step for each step of each task. */
export const PROMELA: Dialect = {
  element: (name, index) => (index === undefined ? name : `${name}[${index}]`),
  binary: (operator, left, right) => `(${left} ${operator} ${right})`,
  not: (condition) => `!(${condition})`,
  choose: (condition, then, otherwise) => `(${condition} -> ${then} : ${otherwise})`,
  asNumber: (condition) => `(${condition} -> 1 : 0)`,
  asCondition: (number) => `(${number} != 0)`,
  literal: (condition) => String(condition),
  assign: (place, value) => `${place} = ${value};`,
  if: (branches, otherwise) => [
    'if',
    ...branches.flatMap(({ condition, then }) => [`:: ${condition} ->`, ...indented(orSkip(then))]),
    ':: else ->',
    ...indented(orSkip(otherwise)),
    'fi;',
  ],
  while: (condition, body) => ['do', `:: ${condition} ->`, ...indented(body), ':: else -> break', 'od;'],
  assert: (name, condition) => `assert(${condition}); /* ${name} */`,
  model,
};
