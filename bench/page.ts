// SPDX-License-Identifier: MIT
// The page in Debian's Chromium: what it weighs, and how soon the landing page shows both verdicts.
//
//   npx tsx bench/page.ts [TIMES]
//
// Asserts no time. test/page/size.test.ts holds the weight.
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { buildWeb } from '../scripts/build-web.mjs';
import { serve } from '../src/serve/index.ts';
import { weights } from '../test/page/weights.ts';

const TIMES = Number(process.argv[2] ?? 7);

/** Milliseconds after the navigation began at which both verdicts were drawn; the script is in the page before anything else. */
const WATCH = `
  new MutationObserver((_, observer) => {
    if (document.querySelectorAll('.verdict-word').length < 2) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => (globalThis.shown = performance.now())));
  }).observe(document, { childList: true, subtree: true });`;

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1).padStart(6)} kB`;
const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;

const folder = mkdtempSync(join(tmpdir(), 'folioscope-bench-page-'));
await buildWeb(join(folder, 'web'));
const all = weights(join(folder, 'web'));
console.log('weight, as brotli packs it (gzip -9 in brackets):');
for (const { part, brotli, gzip } of all)
  console.log(`  ${part.padEnd(28)} ${kilobytes(brotli)} (${kilobytes(gzip).trim()})`);

const serving = await serve({ folder: join(folder, 'web'), opened: [] });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const painted: number[] = [];
const meaningful: number[] = [];
for (let time = 0; time < TIMES; time++) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(WATCH);
  await page.goto(serving.address);
  await page.locator('.verdict-word').nth(1).waitFor();
  meaningful.push(Number(await page.evaluate('new Promise((done) => setTimeout(() => done(globalThis.shown), 100))')));
  painted.push(
    Number(await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")),
  );
  await context.close();
}
await browser.close();
serving.end();
rmSync(folder, { recursive: true });
console.log(
  `landing page, ${TIMES} times, median: first paint ${median(painted).toFixed(0)} ms, both verdicts ${median(meaningful).toFixed(0)} ms ` +
    `(slowest ${Math.max(...meaningful).toFixed(0)} ms); load ${loadavg()[0]?.toFixed(1)}`,
);
