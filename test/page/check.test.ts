// SPDX-License-Identifier: MIT
// The check view and the playground in Debian's Chromium.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { folioscope } from '../cli/folioscope.ts';
import { lacking } from '../needs.ts';
import { expectReadable, Pages, picture, ROOT } from './browser.ts';

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

interface Checked {
  readonly patches: readonly {
    readonly patch: string;
    readonly verdict: string;
    readonly states: number;
    readonly transitions: number;
    readonly depth: number;
    readonly counterexample?: { readonly steps: readonly { readonly thread: string; readonly step: string }[] };
  }[];
}

const row = (page: Page, form: string) =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: form, exact: true }) });

describe('a check in the page', () => {
  test('has the states, transitions, depth and run of the command', async () => {
    const file = 'scenarios/SC-22-same-inode.yaml';
    const forms = ['baseline', 'v6'];
    const { stdout } = folioscope(['check', '--json', file, '--patch', forms.join(',')]);
    const { patches } = JSON.parse(stdout) as Checked;
    const link = `${address}#v1/check?scenario=SC-22-same-inode&forms=${forms.join(',')}&run=1`;
    const { page, wrong, close } = await pages.open(link);
    for (const { patch, verdict, states, transitions, depth } of patches) {
      await row(page, patch).getByRole('button').waitFor();
      const cells = await row(page, patch).getByRole('cell').allTextContents();
      const number = (text: string | undefined): number => Number(text?.replaceAll(/\D/g, ''));
      // The server's policy lets workers compile: nothing is interpreted.
      expect(cells[0]?.trim()).toBe(verdict);
      expect(cells.slice(2, 5).map(number)).toEqual([states, transitions, depth]);
    }
    await picture(page, 'check');
    expect(wrong).toEqual([]);
    await close();
  });

  test('opens its counterexample in the flip-book, step by step the command’s', async () => {
    const { stdout } = folioscope(['check', '--json', 'scenarios/SC-02-other-cpu.yaml', '--patch', 'baseline,v6']);
    const { patches } = JSON.parse(stdout) as Checked;
    const { page, wrong, close } = await pages.open(`${address}#v1/check?forms=baseline&run=1`);
    await row(page, 'baseline').getByRole('button', { name: 'counterexample' }).click();
    await page.getByText(/^All \d+ steps of baseline as a table$/).click();
    await page.getByRole('row').nth(1).waitFor();
    const steps = await page.getByRole('row').allTextContents();
    const counterexample = patches.find(({ patch }) => patch === 'baseline')?.counterexample?.steps ?? [];
    // The header, and the 23 steps of T1 before the threads begin.
    for (const [i, { thread, step }] of counterexample.entries()) {
      expect(steps[1 + 23 + i]).toContain(thread);
      expect(steps[1 + 23 + i]).toContain(step);
    }
    expect(wrong).toEqual([]);
    await close();
  });

  test('is stopped', async () => {
    const { page, close } = await pages.open(`${address}#v1/check?scenario=SC-04-forty-folios&forms=v6&run=1`);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('stopped').waitFor();
    await expect.poll(() => page.getByRole('button', { name: 'Check', exact: true }).isEnabled()).toBe(true);
    await close();
  });

  test('is readable at 360 px, in both themes', async () => {
    await expectReadable(pages, `${address}#v1/check?forms=v6&run=1`, (page) =>
      row(page, 'v6').getByRole('button').waitFor(),
    );
  });
});

describe('the playground', () => {
  test('judges a wrong check, and plays the shortest run against it', async () => {
    const { page, wrong, close } = await pages.open(`${address}#v1/playground?form=baseline`);
    await page.getByText('violated: I2').waitFor();
    await page.getByText('12 of 12 scenarios').waitFor({ timeout: 40_000 });
    await page.locator('.answer-row[aria-current]').waitFor();
    await page.getByText('refused at index 0').first().waitFor();
    await picture(page, 'playground');
    expect(wrong).toEqual([]);
    await close();
  });

  test('says a mistake at its line, as the command does', async () => {
    const lines = readFileSync(join(ROOT, 'examples/c/v6.c'), 'utf8').split('\n');
    const after = lines.indexOf('{') + 1;
    const file = join(pages.folder, 'mistake.c');
    writeFileSync(file, lines.toSpliced(after, 0, 'nothing();').join('\n'));
    const { stderr } = folioscope(['run', 'scenarios/SC-02-other-cpu.yaml', '--patch', file]);
    const { page, close } = await pages.open(`${address}#v1/playground?form=v6`);
    await page.locator('.answer-row').first().waitFor();
    await page.getByLabel('C of the check').click();
    await page.keyboard.press('Control+Home');
    for (let line = 0; line < after; line++) await page.keyboard.press('ArrowDown');
    await page.keyboard.insertText('nothing();\n');
    const mistake = (await page.getByRole('list', { name: 'Mistakes' }).textContent()) ?? '';
    const [, line, what] = /:(\d+):\d+: (.*)\n$/.exec(stderr) ?? [];
    expect(mistake.trim()).toBe(`line ${line}: ${what}`);
    expect(line).toBe(String(after + 1));
    await close();
  });

  test('keeps code and choice in the link', async () => {
    const { page, close } = await pages.open(`${address}#v1/playground?form=v6`);
    await page.locator('.answer-row').first().waitFor();
    await page.getByLabel('C of the check').click();
    await page.keyboard.press('Control+End');
    await page.keyboard.insertText('/* mine */');
    await expect.poll(() => page.url(), { timeout: 15_000 }).toContain('code=');
    const shared = await pages.open(page.url());
    await shared.page.locator('.answer-row').first().waitFor();
    await expect.poll(() => shared.page.locator('.cm-content').textContent()).toContain('/* mine */');
    await shared.close();
    await close();
  });

  test('is readable at 360 px, in both themes', async () => {
    await expectReadable(pages, `${address}#v1/playground?form=v6`, (page) =>
      page.locator('.answer-row').first().waitFor(),
    );
  });
});
