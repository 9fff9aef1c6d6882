// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { explainTrace, parseMoment, type Question } from '../src/explain/index.ts';
import { cpu, folioIndex } from '../src/ledger/index.ts';
import { PATCHES } from '../src/machine/index.ts';
import { explanationToJson, explanationToText } from '../src/report/index.ts';
import { type ByteSource, memorySource, redactorOf } from '../src/trace/index.ts';
import { reduced } from './support/reduced.ts';

/** Recordings besides those of the repository, for a run by hand. */
const MORE = process.env['FOLIOSCOPE_RECORDINGS'];

const recordings = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.dat'))
    .map((name) => join(folder, name))
    .toSorted();

const FILES = [
  ...recordings('examples'),
  ...recordings('test/recordings'),
  ...(MORE === undefined ? [] : recordings(MORE)),
];

const QUESTIONS: Readonly<Record<string, Partial<Question>>> = {
  'by default': {},
  'at the end': { moments: [parseMoment('end')!] },
  'of some pages, on a CPU': {
    moments: [parseMoment('every-marker')!],
    range: { from: folioIndex(3), to: folioIndex(40) },
    cpu: cpu(1),
  },
};

/** The answer as text and as JSON, without what differs: the version of the file and the number of its events. */
async function answersOf(source: ByteSource, question: Partial<Question>): Promise<readonly [string, string]> {
  const explanation = await explainTrace(source, { moments: [], patches: PATCHES, ...question });
  const trace = { ...explanation.trace, format: 'trace.dat v7' as const, events: 0 };
  const same = { ...explanation, trace };
  return [explanationToText(same, { file: 'a.dat', options: [], version: '0' }), explanationToJson(same)];
}

const sourceOf = (file: string): ByteSource => memorySource(file, new Uint8Array(readFileSync(file)));

describe.each(FILES)('%s', (file) => {
  test.each(Object.entries(QUESTIONS))('reduced, it gives the same answer %s', async (_, question) => {
    const source = sourceOf(file);
    const { bytes, events, all } = await reduced(source);
    expect(events).toBeLessThanOrEqual(all);
    expect(await answersOf(memorySource('reduced', bytes), question)).toEqual(await answersOf(source, question));
  });

  test.each(Object.entries(QUESTIONS))('reduced and redacted, the same as redacted %s', async (_, question) => {
    const source = sourceOf(file);
    const { bytes } = await reduced(source, await redactorOf(source));
    const redactor = await redactorOf(source);
    expect(await answersOf(memorySource('reduced', bytes), question)).toEqual(
      await answersOf(source, { ...question, redactor }),
    );
  });

  test('reduced again, it stays the same', async () => {
    const once = await reduced(sourceOf(file));
    const twice = await reduced(memorySource('once', once.bytes));
    expect(Buffer.from(twice.bytes).equals(once.bytes)).toBe(true);
  });
});

const hasTraceCmd = spawnSync('trace-cmd', ['--version']).error === undefined;

describe.skipIf(!hasTraceCmd)('trace-cmd', () => {
  test.each(FILES)('reads %s reduced: every kept event', async (file) => {
    const folder = mkdtempSync(join(tmpdir(), 'folioscope-reduced-'));
    try {
      const source = sourceOf(file);
      const { bytes, events } = await reduced(source, await redactorOf(source));
      writeFileSync(join(folder, 'reduced.dat'), bytes);
      const { stdout, stderr } = spawnSync('trace-cmd', ['report', join(folder, 'reduced.dat')], {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
      });
      expect(stderr).toBe('');
      const lines = stdout.split('\n').filter((line) => /^.{0,60}\[\d{3}\]/.test(line));
      const own = lines.filter((line) => !/ (?:left_out|kernel_stack):/.test(line));
      expect(own.length).toBe(events);
      expect(stdout).not.toMatch(/\[FAILED|UNKNOWN|bad op/i);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
