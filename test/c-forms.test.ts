// SPDX-License-Identifier: MIT
// Checks in C come to what the same forms in the kernel language come to, state by state; wrong ones are found wrong.
// `npx tsx bench/c-forms.ts` does it for every scenario.
import { expect, test } from 'vitest';
import {
  builtIn,
  checked,
  formOf,
  graphOf,
  IN_A_PIPE,
  PAIRS,
  renamed,
  scenarioNamed,
  verdictsOf,
  WRONG,
} from './c-forms.ts';

const MOST_STATES = 20_000;

const OTHER_CPU = scenarioNamed('SC-02-other-cpu');

test.each(PAIRS)('$file is $builtIn', async ({ file, builtIn: name, sameAccesses }) => {
  const theirs = builtIn(name);
  const ours = renamed(await formOf(file), theirs);
  const [c, known] = [checked(OTHER_CPU, ours, MOST_STATES), checked(OTHER_CPU, theirs, MOST_STATES)];
  expect(verdictsOf(c, sameAccesses)).toBe(verdictsOf(known, sameAccesses));
  if (sameAccesses) expect(graphOf(c)).toBe(graphOf(known));
});

test('large folios: what is read beside a count is part of its step', async () => {
  const scenario = scenarioNamed('SC-17-large-folio');
  for (const name of ['v6', 'ref-freeze']) {
    const theirs = builtIn(name);
    const ours = renamed(await formOf(`${name}.c`), theirs);
    expect(graphOf(checked(scenario, ours, MOST_STATES))).toBe(graphOf(checked(scenario, theirs, MOST_STATES)));
  }
});

test.each(WRONG)('%s is found wrong: %s', async (file, property) => {
  const { properties } = checked(IN_A_PIPE, await formOf(file), MOST_STATES);
  const violated = properties.filter(({ verdict }) => verdict === 'violated').map(({ id }) => id);
  expect(violated).toContain(property);
});
