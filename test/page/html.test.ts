// SPDX-License-Identifier: MIT
// The pages of --html in Debian's Chromium, without JavaScript of their own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { folioscope } from '../cli/folioscope.ts';
import { lacking } from '../needs.ts';
import { overflow, violations } from './browser.ts';

const why = lacking('chromium');
let browser: Browser | undefined;
let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-html-page-'));
  if (why === undefined)
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
});
beforeEach(({ skip }) => {
  if (why !== undefined) skip(why);
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

test.each<{ name: string; words: readonly string[] }>(
  [
    ['explain', 'test/recordings/s4_vmsplice.baseline.pageref.txt'],
    ['explain', 'examples/pinned.txt', '--pfn', '0x671c'],
    ['run', 'scenarios/SC-04-forty-folios.yaml', '--patch', 'local-drain'],
    ['check', 'scenarios/SC-02-other-cpu.yaml', '--patch', 'baseline'],
  ].map((words) => ({ name: words.slice(0, 2).join(' '), words })),
)(
  '$name reads well, narrow and wide, light and dark, and asks for nothing',
  { timeout: 120_000 },
  async ({ words }) => {
    const file = join(folder, `${words[0]}.html`);
    folioscope([...words, '--html', file]);
    for (const width of [360, 1280])
      for (const colorScheme of ['light', 'dark'] as const) {
        const context = await browser?.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
        const page = await context?.newPage();
        if (page === undefined) continue;
        const asked: string[] = [];
        const address = pathToFileURL(file).href;
        page.on('request', (request) => void (request.url() === address ? undefined : asked.push(request.url())));
        page.on('console', (message) => void asked.push(message.text()));
        await page.goto(address);
        expect(await overflow(page)).toBe(0);
        expect(await page.locator('svg.picture').first().getAttribute('role')).toBe('img');
        expect(asked).toEqual([]);
        expect(await violations(page)).toEqual([]);
        await context?.close();
      }
  },
);
