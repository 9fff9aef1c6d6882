// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import type { Asked } from './defence.ts';
import { ofOddTarget } from './target.ts';

const asked = (changes: Partial<Asked> = {}): Asked => ({
  method: 'GET',
  target: '/page.js',
  headers: { host: '127.0.0.1:4000', 'sec-fetch-site': 'same-origin' },
  port: 4000,
  ...changes,
});

describe('the target', () => {
  test.each(['/', '/page.js', '/part-AB12.js', '/opened/0', '/tree-sitter-c.wasm'])('%s is plain', (target) => {
    expect(ofOddTarget(asked({ target }))).toBeUndefined();
  });
  test.each([
    'http://127.0.0.1:4000/page.js',
    '//page.js',
    '/../package.json',
    '/opened/../page.js',
    '/%2e%2e/package.json',
    String.raw`/..\package.json`,
    '/page.js#x',
    '/page.js?x',
    '/.git',
    '/page.js\u{0}',
    '*',
    '',
  ])('%j is odd', (target) => {
    expect(ofOddTarget(asked({ target }))?.status).toBe(400);
  });
  test.each(['POST', 'PUT', 'OPTIONS', 'CONNECT'])('%s changes nothing here', (method) => {
    expect(ofOddTarget(asked({ method }))?.status).toBe(405);
  });
});
