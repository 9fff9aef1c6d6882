// SPDX-License-Identifier: MIT
// Slips of the hand in C are refused in one line with a place. `npx tsx bench/c-mutations.ts` does it for many.
import { expect, test } from 'vitest';
import { fateOf, mutated } from './c-mutations.ts';
import { readyFront } from './c-programs.ts';

const TEXTS = 400;
const SEED = 500_000;

test('a text with slips is translated, or refused in one line with a place', async () => {
  const front = await readyFront();
  const seen = new Set<string>();
  for (let i = 0; i < TEXTS; i++) {
    const fate = fateOf(front, mutated(SEED + i));
    expect(fate, `seed ${SEED + i}`).not.toMatchObject({ kind: 'defect' });
    seen.add(fate.kind);
  }
  expect([...seen].toSorted()).toEqual(expect.arrayContaining(['form', 'refused']));
}, 300_000);
