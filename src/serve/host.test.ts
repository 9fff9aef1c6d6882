// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import type { Asked } from './defence.ts';
import { ofForeignHost } from './host.ts';

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
