// SPDX-License-Identifier: MIT
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { type Opened, serve, type Serving } from '../../src/serve/index.ts';
import { buildWeb } from '../../scripts/build-web.mjs';

/** Debian's Chromium. */
const CHROMIUM = '/usr/bin/chromium';

/** Why no test can open the page; undefined where it can. */
export const noBrowser: string | undefined = existsSync(CHROMIUM)
  ? undefined
  : `no ${CHROMIUM} (Debian package chromium)`;

/** The built page, and a browser. */
export interface PageServer {
  readonly browser: Browser;
  /** Serves the page. @param opened files that it opens. @returns its address. */
  serve(opened: readonly Opened[]): Promise<string>;
  end(): Promise<void>;
}

/** Builds the page, and starts a browser. */
export async function startPage(): Promise<PageServer> {
  const folder = mkdtempSync(join(tmpdir(), 'folioscope-page-'));
  await buildWeb(folder);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  const all: Serving[] = [];
  return {
    browser,
    serve: async (opened) => {
      const serving = await serve({ folder, opened });
      all.push(serving);
      return serving.address;
    },
    end: async () => {
      await browser.close();
      for (const serving of all) serving.end();
      await Promise.all(all.map(({ ended }) => ended));
      rmSync(folder, { recursive: true });
    },
  };
}
