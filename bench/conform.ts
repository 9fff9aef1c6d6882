// SPDX-License-Identifier: MIT
// How much of the model a recording, a search and the unit tests hold: mistakes made on purpose in the kernel's text, and which
// of the three notices. Prints the tables of docs/conform.md.
//
//   npx tsx bench/conform.ts             the mutants, by conform and check
//   npx tsx bench/conform.ts unit        the mutants of the model, by unit tests
//   npx tsx bench/conform.ts ways FILE   the two ways to take steps, on a recording of linux-6.18
//   exit 0: every recording is accepted, and 95 % of the mutants are killed by conform or check; 1: not
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { Follower } from '../src/conform/follower.ts';
import { Recording } from '../src/conform/recording.ts';
import { MUTANTS, type Patch, PATCHES, type Profile, PROFILES } from '../src/kernel/index.ts';
import { OutOfRange } from '../src/lang/index.ts';
import { parseScenario, type Scenario } from '../src/scenario/index.ts';
import { memorySource, readTrace } from '../src/trace/index.ts';
import { checkScenario } from '../src/verify/index.ts';
import { MODEL_MUTANTS, type ModelMutant, mutatedPatch } from './conform-mutants.ts';

const ROOT = new URL('../', import.meta.url);

/** A recording, with the kernel and the form of the check that it was made with. */
interface Recorded {
  readonly name: string;
  readonly recording: Recording;
  readonly profile: Profile;
  readonly patch: Patch;
}

