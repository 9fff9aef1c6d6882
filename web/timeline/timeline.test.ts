// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explainTrace, type MomentAnswer } from '../../src/explain/index.ts';
import { formatTime, referencesOf, type Verdict } from '../../src/ledger/index.ts';
import { PATCHES } from '../../src/machine/index.ts';
import { memorySource } from '../../src/trace/index.ts';
import { noBrowser, type PageServer, startPage } from '../../test/support/page-server.ts';

const RECORDINGS = ['two-cpu.dat', 'refused.txt'];
/** Milliseconds in which the page is built and a browser started. */
const SETTING_UP = 60_000;
const AXE = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');

/** What the panel says of a moment. */
interface PanelText {
  readonly heading: string;
  /** Reference count and number of folios of each set of holders. */
  readonly groups: readonly (readonly [count: number, folios: number])[];
  readonly verdicts: Readonly<Record<string, string>>;
}

const panelOf = (page: Page): Promise<PanelText> =>
  page.locator('.tl-panel').evaluate((panel) => {
    const texts = (selector: string, within: Element = panel): string[] =>
      [...within.querySelectorAll(selector)].map((one) => (one.textContent ?? '').trim());
    return {
      heading: texts('h2')[0] ?? '',
      groups: [...panel.querySelectorAll('.tl-group')].map((group) => {
        const folios = /^(\d+) folios/.exec(texts('.tl-where', group)[0] ?? '')?.[1] ?? '1';
        const count = /^\d+/.exec(texts('.count', group)[0] ?? '')?.[0] ?? '';
        return [Number(count), Number(folios)] as const;
      }),
      verdicts: Object.fromEntries(
        [...panel.querySelectorAll('.tl-verdicts dl > div')].flatMap((line) => {
          const [forms = ''] = texts('dt', line);
          const [said = ''] = texts('dd', line);
          return forms.split(', ').map((form) => [form, said]);
        }),
      ),
    };
  });

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

describe.skipIf(noBrowser !== undefined)(
  `the timeline in a browser${noBrowser === undefined ? '' : `: ${noBrowser}`}`,
  () => {
    let pages: PageServer;
    beforeAll(async () => {
      pages = await startPage();
    }, SETTING_UP);
    afterAll(async () => {
      await pages.end();
    });

    async function opened(
      name: string,
      state = '',
      { width = 1280, colorScheme = 'light' }: { width?: number; colorScheme?: 'light' | 'dark' } = {},
    ): Promise<{ readonly page: Page; readonly requests: readonly string[] }> {
      const address = await pages.serve([{ name, path: `examples/${name}` }]);
      const page = await pages.browser.newPage({
        viewport: { width, height: 800 },
        colorScheme,
        reducedMotion: 'reduce',
      });
      const requests: string[] = [];
      page.on('request', (request) => void requests.push(request.url()));
      await page.goto(`${address}#v1/timeline${state}`);
      await page.locator('.tl-panel:not(.is-late) .tl-verdicts').waitFor();
      return { page, requests };
    }

    test.each(RECORDINGS)('%s: the panel says at every marker what explain --json says', async (name) => {
      const source = memorySource(name, readFileSync(`examples/${name}`));
      const { moments } = await explainTrace(source, { moments: [{ kind: 'every-marker' }], patches: PATCHES });
      const { page } = await opened(name);
      expect(moments.length).toBeGreaterThan(3);
      for (const moment of moments) {
        const at = formatTime(moment.at);
        await page.evaluate((hash) => (location.hash = hash), `v1/timeline?at=${at}&row=none`);
        await page.locator('.tl-panel:not(.is-late)', { hasText: at }).waitFor();
        const { heading, ...said } = await panelOf(page);
        expect(heading).toBe(`the whole inode at ${at}`);
        expect([at, said]).toEqual([at, expectedOf(moment)]);
      }
      await page.close();
    });

    test('a search, the keys and the address lead to the page that is asked for', async () => {
      const { page } = await opened('two-cpu.dat');
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
      await page.waitForFunction(() => location.hash.includes('from='));
      const hash = await page.evaluate(() => location.hash);
      expect(hash).toMatch(/^#v1\/timeline\?at=2571\.\d{9}&from=[\d.]+&range=0%3A93\.\.94&row=0%3A93\.\.94&to=[\d.]+$/);
      const said = await panelOf(page);
      await page.close();

      const again = await opened('two-cpu.dat', hash.slice('#v1/timeline'.length));
      expect(await panelOf(again.page)).toEqual(said);
      await again.page.close();
    });

    test('lanes unfold by the keyboard', async () => {
      const { page } = await opened('two-cpu.dat');
      const lane = page.getByRole('button', { name: 'pages 0..74' });
      await lane.focus();
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'pages 0..4' }).waitFor();
      expect(await lane.getAttribute('aria-expanded')).toBe('true');
      await page.close();
    });

    test('the table says what the lanes show', async () => {
      const { page } = await opened('two-cpu.dat', '?at=2571.891032455');
      const rows = page.locator('.tl-table tbody tr');
      expect(await rows.filter({ hasText: 'CPU 0 batch' }).innerText()).toBe(
        'CPU 0 batch\t13 of 31 folios wait\t0 to 31 folios, 3 flushes',
      );
      expect(await rows.filter({ hasText: /^page 93/ }).innerText()).toBe(
        'page 93\tlru_add batch\tlru_add batch, page cache',
      );
      expect(await page.locator('.tl-table').ariaSnapshot()).toContain('- row "pages 0..74 74 page cache');
      await page.close();
    });

    test.each(['light', 'dark'] as const)('no violation of WCAG AA, %s', async (colorScheme) => {
      const { page } = await opened('refused.txt', '', { colorScheme });
      await page.getByRole('button', { name: 'Table' }).click();
      await page.evaluate(AXE);
      const violations = await page.evaluate<readonly string[]>(
        `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }).then(({ violations }) =>
          violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`,
      );
      expect(violations).toEqual([]);
      await page.close();
    });

    test('at 360 pixels nothing scrolls sideways, and nothing is asked of another host', async () => {
      const { page, requests } = await opened('two-cpu.dat', '', { width: 360 });
      const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      expect(inner).toBeLessThanOrEqual(outer ?? 0);
      expect(requests.filter((url) => !url.startsWith('http://127.0.0.1:'))).toEqual([]);
      await page.close();
    });
  },
);
