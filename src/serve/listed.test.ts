// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import type { Asked } from './defence.ts';
import { ofUnlisted } from './listed.ts';

const asked = (changes: Partial<Asked> = {}): Asked => ({
  method: 'GET',
  target: '/page.js',
  headers: { host: '127.0.0.1:4000', 'sec-fetch-site': 'same-origin' },
  port: 4000,
  ...changes,
});

test('only what is listed is there', () => {
  const defence = ofUnlisted(new Set(['/page.js']));
  expect(defence(asked())).toBeUndefined();
  expect(defence(asked({ target: '/package.json' }))?.status).toBe(404);
});
