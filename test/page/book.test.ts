// SPDX-License-Identifier: MIT
// The flip-book in Debian's Chromium.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { folioscope } from '../cli/folioscope.ts';
import { lacking } from '../needs.ts';
import { expectReadable, overflow, Pages, picture, ROOT, violations } from './browser.ts';

const why = lacking('chromium');
let pages: Pages;
let address = '';
beforeAll(async () => {
  if (why !== undefined) return;
  pages = await Pages.start();
  address = await pages.serve();
}, 120_000);
beforeEach(({ skip }) => {
  if (why !== undefined) skip(why);
});
afterAll(() => pages?.end());

const panel = (page: Page, name: string) => page.getByRole('region', { name });
const verdict = (of: Locator, hasText: string) => of.locator('.verdict-word').filter({ hasText });
const step = (page: Page) => page.locator('.player-text p').first();
const counts = async (page: Page): Promise<readonly number[]> =>
  (await page.locator('.count').allTextContents()).map((text) => Number.parseInt(text, 10));
const field = (page: Page, name: string): string | null =>
  new URLSearchParams(new URL(page.url()).hash.split('?')[1]).get(name);

describe('the landing page', () => {
  test('says the mail’s claim: before and after', async () => {
    const { page, wrong, close } = await pages.open(address);
    await page.getByRole('heading', { name: 'Nobody uses this page any more. Will the kernel let it go?' }).waitFor();
    const before = panel(page, 'Before the patch: baseline');
    const after = panel(page, 'After the patch: v6');
    await before.getByText('refused at index 0').waitFor();
    await verdict(after, 'safe').waitFor();
    expect(await counts(page)).toEqual([3, 2]);
    expect(await before.getByRole('list', { name: 'Holders of page 0' }).ariaSnapshot()).toBe(
      [
        '- list "Holders of page 0":',
        '  - listitem:',
        '    - button "page cache 1"',
        '  - listitem:',
        '    - button "lru_add batch, CPU 1 1"',
        '  - listitem:',
        '    - button "the check itself, T0 1"',
      ].join('\n'),
    );
    await before.getByText('on every order of the steps: I2 violated, 21 states').waitFor();
    await after.getByText('on every order of the steps: every property holds, 79 states').waitFor();
    await picture(page, 'landing');
    expect(wrong).toEqual([]);
    await close();
  });

  test('is readable at 360 px, in both themes', async () => {
    await expectReadable(pages, address, (page) => page.locator('.verdict').first().waitFor());
  });

  test.each([
    [360, 740, '.caption'],
    [1280, 800, '.expected'],
  ])('shows what the first panel says above the player: %d x %d', async (width, height, last) => {
    const { page, close } = await pages.open(address, { viewport: { width, height } });
    await page.getByText('on every order of the steps: I2 violated, 21 states').waitFor();
    const said = await page.locator(last).first().boundingBox();
    const player = await page.locator('.player').boundingBox();
    if (said === null || player === null) throw new Error('not drawn');
    expect(said.y + said.height).toBeLessThanOrEqual(player.y);
    await close();
  });

  test('is complete without a server: one file, from disk', async () => {
    const { page, wrong, close } = await pages.open(`file://${join(pages.folder, 'web/one-file.html')}`);
    await verdict(panel(page, 'After the patch: v6'), 'safe').waitFor();
    // What is chosen now comes from the worker.
    await page.getByLabel('Scenario').selectOption('SC-22-same-inode');
    await page.getByRole('heading', { name: 'Two conversions of the same pages at once' }).waitFor();
    expect(wrong).toEqual([]);
    await close();
  });
});

