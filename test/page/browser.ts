// SPDX-License-Identifier: MIT
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { buildWeb } from '../../scripts/build-web.mjs';
import { type Opened, serve, type Serving } from '../../src/serve/index.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Where pictures for docs/ are written, if FOLIOSCOPE_PICTURES is set: their bytes depend on the machine's browser. */
const PICTURES = join(ROOT, 'docs/pictures');

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** Debian's Chromium, with the page as it is now. */
export class Pages {
  readonly folder: string;
  readonly #browser: Browser;
  readonly #servers: Serving[] = [];

  private constructor(folder: string, browser: Browser) {
    this.folder = folder;
    this.#browser = browser;
  }

  static async start(): Promise<Pages> {
    const folder = mkdtempSync(join(tmpdir(), 'folioscope-page-'));
    await buildWeb(join(folder, 'web'));
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
    return new Pages(folder, browser);
  }

  /** The address of a server, as `folioscope open` starts it. */
  async serve(...opened: readonly Opened[]): Promise<string> {
    const serving = await serve({ folder: join(this.folder, 'web'), opened });
    this.#servers.push(serving);
    return serving.address;
  }

  /**
   * Opens an address. What the page asks for must be of its own server, or data of its own; an error in it fails the test.
   * @returns the page, and what was wrong with it so far.
   */
  async open(address: string, options: BrowserContextOptions = {}): Promise<Opening> {
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    const wrong: string[] = [];
    const { origin } = new URL(address);
    page.on('request', (request) => {
      const url = request.url();
      const isOwn =
        /^(?:data|blob):/.test(url) ||
        (origin === 'null' ? url === address.split('#')[0] : url.startsWith(`${origin}/`));
      if (!isOwn) wrong.push(`asks for ${url}`);
    });
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') wrong.push(message.text());
    });
    page.on('pageerror', (error) => wrong.push(error.message));
    page.setDefaultTimeout(20_000);
    await page.goto(address);
    return { page, wrong, close: () => context.close() };
  }

  async end(): Promise<void> {
    await this.#browser.close();
    for (const server of this.#servers) server.end();
    rmSync(this.folder, { recursive: true });
  }
}

/** A page that is open. */
export interface Opening {
  readonly page: Page;
  /** Requests that leave the page, and errors in it. */
  readonly wrong: readonly string[];
  readonly close: () => Promise<void>;
}

/** A picture for docs/, if pictures are asked for. */
export async function picture(page: Page, name: string): Promise<void> {
  if (process.env['FOLIOSCOPE_PICTURES'] === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}

/** What axe finds, a line each. */
export async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const found: unknown = await page.evaluate(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })
       .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ': ' + target + ': ' + failureSummary)))`,
  );
  return Array.isArray(found) ? found.map(String) : ['axe has answered nothing'];
}

/** How far the page is wider than what is seen. */
export async function overflow(page: Page): Promise<number> {
  return Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
}

/** Axe, and 360 px without sideways scrolling, in both themes. */
export async function expectReadable(
  pages: Pages,
  address: string,
  ready: (page: Page) => Promise<void>,
): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page, wrong, close } = await pages.open(address, { colorScheme, viewport: { width: 360, height: 800 } });
    await ready(page);
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBe(0);
    expect(wrong).toEqual([]);
    await close();
  }
}
