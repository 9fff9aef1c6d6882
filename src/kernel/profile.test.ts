// SPDX-License-Identifier: GPL-2.0-only
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

/** What a fork's comment names: a release, a commit, or the option that decides. */
const NAMED = /\b[2-9]\.\d+\b|\b[0-9a-f]{8,12}\b|CONFIG_[A-Z]+/;
/** Features of a profile that are true or false: where one is asked, behaviour forks. */
const FORK =
  /profile\.(?:smp|drainAllLocalFirst|unmapDrainsLocal|flushFreesLastReference|mlockBatchHoldsReference|mapsLargeFolios)\b/;

test('every fork of behaviour names the kernel that it follows, in the lines before it', async () => {
  const folder = new URL('.', import.meta.url);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  const forks: string[] = [];
  for (const file of files) {
    const lines = (await readFile(new URL(file, folder), 'utf8')).split('\n');
    for (const [i, line] of lines.entries()) {
      if (!FORK.test(line)) continue;
      const comment = lines.slice(Math.max(0, i - 4), i + 1).filter((before) => /^\s*(?:\/\/|\/?\*)|\/\//.test(before));
      forks.push(`${file}:${i + 1}: ${NAMED.test(comment.join('\n')) ? 'named' : line.trim()}`);
    }
  }
  expect(forks.filter((fork) => !fork.endsWith(': named'))).toEqual([]);
  expect(forks.length).toBeGreaterThan(5);
});
