// SPDX-License-Identifier: MIT
// The timeline in Debian's Chromium.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { explainTrace, type MomentAnswer } from '../../src/explain/index.ts';
import { formatTime, referencesOf, type Verdict } from '../../src/ledger/index.ts';
import { PATCHES } from '../../src/machine/index.ts';
import { memorySource } from '../../src/trace/index.ts';
import { lacking } from '../needs.ts';
import { expectReadable, type Opening, Pages, picture, ROOT, violations } from './browser.ts';

const RECORDINGS = ['two-cpu.dat', 'refused.txt'] as const;
type Recording = (typeof RECORDINGS)[number];

const why = lacking('chromium');
let pages: Pages;
const addresses = new Map<Recording, string>();
beforeAll(async () => {
  if (why !== undefined) return;
  pages = await Pages.start();
  for (const name of RECORDINGS) addresses.set(name, await pages.serve({ name, path: join(ROOT, 'examples', name) }));
}, 120_000);
beforeEach(({ skip }) => {
  if (why !== undefined) skip(why);
});
afterAll(() => pages?.end());

/** What the panel says of a moment. */
interface PanelText {
  readonly heading: string;
  /** Reference count and number of folios of each set of holders. */
  readonly groups: readonly (readonly [count: number, folios: number])[];
  readonly verdicts: Readonly<Record<string, string>>;
}

const panelOf = (page: Page): Promise<PanelText> =>
  page.evaluate<PanelText>(`(() => {
    const panel = document.querySelector('.tl-panel');
    const texts = (selector, within) => [...within.querySelectorAll(selector)].map((one) => one.textContent.trim());
    return {
      heading: texts('h2', panel)[0],
      groups: [...panel.querySelectorAll('.tl-group')].map((group) => [
        Number.parseInt(texts('.count', group)[0], 10),
        Number(/^(\\d+) folios/.exec(texts('.tl-where', group)[0])?.[1] ?? 1),
      ]),
      verdicts: Object.fromEntries([...panel.querySelectorAll('.tl-verdicts dl > div')].flatMap((line) =>
        texts('dt', line)[0].split(', ').map((form) => [form, texts('dd', line)[0]]))),
    };
  })()`);

const verdictWords = (verdict: Verdict): string => {
  switch (verdict.verdict) {
    case 'safe':
      return '✓ safe';
    case 'undecided':
      return '? undecided';
    case 'refused':
      return `✕ refused at ${verdict.index}${verdict.spurious ? ', only batches hold it' : ', it is in use'}`;
  }
};

/** Of an answer what the panel says. */
function expectedOf({ folios, verdicts }: MomentAnswer): Omit<PanelText, 'heading'> {
  const groups = new Map<string, [number, number]>();
  for (const { order, strength, holders } of folios) {
    const key = JSON.stringify([
      order,
      strength,
      holders.map(({ kind, cpu, task, references }) => [kind, cpu, task, references]),
    ]);
    const group = groups.get(key) ?? [referencesOf(holders), 0];
    group[1]++;
    groups.set(key, group);
  }
  return {
    groups: [...groups.values()],
    verdicts: Object.fromEntries([...verdicts].map(([form, verdict]) => [form, verdictWords(verdict)])),
  };
}

const READY = '.tl-panel:not(.is-late) .tl-verdicts';

const addressOf = (name: Recording, state = ''): string => `${addresses.get(name) ?? ''}#v1/timeline${state}`;

async function opened(
  name: Recording,
  state?: string,
  options: { readonly colorScheme?: 'light' | 'dark' } = {},
): Promise<Opening> {
  const opening = await pages.open(addressOf(name, state), { ...options, reducedMotion: 'reduce' });
  await opening.page.locator(READY).waitFor();
  return opening;
}

test.each(RECORDINGS)('%s: the panel says at every marker what explain --json says', async (name) => {
  const source = memorySource(name, readFileSync(join(ROOT, 'examples', name)));
  const { moments } = await explainTrace(source, { moments: [{ kind: 'every-marker' }], patches: PATCHES });
  const { page, wrong, close } = await opened(name);
  expect(moments.length).toBeGreaterThan(3);
  for (const moment of moments) {
    const at = formatTime(moment.at);
    await page.evaluate(`location.hash = 'v1/timeline?at=${at}&row=none'`);
    await page.locator('.tl-panel:not(.is-late)', { hasText: at }).waitFor();
    const { heading, ...said } = await panelOf(page);
    expect(heading).toBe(`the whole inode at ${at}`);
    expect([at, said]).toEqual([at, expectedOf(moment)]);
  }
  expect(wrong).toEqual([]);
  await close();
});

