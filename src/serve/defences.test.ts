// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import type { Asked } from './defence.ts';
import { ofForeignHost } from './host.ts';
import { ofUnlisted } from './listed.ts';
import { ofOtherOrigin } from './origin.ts';
import { ofOddTarget } from './target.ts';

const asked = (changes: Partial<Asked> = {}): Asked => ({
  method: 'GET',
  target: '/page.js',
  headers: { host: '127.0.0.1:4000', 'sec-fetch-site': 'same-origin' },
  port: 4000,
  ...changes,
});

describe('the host', () => {
  test.each(['127.0.0.1:4000', 'localhost:4000', 'LocalHost:4000'])('%s is this server', (host) => {
    expect(ofForeignHost(asked({ headers: { host } }))).toBeUndefined();
  });
  test.each(['evil.example:4000', '127.0.0.1', '127.0.0.1:4001', 'localhost.evil.example:4000', '', undefined])(
    '%s is another',
    (host) => {
      expect(ofForeignHost(asked({ headers: host === undefined ? {} : { host } }))?.status).toBe(403);
    },
  );
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

test('only what is listed is there', () => {
  const defence = ofUnlisted(new Set(['/page.js']));
  expect(defence(asked())).toBeUndefined();
  expect(defence(asked({ target: '/package.json' }))?.status).toBe(404);
});
