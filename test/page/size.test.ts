// SPDX-License-Identifier: MIT
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildWeb } from '../../scripts/build-web.mjs';
import { weights } from './weights.ts';

/** Without the grammar of C, with both fonts: bytes as brotli packs them. */
const MOST_BYTES = 500_000;

test('the page weighs less than half a megabyte, and the grammar of C is apart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'folioscope-size-'));
  await buildWeb(folder);
  const parts = weights(folder);
  const names = readdirSync(folder);
  rmSync(folder, { recursive: true });
  const all = parts.reduce((sum, { part, brotli }) => sum + (part === 'the grammar of C' ? 0 : brotli), 0);
  expect(all).toBeLessThan(MOST_BYTES);
  expect(names.filter((name) => name.startsWith('work-c-front'))).toHaveLength(1);
});
