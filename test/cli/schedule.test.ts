// SPDX-License-Identifier: MIT
// Whose turn it is, as the command line has it: seeds, explicit turns, replays, many runs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { folioscope, ROOT } from './folioscope.ts';
import { validatorOf } from './schema.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-schedule-'));
  writeFileSync(join(folder, 'race.yaml'), RACE);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A touch on another CPU races the conversion: before it, within it, or after it. */
const RACE = `scenario: RACE
title: A touch on another CPU while the page is converted
machine: { cpus: 2 }
guest_memfd: { pages: 1 }
tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
threads:
  T0: [{ convert: { range: 0..1, to: private } }]
  T1: [{ touch: 0..1 }]
`;

interface RunJson {
  readonly scenarios: readonly {
    readonly patches: readonly {
      readonly schedule: string;
      readonly turns: string;
      readonly calls: readonly object[];
      readonly steps: readonly { readonly task: string; readonly step: string }[];
    }[];
  }[];
}

const race = (...args: readonly string[]) => folioscope(['run', 'race.yaml', ...args], { cwd: folder });
function json(...args: readonly string[]): RunJson['scenarios'][number]['patches'][number] {
  const { stdout, stderr } = race('--json', '--patch', 'v6', ...args);
  expect(stderr).toBe('');
  const [patch] = (JSON.parse(stdout) as RunJson).scenarios[0]?.patches ?? [];
  if (patch === undefined) throw new Error('no answer');
  return patch;
}

test('a seed is a run, and so are the turns and the steps that it printed', () => {
  const seeded = json('--seed', '7');
  expect(seeded.schedule).toBe('v1:random:7');
  expect(new Set(seeded.steps.map(({ task }) => task))).toEqual(new Set(['T0', 'T1']));
  const listed = json('--schedule', seeded.turns);
  expect({ ...listed, schedule: seeded.schedule }).toEqual(seeded);
  writeFileSync(join(folder, 'seeded.json'), race('--json', '--patch', 'v6', '--seed', '7').stdout);
  const replayed = json('--replay', 'seeded.json');
  expect({ ...replayed, schedule: seeded.schedule }).toEqual(seeded);
});

test('a replay that does not fit says where', () => {
  const text = readFileSync(join(folder, 'seeded.json'), 'utf8');
  writeFileSync(join(folder, 'other.json'), text.replaceAll('"xas_find"', '"another"'));
  const { status, stderr } = race('--patch', 'v6', '--replay', 'other.json');
  expect(status).toBe(65);
  expect(stderr).toMatch(
    /^folioscope: other\.json: no longer fits race\.yaml: turn \d+ is 'another' of T0, which is at 'xas_find'\n$/,
  );
  expect(race('--patch', 'v8', '--replay', 'seeded.json')).toEqual({
    status: 65,
    stdout: '',
    stderr: 'folioscope: seeded.json: has steps of v6, expected one of these forms as --patch\n',
  });
});

test('a counterexample of check is played step by step, and comes to what check says', () => {
  const checked = folioscope(['check', 'race.yaml', '--patch', 'baseline', '--json'], { cwd: folder });
  expect(checked.status).toBe(1);
  const { property, counterexample } = JSON.parse(checked.stdout) as {
    readonly property: string;
    readonly counterexample: { readonly steps: readonly { readonly thread: string; readonly step: string }[] };
  };
  expect(property).toBe('I2');
  writeFileSync(join(folder, 'check.json'), checked.stdout);
  const { status, stdout, stderr } = race('--json', '--replay', 'check.json');
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  const [patch] = (JSON.parse(stdout) as RunJson).scenarios[0]?.patches ?? [];
  const { steps } = counterexample;
  expect(patch?.steps.slice(0, steps.length).map(({ task, step }) => ({ thread: task, step }))).toEqual(
    steps.map(({ thread, step }) => ({ thread, step })),
  );
  expect(patch?.calls).toContainEqual(
    expect.objectContaining({ returned: 'EAGAIN', conversion: expect.objectContaining({ spurious: true }) }),
  );
});

test('a counterexample against I5 ends where it does, with a conversion that has not returned', () => {
  const file = join(ROOT, 'scenarios/SC-32-worker-never-runs.yaml');
  writeFileSync(
    join(folder, 'endless.json'),
    folioscope(['check', file, '--patch', 'v6', '--json'], { cwd: folder }).stdout,
  );
  const played = folioscope(['run', file, '--patch', 'v6', '--replay', 'endless.json'], { cwd: folder });
  expect({ status: played.status, stderr: played.stderr }).toEqual({ status: 2, stderr: '' });
  expect(played.stdout).toContain('\n  v6  did not return\n');
  expect(played.stdout).toContain('\nundecided in v6\n');
  const why =
    'not all calls have returned in the 27 steps of this run against I5: after them no task that gets a turn can take a step';
  expect(played.stdout.replaceAll(/\n +/g, ' ')).toContain(`\nundecided: v6: ${why}\n`);

  const again = ['run', file, '--patch', 'v6', '--json', '--replay'];
  const once = folioscope([...again, 'endless.json'], { cwd: folder });
  writeFileSync(join(folder, 'once.json'), once.stdout);
  const twice = folioscope([...again, 'once.json'], { cwd: folder });
  expect([once.status, twice.status]).toEqual([2, 2]);
  expect(JSON.parse(once.stdout)).toMatchObject({ scenarios: [{ patches: [{ undecided: why }] }] });
  expect(twice.stdout).toBe(once.stdout);
});

