// SPDX-License-Identifier: MIT
// The command under `again:` gives the same report: every option that may change the answer stands in it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Command } from 'commander';
import { registerCheck } from '../../src/cli/check.ts';
import { registerExplain } from '../../src/cli/explain.ts';
import { registerRun } from '../../src/cli/run.ts';
import { folioscope } from './folioscope.ts';

const LIMIT = 120_000;
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-again-'));
  const run = folioscope(['run', SC, '--patch', 'v6', '--json']);
  writeFileSync(join(folder, 'run.json'), run.stdout);
});
afterAll(() => rmSync(folder, { recursive: true }));

const SC = 'scenarios/SC-02-other-cpu.yaml';
const PEER = 'scenarios/peer-protocol.yaml';

/** Options that do not change the answer, or of which another says it. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  // How and where it is written; which scenarios; where a check goes on from, which --resume would need.
  check: [
    '--json',
    '--itf',
    '--html',
    '--all',
    '--shard',
    '--queue',
    '--mutants',
    '--checkpoint',
    '--checkpoint-every',
    '--resume',
  ],
  // --seed stands in --schedule.
  run: ['--json', '--html', '--seed'],
  explain: ['--json', '--html'],
};

/** Command lines that have every other option, DIR standing for a folder. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  check: [
    `${SC} --patch v6 --profile linux-6.18 --exact --most-states 5000 --memory 300 --spill DIR/states --coverage`,
    `${SC} --patch v6 --no-partial-order --no-symmetry --workers 2`,
    `${SC} --patch v6 --depth-first`,
    `${SC} --patch v6 --random 3 --seed 4 --pct 2 --steps 50`,
    `${SC} --patch v6 --hash-compaction`,
    `${SC} --patch v6 --bitstate 10`,
    `${PEER} --patch v6 --cpus 2 --folios 1`,
  ],
  run: [
    `${SC} --patch v6 --profile linux-6.18 --schedule v1:pct:3:7 --runs 3`,
    `${SC} --patch v6 --replay DIR/run.json --steps all`,
    `${SC} --patch v6 --trace DIR/trace.txt --page-ref`,
  ],
  explain: [
    'examples/two-cpu.dat --at end --range 0..50 --cpu 1 --profile linux-6.18 --patch v6,baseline --fail-on any --redact',
    'examples/two-cpu.dat --inode 0:16:0x2a05b --buffer lab',
    'examples/pinned.txt --pfn 0x671c --at end',
  ],
};

/** The words of a command under `again:`. */
function again(stdout: string): readonly string[] {
  const [, command = ''] = /\nagain:\n([^]*)$/.exec(stdout) ?? [];
  return command.replaceAll('\\\n', ' ').trim().split(/\s+/);
}

const REGISTER: Readonly<Record<string, (program: Command) => void>> = {
  check: registerCheck,
  run: registerRun,
  explain: registerExplain,
};

describe.each(Object.entries(COMMANDS))('%s', (command, lines) => {
  test('every option is asked for here, or is left out for a reason', () => {
    const program = new Command();
    REGISTER[command]?.(program);
    const options = program.commands[0]?.options.flatMap(({ long }) => long ?? []) ?? [];
    const known = new Set([...lines.flatMap((line) => line.split(' ')), ...(LEFT_OUT[command] ?? [])]);
    expect(options.length).toBeGreaterThan(6);
    expect(options.filter((option) => !known.has(option))).toEqual([]);
  });

  test.each(lines)('%s', { timeout: LIMIT }, (line) => {
    const words = line.replaceAll('DIR', folder).split(' ');
    const { stdout } = folioscope([command, ...words]);
    // A path tells who has the recording.
    const shown = words.includes('--redact') ? words.with(0, 'recording1') : words;
    expect(new Set(again(stdout))).toEqual(new Set(['folioscope', command, ...shown]));
  });
});
