// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { cpu } from '../ledger/index.ts';
import type { StepAnswer } from '../scenario/index.ts';
import { fold, READ, type StepItem, stepTree } from './step-tree.ts';

const step = (path: string, name: string): StepAnswer => ({
  stage: 'threads',
  task: 0,
  cpu: cpu(0),
  call: 0,
  path: path.split(' '),
  name,
  writes: [],
  returns: false,
  read: undefined,
});
const item = (name: string, mark = ''): StepItem => ({ kind: 'step', name, mark });

describe('stepTree', () => {
  test('nests consecutive steps by their routines, below the outer ones', () => {
    const steps = [step('a', '1'), step('a b', '2'), step('a b', '3'), step('a', '4'), step('a b', '5')];
    const b = (...names: string[]): StepItem => ({
      kind: 'routine',
      name: 'b',
      items: names.map((name) => item(name, `<${name}>`)),
    });
    expect(stepTree(steps, ({ name }) => `<${name}>`, 1)).toEqual([
      item('1', '<1>'),
      b('2', '3'),
      item('4', '<4>'),
      b('5'),
    ]);
  });
});

describe('fold', () => {
  test('folds repetitions of one item and of several, and repetitions within them', () => {
    const routine = (...items: StepItem[]): StepItem => ({ kind: 'routine', name: 'r', items });
    const round = routine(item('a'), item('a'), item('b'));
    expect(fold([item('x'), round, item('y'), round, item('y'), round, item('y'), item('z')])).toEqual([
      item('x'),
      {
        kind: 'repeat',
        times: 3,
        items: [routine({ kind: 'repeat', times: 2, items: [item('a')] }, item('b')), item('y')],
      },
      item('z'),
    ]);
  });

  test('keeps marks that all repetitions share and leaves out those that differ', () => {
    expect(fold([item('put', '[2]'), item('put', '[2]')])).toEqual([
      { kind: 'repeat', times: 2, items: [item('put', '[2]')] },
    ]);
    expect(fold([item('put', '[2]'), item('put', '[1]')])).toEqual([
      { kind: 'repeat', times: 2, items: [item('put')] },
    ]);
  });

  test('never hides a count that was read', () => {
    const reads = [item('count', `${READ}2]`), item('count', `${READ}3]`)];
    expect(fold(reads)).toEqual(reads);
  });
});
