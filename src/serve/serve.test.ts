// SPDX-License-Identifier: MIT
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { saveOneFile, serve, type Serving } from './index.ts';

let folder = '';
let serving: Serving;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-serve-'));
  mkdirSync(join(folder, 'web'));
  writeFileSync(join(folder, 'web/index.html'), '<html><head></head>page</html>');
  writeFileSync(join(folder, 'web/worker.js'), 'work()');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  writeFileSync(join(folder, 'a "trace".dat'), Buffer.from([0, 1, 2, 255]));
  const opened = [{ name: 'a "trace".dat', path: join(folder, 'a "trace".dat') }];
  serving = await serve({ folder: join(folder, 'web'), opened });
});
afterAll(() => {
  serving.end();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** As fetch(), which would not send an odd target or another Host. */
const ask = (path: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(serving.address);
    get({ host: '127.0.0.1', port, path, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) }),
      );
    }).on('error', reject);
  });

test('the page, which is told what is opened, and the opened file', async () => {
  expect(serving.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  const page = await ask('/');
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(page.body.toString()).toContain('content="[&quot;a \\&quot;trace\\&quot;.dat&quot;]"');
  expect([...(await ask('/opened/0')).body]).toEqual([0, 1, 2, 255]);
  expect((await ask('/worker.js')).headers['content-security-policy']).toContain("connect-src 'self'");
});

test('nothing else, to any request', async () => {
  const statuses = await Promise.all(
    ['/secret.txt', '/../secret.txt', '/%2e%2e/secret.txt', '/web/index.html', '/opened/1', '/opened'].map(
      async (path) => (await ask(path)).status,
    ),
  );
  expect(statuses).toEqual([404, 400, 400, 400, 404, 404]);
  expect((await ask('/', { host: 'evil.example' })).status).toBe(403);
  expect((await ask('/opened/0', { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
});

test('it ends when no page was open for long, and not while one is', async () => {
  const short = await serve({ folder: join(folder, 'web'), opened: [], idle: 300 });
  const page = new AbortController();
  const { body } = await fetch(`${short.address}alive`, { signal: page.signal });
  const reader = body?.getReader();
  await reader?.read();
  let hasEnded = false;
  void short.ended.then(() => {
    hasEnded = true;
  });
  await new Promise((resolve) => {
    setTimeout(resolve, 600);
  });
  expect(hasEnded).toBe(false);
  page.abort();
  await short.ended;
});

test('one file has the application and the opened files behind it', async () => {
  const to = join(folder, 'one.html');
  const opened = [{ name: 'a "trace".dat', path: join(folder, 'a "trace".dat') }];
  await saveOneFile(join(folder, 'web/index.html'), opened, to);
  expect(readFileSync(to, 'utf8')).toBe(
    '<html><head></head>page</html>\n<script type="application/octet-stream" class="folioscope-opened" data-name="a &quot;trace&quot;.dat">AAEC/w==</script>\n',
  );
});
