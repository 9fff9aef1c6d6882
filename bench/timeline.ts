// SPDX-License-Identifier: MIT
// The timeline in Debian's Chromium: time to open, frame times of panning and zooming, memory.
//
//   npx tsx bench/timeline.ts [EVENTS...]
//
// A million and ten million events where none are named. The recording is made (bench/guest-recording.ts) out of the head of
// test/recordings/odd_v7_zstd.dat, which trace-cmd converts. It asserts no time.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core';
import { buildWeb } from '../scripts/build-web.mjs';
import { serve } from '../src/serve/index.ts';
import { recordGuest } from './guest-recording.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SIZES = process.argv.slice(2).map(Number);
const FRAMES = 240;
const WIDTH = 1280;
const HEIGHT = 860;
/** Milliseconds until a recording must be open. */
const PATIENCE = 900_000;

const say = (text = ''): void => console.log(text);
const grouped = (value: number): string => value.toLocaleString('en').replaceAll(',', ' ');

/** Peak and present memory of all processes of a browser, in MB, by type. */
async function memoryOf(browser: Browser): Promise<string> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const parts = processInfo.flatMap(({ type, id }) => {
    const status = readFileSync(`/proc/${id}/status`, 'utf8');
    const kilobytes = (field: string): number =>
      Number(new RegExp(String.raw`${field}:\s+(\d+) kB`).exec(status)?.[1] ?? 0);
    return type === 'renderer' ? [[kilobytes('VmRSS'), kilobytes('VmHWM')] as const] : [];
  });
  const [now, peak] = [0, 1].map((place) => parts.reduce((most, part) => Math.max(most, part[place] ?? 0), 0) / 1024);
  return `${Math.round(now ?? 0)} MB, at most ${Math.round(peak ?? 0)} MB`;
}

/** Milliseconds between frames, and of the main thread's work in each, while something moves. */
interface Frames {
  readonly apart: readonly number[];
  readonly work: readonly number[];
}

/** Moves the view in every frame by a wheel's event, as a hand does. */
const framesOf = (page: Page, event: string): Promise<Frames> =>
  page.evaluate<Frames>(`new Promise((done) => {
    const canvas = document.querySelector('.tl-stage canvas');
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const place = { clientX: left + width / 2, clientY: top + height / 2, bubbles: true, cancelable: true };
    const apart = [];
    const work = [];
    let last;
    let frame = 0;
    const channel = new MessageChannel();
    let begun = 0;
    channel.port1.onmessage = () => work.push(performance.now() - begun);
    const step = (now) => {
      if (last !== undefined) apart.push(now - last);
      last = now;
      if (frame === ${FRAMES}) return done({ apart, work });
      // The frame's own work begins here, and ends before the next task.
      begun = performance.now();
      canvas.dispatchEvent(new WheelEvent('wheel', { ...place, ...(${event})(frame++) }));
      channel.port2.postMessage(0);
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  })`);

const percentile = (values: readonly number[], share: number): string => {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN).toFixed(1).padStart(6);
};

/** Seconds of processor time that the page's main thread has taken: a busy machine does not change it. */
async function processorTime(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
}

async function row(page: Page, session: CDPSession, what: string, event: string): Promise<void> {
  const before = await processorTime(session);
  const { apart, work } = await framesOf(page, event);
  const processor = (1000 * ((await processorTime(session)) - before)) / FRAMES;
  const of = (values: readonly number[]): string => [0.5, 0.99, 1].map((share) => percentile(values, share)).join(' ');
  say(`  ${what.padEnd(24)} ${of(apart)}    ${of(work)}    ${processor.toFixed(1).padStart(6)}`);
}

async function measure(folder: string, v6: string, events: number): Promise<void> {
  const path = join(folder, `guest-${events}.dat`);
  const recorded = recordGuest(v6, path, events);
  say(
    `\n${grouped(recorded)} events, ${grouped(Math.round(statSync(path).size / 1e6))} MB; load ${loadavg()[0]?.toFixed(1)}`,
  );
  const serving = await serve({ folder: join(folder, 'web'), opened: [{ name: 'guest.dat', path }] });
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT } });
    page.on('pageerror', (error) => say(`  error in the page: ${error.message}`));
    const begun = performance.now();
    await page.goto(`${serving.address}#v1/timeline`);
    await page.locator('.tl-stage canvas').waitFor({ timeout: PATIENCE });
    const drawn = performance.now();
    await page.locator('.tl-panel:not(.is-late) .tl-verdicts').waitFor({ timeout: PATIENCE });
    const seconds = (to: number): string => ((to - begun) / 1000).toFixed(1);
    say(`  lanes after ${seconds(drawn)} s, the first verdict after ${seconds(performance.now())} s`);
    say(`  memory of the page and its worker: ${await memoryOf(browser)}`);
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    say('                            ms between frames      ms of work in a frame   processor ms');
    say('                             p50    p99    max       p50    p99    max      a frame');
    await row(page, session, 'zoom in from the whole', `() => ({ ctrlKey: true, deltaY: -4 })`);
    await row(page, session, 'pan, zoomed in', `(frame) => ({ deltaX: frame % 120 < 60 ? 40 : -40 })`);
    await row(page, session, 'zoom out to the whole', `() => ({ ctrlKey: true, deltaY: 4 })`);
    await row(page, session, 'zoom in by a tenth', `(frame) => ({ ctrlKey: frame < 25, deltaY: frame < 25 ? -9 : 0 })`);
    await row(page, session, 'pan, a tenth shown', `(frame) => ({ deltaX: frame % 120 < 60 ? 20 : -20 })`);
    say(`  memory afterwards: ${await memoryOf(browser)}`);
  } finally {
    await browser.close();
    serving.end();
    rmSync(path);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'folioscope-timeline-'));
try {
  const v6 = join(folder, 'v6.dat');
  const input = join(ROOT, 'test/recordings/odd_v7_zstd.dat');
  const { status, error } = spawnSync('trace-cmd', ['convert', '--file-version', '6', '-i', input, '-o', v6]);
  if (status !== 0) throw new Error(`trace-cmd (Debian package trace-cmd) cannot convert: ${error?.message ?? status}`);
  await buildWeb(join(folder, 'web'));
  say('THE TIMELINE, in Chromium without a graphics card');
  for (const events of SIZES.length > 0 ? SIZES : [1_000_000, 10_000_000]) await measure(folder, v6, events);
} finally {
  rmSync(folder, { recursive: true });
}