test('a search, the keys and the address lead to the page that is asked for', async () => {
  const { page, wrong, close } = await opened('two-cpu.dat');
  await page.keyboard.press('/');
  await page.keyboard.type('index 93');
  await page.keyboard.press('Enter');
  await page.locator('.tl-panel:not(.is-late) h2', { hasText: 'page 93 ' }).waitFor();
  expect((await panelOf(page)).groups).toEqual([[2, 1]]);
  await page.locator('.tl-stage canvas').focus();
  await page.keyboard.press('m');
  await page.locator('.tl-panel:not(.is-late) .tl-verdicts', { hasText: 'page 93, converted' }).waitFor();
  await page.keyboard.press('.');
  await page.keyboard.press('w');
  await expect.poll(() => page.url()).toContain('from=');
  const { hash } = new URL(page.url());
  expect(hash).toMatch(/^#v1\/timeline\?at=2571\.\d{9}&from=[\d.]+&range=0%3A93\.\.94&row=0%3A93\.\.94&to=[\d.]+$/);
  const said = await panelOf(page);
  expect(wrong).toEqual([]);
  await close();

  const again = await opened('two-cpu.dat', hash.slice('#v1/timeline'.length));
  await expect.poll(() => panelOf(again.page)).toEqual(said);
  await again.close();
});

test('without a recording a run of the model is shown, and its link shows it again', async () => {
  const { page, wrong, close } = await pages.open(addressOf('two-cpu.dat').replace(/#.*/, '#v1/check'));
  await page.evaluate(`location.hash = 'v1/timeline?form=v6&run=SC-02-other-cpu'`);
  await page.locator('.tl-facts', { hasText: 'SC-02-other-cpu.yaml, v6' }).waitFor();
  await page.locator(READY).waitFor();
  expect((await panelOf(page)).verdicts).toMatchObject({
    baseline: '✕ refused at 0, only batches hold it',
    v6: '✓ safe',
  });
  expect(wrong).toEqual([]);
  await close();
});

test('its picture is of vectors: every lane with its name, also those that are not on screen', async () => {
  const { page, wrong, close } = await opened('two-cpu.dat', '?at=2571.891032455');
  await page.locator('.tl-stage canvas').focus();
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('x')]);
  const path = await download.path();
  const saved = readFileSync(path, 'utf8');
  expect(saved).toMatch(/^<svg [^]*<\/svg>\s*$/);
  expect(saved).not.toContain('<image');
  for (const name of ['CPU 0 batch', 'CPU 1 batch', 'pages 0..74', 'page 74', 'page 99'])
    expect(saved).toContain(`>${name}<`);
  expect(saved.match(/<rect /g)?.length).toBeGreaterThan(100);
  expect(wrong).toEqual([]);
  await close();
});

test('lanes unfold by the keyboard', async () => {
  const { page, wrong, close } = await opened('two-cpu.dat');
  const lane = page.getByRole('button', { name: 'pages 0..74' });
  await lane.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'pages 0..4' }).waitFor();
  await expect.poll(() => lane.getAttribute('aria-expanded')).toBe('true');
  expect(wrong).toEqual([]);
  await close();
});

test('the table says what the lanes show', async () => {
  const { page, wrong, close } = await opened('two-cpu.dat', '?at=2571.891032455');
  const rows = page.locator('.tl-table tbody tr');
  expect(await rows.filter({ hasText: 'CPU 0 batch' }).innerText()).toBe(
    'CPU 0 batch\t13 of 31 folios wait\t0 to 31 folios, 3 flushes',
  );
  expect(await rows.filter({ hasText: /^page 93/ }).innerText()).toBe(
    'page 93\tlru_add batch\tlru_add batch, page cache',
  );
  expect(await page.locator('.tl-table').ariaSnapshot()).toContain('- row "pages 0..74 74 page cache');
  expect(wrong).toEqual([]);
  await close();
});

test.each(['light', 'dark'] as const)('no violation of WCAG AA, %s', async (colorScheme) => {
  const { page, wrong, close } = await opened('refused.txt', '', { colorScheme });
  await page.getByRole('button', { name: 'Table' }).click();
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Table' }).click();
  if (colorScheme === 'light') await picture(page, 'timeline');
  expect(wrong).toEqual([]);
  await close();
});

test('is readable at 360 px, in both themes', async () => {
  await expectReadable(pages, addressOf('two-cpu.dat'), (page) => page.locator(READY).waitFor());
});