describe('a counterexample', () => {
  test('is stepped to its end by keys alone, and shows the ledger that check --json has', async () => {
    const file = join(pages.folder, 'refused.json');
    const scenario = 'scenarios/SC-02-other-cpu.yaml';
    writeFileSync(file, folioscope(['check', '--json', scenario, '--patch', 'baseline']).stdout);
    const { counterexample } = JSON.parse(readFileSync(file, 'utf8')) as Checked;
    const server = await pages.serve(
      { name: 'refused.json', path: file },
      { name: 'SC-02-other-cpu.yaml', path: join(ROOT, scenario) },
    );
    const { page, wrong, close } = await pages.open(server);
    await step(page).filter({ hasText: 'step 23 of' }).waitFor();
    const shown: number[] = [];
    for (const _ of counterexample.steps) {
      await page.keyboard.press('ArrowRight');
      shown.push(...(await counts(page)));
    }
    expect(shown).toEqual(
      counterexample.steps.map(({ ledger }) => ledger[0]?.holders.reduce((sum, { references }) => sum + references, 0)),
    );
    await page.getByText('refused at index 0').waitFor();
    await expect.poll(() => step(page).textContent()).toContain(`step ${23 + counterexample.steps.length} of`);
    expect(wrong).toEqual([]);
    await close();
  });

  interface Checked {
    readonly counterexample: {
      readonly steps: readonly {
        readonly ledger: readonly { readonly holders: readonly { readonly references: number }[] }[];
      }[];
    };
  }
});

describe('a run', () => {
  test('takes another thread at a step, and the link says so', async () => {
    const link = `${address}#v1/book?scenario=SC-22-same-inode&forms=v6`;
    const { page, wrong, close } = await pages.open(link);
    await page.getByRole('heading', { name: 'Two conversions of the same pages at once' }).waitFor();
    await page.keyboard.press('Home');
    await page.keyboard.press('End');
    const whole = await step(page).textContent();
    await page.keyboard.press('[');
    await page.keyboard.press('[');
    await page.keyboard.press('[');
    await page
      .getByRole('button', { name: /^run T\d/ })
      .first()
      .waitFor();
    const position = Number(field(page, 'at'));
    const other =
      (await page
        .getByRole('button', { name: /^run T\d/ })
        .first()
        .textContent()) ?? '';
    const number = /\d$/.exec(other)?.[0] ?? '';
    await page.keyboard.press(number);
    await page.getByText('turns of your own').waitFor();
    expect(Number(field(page, 'at'))).toBe(position + 1);
    expect(field(page, 'schedule')).toMatch(/^T\d:\d+/);
    const shared = await pages.open(page.url());
    await shared.page.getByText('turns of your own').waitFor();
    await expect.poll(() => step(shared.page).textContent()).toBe(await step(page).textContent());
    expect(await shared.page.locator('.stale').count()).toBe(0);
    await shared.close();
    await page.getByRole('button', { name: 'as written' }).click();
    await page.getByText('turns of your own').waitFor({ state: 'hidden' });
    await page.keyboard.press('End');
    await expect.poll(() => step(page).textContent()).toBe(whole);
    expect(wrong).toEqual([]);
    await close();
  });

  test('goes to the step that took a reference', async () => {
    const { page, close } = await pages.open(`${address}#v1/book?at=63`);
    await panel(page, 'v6').getByRole('button', { name: 'the check itself' }).click();
    await expect.poll(() => step(page).textContent()).toContain('folio_try_get');
    await close();
  });

  test('is also a table', async () => {
    const { page, close } = await pages.open(`${address}#v1/book?forms=v6`);
    await page.getByText('All 71 steps of v6 as a table').click();
    await expect.poll(() => page.getByRole('row').count()).toBe(72);
    const row = page.getByRole('row').filter({ hasText: 'folio_ref_count' }).last();
    expect(await row.textContent()).toContain('reads the count 2');
    await close();
  });

  test('shows only what changes, in words too', async () => {
    const { page, close } = await pages.open(`${address}#v1/book?forms=v6&at=25`);
    await panel(page, 'v6').waitFor();
    await page.keyboard.press('c');
    await page.getByText('no folio has changed').waitFor();
    expect(field(page, 'changes')).toBe('1');
    await close();
  });
});