const profileNamed = (name: string): Profile => {
  const found = PROFILES.find((profile) => profile.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const formNamed = (name: string): Patch | undefined => PATCHES.find((patch) => patch.name === name);

async function recorded(path: string, is73: boolean): Promise<Recorded> {
  const bytes = readFileSync(new URL(path, ROOT));
  const recording = new Recording();
  const plain = path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
  await readTrace(memorySource(path, new Uint8Array(plain)), { onEvents: (events) => recording.add(events) });
  const patch = formNamed(basename(path).split('.')[1] ?? '') ?? formNamed('v8');
  if (patch === undefined) throw new Error(path);
  return { name: basename(path), recording, profile: profileNamed(is73 ? 'linux-7.3' : 'linux-6.18'), patch };
}

const inFolder = (folder: string, wanted: RegExp): readonly string[] =>
  readdirSync(new URL(folder, ROOT))
    .filter((name) => wanted.test(name))
    .toSorted()
    .map((name) => `${folder}${name}`);

/** Recordings for the mutants: those first that hold the most. */
async function corpus(): Promise<readonly Recorded[]> {
  const is73 = [
    ...inFolder('test/recordings/', /\.pageref\.txt$/).filter((path) => !path.includes('lab_drain')),
    ...['s8_punch', 's2_n40', 's1_samecpu', 's2_n31', 's5_roundtrip', 's12_fork', 's7_mlock'].flatMap((name) =>
      inFolder('test/lab/', new RegExp(`^${name}\\..*\\.txt$`)),
    ),
  ];
  const is618 = [
    'test/recordings/fallocate.txt.gz',
    'test/recordings/punch.txt',
    'test/recordings/two-cpu.txt',
    'test/recordings/noisy.txt.gz',
    'test/recordings/random-2.txt',
    'test/recordings/random-3.txt',
    'test/wild/139.three.txt.gz',
    'test/wild/134.mono.txt.gz',
    'test/wild/136.none.txt.gz',
    'test/wild/223.tsc.txt.gz',
  ];
  return Promise.all([...is73.map((path) => recorded(path, true)), ...is618.map((path) => recorded(path, false))]);
}

const followed = ({ recording }: Recorded, profile: Profile, patch: Patch) =>
  new Follower(recording, { profile, patch }).follow();

/** Which recording a mistake does not explain; undefined if it explains all. */
function killedByConform(
  all: readonly Recorded[],
  of: (recorded: Recorded) => { profile: Profile; patch: Patch } | undefined,
) {
  for (const one of all) {
    const asked = of(one);
    if (asked === undefined) continue;
    try {
      const { divergence, gaveUp } = followed(one, asked.profile, asked.patch);
      // After a choice that a bound gave up, a divergence decides nothing.
      if (divergence !== undefined && gaveUp === undefined) return `${one.name}, event ${divergence.at + 1}`;
    } catch (error) {
      if (!(error instanceof OutOfRange)) throw error;
      return `${one.name}: a value is out of its range`;
    }
  }
  return undefined;
}

const scenario = (file: string): Scenario =>
  parseScenario(file, readFileSync(new URL(`scenarios/${file}`, ROOT), 'utf8'));

/** Questions for the mutants of the model: small, and each about another part of it. */
const QUESTIONS = (
  [
    ['SC-02-other-cpu.yaml', 'v8'],
    ['SC-25-punched-in-batch.yaml', 'v8'],
    ['SC-01-same-cpu.yaml', 'local-drain'],
    ['SC-01-same-cpu.yaml', 'baseline'],
    ['SC-15-mlock-batch.yaml', 'v8'],
    ['SC-15-mlock-batch.yaml', 'baseline'],
    ['SC-16-own-unmap.yaml', 'baseline'],
    ['SC-26-fallocate.yaml', 'v8'],
    ['SC-06-flush-in-progress.yaml', 'v8'],
  ] as const
).map(([file, form]) => ({ one: scenario(file), form }));
const MOST_STATES = 60_000;

const baseAnswers = new Map<string, string>();

function answerOf(of: Scenario, patch: Patch): string {
  const { verdict, properties, before } = checkScenario(of, patch, { mostStates: MOST_STATES });
  if (verdict === 'undecided') return 'undecided';
  return `${verdict} ${properties
    .filter((one) => one.verdict === 'violated')
    .map(({ id }) => id)
    .join()} ${before.length}`;
}

/** The scenario whose answer a mistake changes. */
function killedByCheck(mutant: ModelMutant): string | undefined {
  for (const { one, form } of QUESTIONS) {
    const patch = formNamed(form);
    if (patch === undefined) throw new Error(form);
    const key = `${one.file} ${form}`;
    const base = baseAnswers.get(key) ?? answerOf(one, patch);
    baseAnswers.set(key, base);
    const { machine, check } = one;
    const changed = {
      ...one,
      machine: { ...machine, profile: { ...machine.profile, ...mutant.profile } },
      check: { ...check, profile: { ...check.profile, ...mutant.profile } },
    };
    try {
      const answer = answerOf(changed, mutatedPatch(patch, mutant));
      if (answer !== 'undecided' && answer !== base) return `${one.name} ${form}`;
    } catch (error) {
      if (!(error instanceof OutOfRange)) throw error;
      return `${one.name} ${form}: a value is out of its range`;
    }
  }
  return undefined;
}

interface Row {
  readonly name: string;
  readonly forgets: string;
  readonly conform: string | undefined;
  readonly check: string | undefined;
}

async function mutants(): Promise<boolean> {
  const all = await corpus();
  for (const one of all) {
    const { divergence } = followed(one, one.profile, one.patch);
    if (divergence !== undefined) throw new Error(`${one.name} diverges without a mutant, at ${divergence.at}`);
  }
  const rows: Row[] = [];
  const show = (row: Row): void => {
    rows.push(row);
    console.log(`| \`${row.name}\` | ${row.forgets} | ${row.conform ?? '-'} | ${row.check ?? '-'} |`);
  };
  console.log('| mutant | the mistake | conform | check |\n|---|---|---|---|');
  for (const mutant of MODEL_MUTANTS)
    show({
      name: mutant.name,
      forgets: mutant.forgets,
      conform: killedByConform(all, ({ profile, patch }) => ({
        profile: { ...profile, ...mutant.profile },
        patch: mutatedPatch(patch, mutant),
      })),
      check: killedByCheck(mutant),
    });
  for (const { name, forgets, patch, scenario: id, property } of MUTANTS)
    show({
      name,
      forgets,
      // They are mutants of v6, which is v8 for single pages.
      conform: killedByConform(all, ({ profile, patch: form }) =>
        form.name === 'v8' ? { profile, patch } : undefined,
      ),
      check: `${id} ${property}`,
    });
  const killed = (by: (row: Row) => boolean): string => `${rows.filter((row) => by(row)).length} of ${rows.length}`;
  const either = rows.filter(({ conform, check }) => conform !== undefined || check !== undefined).length / rows.length;
  console.log(
    `\nkilled by conform ${killed(({ conform }) => conform !== undefined)}, by check ${killed(({ check }) => check !== undefined)}, by one of the two ${killed(({ conform, check }) => conform !== undefined || check !== undefined)}: ${(100 * either).toFixed(0)} %; recordings ${all.length}`,
  );
  return either >= 0.95;
}

async function ways(path: string): Promise<void> {
  const one = await recorded(path, false);
  for (const way of ['compiled', 'interpreted'] as const) {
    const before = process.cpuUsage();
    const { steps, divergence } = new Follower(one.recording, { profile: one.profile, patch: one.patch, way }).follow();
    const seconds = process.cpuUsage(before).user / 1e6;
    console.log(
      `${way}: ${one.recording.events.length} events, ${steps} steps, ${seconds.toFixed(1)} s of CPU, ${divergence === undefined ? 'conforms' : 'diverges'}`,
    );
  }
}

/** Which mutants of the model the unit tests of machines, verdicts and the lab's results notice: one vitest each. */
function unit(): void {
  console.log('| mutant | unit tests |\n|---|---|');
  for (const { name } of MODEL_MUTANTS) {
    const { stdout, stderr, status } = spawnSync(
      'npx',
      ['vitest', 'run', '--config', 'bench/conform-unit.config.ts', '--bail', '1'],
      { cwd: fileURLToPath(ROOT), env: { ...process.env, MUTANT: name, NO_COLOR: '1' }, encoding: 'utf8' },
    );
    const failed = /FAIL +(\S+)/.exec(stripVTControlCharacters(stdout + stderr))?.[1];
    console.log(`| \`${name}\` | ${status === 0 ? '-' : (failed ?? 'does not start')} |`);
  }
}

const [what = 'mutants', path = ''] = process.argv.slice(2);
if (what === 'ways') await ways(path);
else if (what === 'unit') unit();
else process.exitCode = (await mutants()) ? 0 : 1;
