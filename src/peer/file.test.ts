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

// zod/mini says "Invalid input" of everything, unless it is given its English words.
test.each([
  ['cpus: 2', 'cpus: 9', '4:7: cpus', 'Too big: expected number to be <=8'],
  ['cpus: 2', 'cpus: two', '4:7: cpus', 'Invalid input: expected number, received string'],
  ['folios: 1', '', '1:1: folios', 'Invalid input: expected number, received undefined'],
  ['scenario: P', 'scenario: P Q', '2:11: scenario', String.raw`Invalid string: must match pattern /^[\w.-]{1,40}$/`],
  ['v6: holds', 'v6: { violates: 1 }', '6:14: check.v6', 'Invalid input'],
])('%s as %s', (right, wrong, place, said) => {
  const message = `p.yaml:${place}: not as a file about the peer protocol has it: ${said}`;
  expect(() => parsePeerQuestion('p.yaml', FILE.replace(right, wrong))).toThrow(new InputError(message));
});

test('another model, and a key that is none', () => {
  expect(() => parsePeerQuestion('p.yaml', FILE.replace('peer-protocol', 'peer'))).toThrow(
    new InputError("p.yaml:1:8: model: expected 'peer-protocol', or no 'model' in a scenario of the kernel"),
  );
  expect(() => parsePeerQuestion('p.yaml', `${FILE}folio: 1\n`)).toThrow(
    new InputError("p.yaml:7:1: folio: unknown key, did you mean 'folios'?"),
  );
});
