// SPDX-License-Identifier: MIT
// Slips of the hand in C and in mails are refused in one line with a place. `npx tsx bench/c-mutations.ts` does it for many.
import { expect, test } from 'vitest';
import { type Fate, fateOf, mutated } from './c-mutations.ts';
import { readyFront } from './c-programs.ts';
import { fateOfMail, mutatedMail } from './mail-mutations.ts';

const TEXTS = 400;
const SEED = 500_000;

const KINDS: readonly (readonly [string, (seed: number) => Promise<Fate>])[] = [
  ['a text', async (seed) => fateOf(await readyFront(), mutated(seed))],
  ['a mail', async (seed) => fateOfMail(await readyFront(), mutatedMail(seed))],
];

test.each(KINDS)(
  '%s with slips is taken, or refused in one line with a place',
  async (_, fateFor) => {
    const seen = new Set<string>();
    for (let i = 0; i < TEXTS; i++) {
      const fate = await fateFor(SEED + i);
      expect(fate, `seed ${SEED + i}`).not.toMatchObject({ kind: 'defect' });
      seen.add(fate.kind);
    }
    expect([...seen].toSorted()).toEqual(expect.arrayContaining(['form', 'refused']));
  },
  300_000,
);

test('what cannot change is read in the step of an access of its own operand, whatever order C leaves open', async () => {
  const front = await readyFront();
  for (const other of ['max(start, folio->index)', 'folio_mapcount(folio)'])
    expect(
      fateOf(
        front,
        `static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start, size_t nr_pages, pgoff_t *err_index)
{
	struct folio *folio = filemap_get_folio(inode->i_mapping, start);
	bool safe = folio_ref_count(folio) == folio_nr_pages(folio) + ${other};

	folio_put(folio);
	return safe;
}
`,
      ),
    ).toEqual({ kind: 'form' });
});
