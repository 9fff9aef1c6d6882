// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { InputError } from '../ledger/index.ts';
import { parsePeerQuestion } from './file.ts';

const FILE = `model: peer-protocol
scenario: P
title: A title
cpus: 2
folios: 1
check: { v6: holds }
`;

test('reads what it is asked', () => {
  expect(parsePeerQuestion('p.yaml', FILE)).toMatchObject({ name: 'P', cpus: 2, folios: 1, about: undefined });
});

test.each([
  ['cpus: 2', 'cpus: 9', '4:7: cpus: expected a number from 1 to 8'],
  ['cpus: 2', 'cpus: two', '4:7: cpus: expected a number from 1 to 8'],
  ['folios: 1', '', '1:1: folios: expected a number from 1 to 8'],
  ['folios: 1', 'folio: 1', "5:1: folio: unknown key, did you mean 'folios'?"],
  [
    'scenario: P',
    'scenario: P Q',
    '2:11: scenario: expected a name of at most 40 letters, digits, dots, dashes and underscores',
  ],
  ['v6: holds', 'v7: holds', "6:10: check.v7: unknown key, did you mean 'v6'?"],
  [
    'v6: holds',
    'v6: { violates: 1 }',
    "6:14: check.v6: expected for each of every, baseline, local-drain, v6 either 'holds' or { violates: PROPERTY }",
  ],
])('%s as %s', (right, wrong, message) => {
  expect(() => parsePeerQuestion('p.yaml', FILE.replace(right, wrong))).toThrow(new InputError(`p.yaml:${message}`));
});

test('another model, and a key that is none', () => {
  expect(() => parsePeerQuestion('p.yaml', FILE.replace('peer-protocol', 'peer'))).toThrow(
    new InputError("p.yaml:1:8: model: expected 'peer-protocol', or no 'model' in a scenario of the kernel"),
  );
  expect(() => parsePeerQuestion('p.yaml', `${FILE}folio: 1\n`)).toThrow(
    new InputError("p.yaml:7:1: folio: unknown key, did you mean 'folios'?"),
  );
});
