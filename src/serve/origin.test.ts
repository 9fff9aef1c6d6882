// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import type { Asked } from './defence.ts';
import { ofOtherOrigin } from './origin.ts';

const asked = (changes: Partial<Asked> = {}): Asked => ({
  method: 'GET',
  target: '/page.js',
  headers: { host: '127.0.0.1:4000', 'sec-fetch-site': 'same-origin' },
  port: 4000,
  ...changes,
});

describe('the origin', () => {
  const from = (headers: Asked['headers'], target = '/page.js') => ofOtherOrigin(asked({ headers, target }))?.status;

  test('is the page itself, or the reader, or a program without a browser', () => {
    expect(from({ 'sec-fetch-site': 'same-origin', origin: 'http://127.0.0.1:4000' })).toBeUndefined();
    expect(from({ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' })).toBeUndefined();
    expect(from({})).toBeUndefined();
  });
  test('may be another site only where a reader follows a link to the page', () => {
    const visit = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect(from(visit, '/')).toBeUndefined();
    expect(from(visit, '/opened/0')).toBe(403);
    expect(from({ ...visit, 'sec-fetch-dest': 'iframe' }, '/')).toBe(403);
  });
  test.each([
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ])('%j is refused', (headers) => {
    expect(from(headers)).toBe(403);
  });
});