test('of files that share a name, each is played by its own steps', () => {
  const other = RACE.replace('while the page is converted', 'before the page is converted');
  writeFileSync(
    join(folder, 'other.yaml'),
    other.replace('  T0: [', '  T1: [{ touch: 0..1 }]\n  T0: [').replace(/ {2}T1: [^\n]*\n$/, ''),
  );
  const both = folioscope(['run', 'race.yaml', 'other.yaml', '--json', '--patch', 'v6'], { cwd: folder });
  writeFileSync(join(folder, 'both.json'), both.stdout);
  const [race1, other1] = (JSON.parse(both.stdout) as RunJson).scenarios.map(({ patches }) => patches[0]?.steps);
  expect(race1).not.toEqual(other1);
  for (const [file, steps] of [
    ['race.yaml', race1],
    ['other.yaml', other1],
  ] as const) {
    const { stdout } = folioscope(['run', file, '--json', '--patch', 'v6', '--replay', 'both.json'], { cwd: folder });
    expect((JSON.parse(stdout) as RunJson).scenarios[0]?.patches[0]?.steps).toEqual(steps);
  }
});

test.each([
  ['T0:@nosuchstep', 'T0:@nosuchstep', "the nearest is 'T0:@up_write'; run --steps all shows the names"],
  ['T0:2,T0:@folio_ref_coutn,T1:all', 'T0:@folio_ref_coutn', "did you mean 'T0:@folio_ref_count'?"],
  [
    'T0:@lru_add_drain_al.mutex_lock',
    'T0:@lru_add_drain_al.mutex_lock',
    "did you mean 'T0:@lru_add_drain_all.mutex_lock'?",
  ],
  ['T1:@mas_store', 'T1:@mas_store', "did you mean 'T1:@xas_store'?"],
])('a schedule that names a step which its task never takes is no schedule: %s', (how, place, help) => {
  const task = place.slice(0, 2);
  const problem = `the schedule does not fit: '${place}': ${task} takes no such step, ${help}`;
  expect(race('--schedule', how, '--patch', 'v6')).toEqual({
    status: 65,
    stdout: '',
    stderr: `folioscope: race.yaml: ${problem}\n`,
  });
  writeFileSync(join(folder, 'mistyped.yaml'), RACE.replace('threads:', `schedule: ${how}\nthreads:`));
  for (const command of ['run', 'check'])
    expect(folioscope([command, 'mistyped.yaml', '--patch', 'v6'], { cwd: folder })).toEqual({
      status: 65,
      stdout: '',
      stderr: `folioscope: mistyped.yaml: ${problem}\n`,
    });
});

test('a schedule may name a step that only another form of the check takes', () => {
  expect(race('--schedule', 'T0:@lru_add_drain_all.mutex_lock,T1:all', '--patch', 'baseline')).toMatchObject({
    status: 0,
    stderr: '',
  });
});

test.each(['rr', 'T0:all', 'random:5'])('a seed that %s has no use for is a usage error', (how) => {
  expect(race('--schedule', how, '--seed', '7')).toEqual({
    status: 64,
    stdout: '',
    stderr: `folioscope: --seed goes with random or pct:D, not with ${how}\n`,
  });
});

test('many runs say how often each outcome was seen, and which seed shows it', () => {
  const { status, stdout, stderr } = race('--patch', 'v6', '--runs', '40', '--schedule', 'pct:2');
  expect(stderr).toBe('');
  expect(status).toBe(1);
  const lines = stdout.split('\n');
  expect(lines[2]).toBe('v6: 40 runs, 3 outcomes');
  const counts = lines.flatMap((line) => /^ {2,3}(\d+) {2}/.exec(line)?.[1] ?? []).map(Number);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(40);
  const [, seed = ''] = /first: --schedule (v1:pct:2:\d+)/.exec(stdout) ?? [];
  expect(json('--schedule', seed).schedule).toBe(seed);
});

test('and JSON says the same, with the calls of a first run of each', () => {
  const { status, stdout, stderr } = race('--patch', 'v6,v8', '--runs', '40', '--schedule', 'pct:2', '--json');
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  const { scenarios } = JSON.parse(stdout) as {
    readonly scenarios: readonly {
      readonly patches: readonly { readonly outcomes: readonly { readonly times: number }[] }[];
    }[];
  };
  const patches = scenarios[0]?.patches ?? [];
  expect(patches).toMatchObject([
    { patch: 'v6', runs: 40 },
    { patch: 'v8', runs: 40 },
  ]);
  for (const { outcomes } of patches) {
    expect(outcomes).toHaveLength(3);
    expect(outcomes.reduce((sum, { times }) => sum + times, 0)).toBe(40);
  }
  expect(validatorOf('run')(JSON.parse(stdout))).toBe(true);
});

test.each([
  [
    ['--schedule', 'T0;T1'],
    "--schedule: 'T0;T1' is not a schedule, expected rr, random, pct:D, in-order or turns such as T0:12,T1:@folio_put,T0:all",
  ],
  [['--runs', '3', '--schedule', 'rr'], '--runs goes with random or pct:D, not with rr'],
  [['--replay', 'x', '--seed', '1'], '--replay has its own order of turns: leave out --schedule, --seed and --runs'],
])('%j is a usage error', (args, message) => {
  expect(race(...args)).toEqual({ status: 64, stdout: '', stderr: `folioscope: ${message}\n` });
});

test('turns that do not fit are input of which nothing can be answered', () => {
  expect(race('--schedule', 'T0:3,T9')).toEqual({
    status: 65,
    stdout: '',
    stderr: "folioscope: race.yaml: the schedule does not fit: no task 'T9', did you mean 'T0'?\n",
  });
});