describe('a link', () => {
  test('of an older version opens', async () => {
    const { page, wrong, close } = await pages.open(`${address}#run?scenario=SC-02-other-cpu&patch=v6&step=12`);
    await step(page).filter({ hasText: 'step 12 of 71' }).waitFor();
    expect(page.url()).toContain('#v1/book?at=12');
    expect(wrong).toEqual([]);
    await close();
  });

  test('of a newer version is refused in a sentence, and the page still stands', async () => {
    const { page, close } = await pages.open(`${address}#v9/book?at=1`);
    await panel(page, 'After the patch: v6').waitFor();
    await expect.poll(() => page.getByRole('alert').textContent()).toContain('this link is of version 9');
    await close();
  });

  test('to a state that is another one now says so', async () => {
    const { page, close } = await pages.open(`${address}#v1/book?at=40&model=0.0.9&print=stale`);
    await page.locator('.stale').waitFor();
    await expect.poll(() => page.locator('.stale').textContent()).toContain('This link was made by folioscope 0.0.9');
    await close();
  });
});

test('what is seen is saved as SVG and as PNG', async () => {
  const { page, wrong, close } = await pages.open(address);
  await page.locator('.verdict').first().waitFor();
  const saved = async (key: string): Promise<Buffer> => {
    const download = page.waitForEvent('download');
    await page.keyboard.press(key);
    return readFileSync(await (await download).path());
  };
  const svg = (await saved('x')).toString();
  expect(svg).toMatch(/^<svg [^]*<\/svg>$/);
  for (const word of ['refused at index 0', 'lru_add batch, CPU 1', 'folio_ref_count']) expect(svg).toContain(word);
  const png = await saved('X');
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect(png.readUInt32BE(16)).toBe(2 * 1280);
  expect(wrong).toEqual([]);
  await close();
});

test('a bad file is refused in one line, as the command line says it', async () => {
  const file = join(pages.folder, 'bad.yaml');
  writeFileSync(
    file,
    readFileSync(join(ROOT, 'scenarios/SC-02-other-cpu.yaml'), 'utf8').replace('cpus: 2', 'cpus: none'),
  );
  const { stderr } = folioscope(['run', file]);
  const { page, close } = await pages.open(address);
  await page.locator('.verdict').first().waitFor();
  const chosen = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Open…' }).click();
  await (await chosen).setFiles(file);
  const alert = page.getByRole('alert');
  await alert.waitFor();
  expect(`folioscope: ${(await alert.textContent()) ?? ''}\n`).toBe(stderr.replace(file, 'bad.yaml'));
  await close();
});

test('a file that is dropped on the page is opened', async () => {
  const { page, wrong, close } = await pages.open(address);
  await page.locator('.verdict').first().waitFor();
  const text = readFileSync(join(ROOT, 'scenarios/SC-22-same-inode.yaml'), 'utf8');
  const data = await page.evaluateHandle(
    `(() => { const data = new DataTransfer(); data.items.add(new File([${JSON.stringify(text)}], 'mine.yaml')); return data; })()`,
  );
  await page.dispatchEvent('main', 'drop', { dataTransfer: data });
  await page.getByRole('heading', { name: 'Two conversions of the same pages at once' }).waitFor();
  // The link carries the text of a scenario that the page does not have.
  await expect.poll(() => field(page, 'text')).not.toBeNull();
  const shared = await pages.open(page.url());
  await shared.page.getByRole('heading', { name: 'Two conversions of the same pages at once' }).waitFor();
  await shared.close();
  expect(wrong).toEqual([]);
  await close();
});

test('keys: the sheet opens, lists them, and closes', async () => {
  const { page, wrong, close } = await pages.open(address);
  await page.locator('.verdict').first().waitFor();
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Keys' });
  await sheet.getByText('let this thread take the next step').waitFor();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'hidden' });
  await page.keyboard.press('t');
  expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
  await page.keyboard.press('ArrowLeft');
  await step(page).filter({ hasText: 'step 62 of 71' }).waitFor();
  expect(await overflow(page)).toBe(0);
  expect(wrong).toEqual([]);
  await close();
});
