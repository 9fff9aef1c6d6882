// SPDX-License-Identifier: MIT
// Explores the peer protocol, drain-all, side by side with Debian's spin and rumur, in turns.
//
//   FOLIOSCOPE_PEERS=DIRECTORY npx tsx bench/check.ts [CPUS FOLIOS [ROUNDS]]      3 4 3 where not given
//
// The directory holds the protocol for the others: gmem.pml, with the macros C, F and VARIANT, and gmem.m, with @C@, @F@,
// @B@, @V@ and @JUDGE@ to be replaced. Who is not installed, or has no file, is left out, and it says so.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';

const [cpus = '3', folios = '4', times = '3'] = process.argv.slice(2);
const peers = process.env['FOLIOSCOPE_PEERS'];
const directory = mkdtempSync(join(tmpdir(), 'folioscope-check-'));

/** A run: states a second is of `seconds`. */
interface Run {
  readonly seconds: number;
  readonly states: number;
}
interface Contender {
  readonly name: string;
  readonly run: () => Run;
  readonly rounds: Run[];
}

function timed(command: string, args: readonly string[]): { readonly seconds: number; readonly output: string } {
  const begun = performance.now();
  const { stdout, status, error } = spawnSync(command, args, { cwd: directory, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${status}`);
  return { seconds: (performance.now() - begun) / 1000, output: stdout };
}

const number = (text: string, pattern: RegExp): number =>
  Number((pattern.exec(text)?.[1] ?? 'NaN').replaceAll(',', ''));
const say = (text: string): void => console.log(text);
const isInstalled = (command: string): boolean => spawnSync('which', [command]).status === 0;

const contenders: Contender[] = [];
const ours = (name: string, ...words: readonly string[]): void => {
  const args = [
    '--import',
    import.meta.resolve('tsx'),
    join(import.meta.dirname, 'peer.ts'),
    cpus,
    folios,
    'v6',
    ...words,
  ];
  const run = (): Run => {
    const { output } = timed(process.execPath, args);
    return { seconds: number(output, /^([\d.]+) s,/m), states: number(output, /(\d+) states/) };
  };
  contenders.push({ name, run, rounds: [] });
};

function pan(): void {
  const missing = ['spin', 'gcc'].find((command) => !isInstalled(command));
  if (missing !== undefined) return say(`spin left out: ${missing} is not installed`);
  if (peers === undefined || !existsSync(join(peers, 'gmem.pml')))
    return say('spin left out: no gmem.pml in FOLIOSCOPE_PEERS');
  const made =
    timed('spin', ['-a', `-DC=${cpus}`, `-DF=${folios}`, '-DVARIANT=2', join(peers, 'gmem.pml')]).seconds +
    timed('gcc', ['-O3', '-march=native', '-w', '-DNOREDUCE', '-DSAFETY', '-o', 'pan', 'pan.c']).seconds;
  say(`pan took ${made.toFixed(2)} s to be generated and compiled, which is not in its time below`);
  const run = (): Run => {
    const { seconds, output } = timed('./pan', ['-m1000000', '-w24']);
    if (!output.includes('errors: 0')) throw new Error('pan finds an error');
    return { seconds, states: number(output, /^\s*([\d.e+]+) states, stored/m) };
  };
  contenders.push({ name: 'pan, depth first', run, rounds: [] });
}

function rumur(): void {
  const missing = ['rumur', 'gcc'].find((command) => !isInstalled(command));
  if (missing !== undefined) return say(`rumur left out: ${missing} is not installed`);
  if (peers === undefined || !existsSync(join(peers, 'gmem.m')))
    return say('rumur left out: no gmem.m in FOLIOSCOPE_PEERS');
  const values: Record<string, string> = { C: cpus, F: folios, B: '2', V: '2', JUDGE: '' };
  const text = readFileSync(join(peers, 'gmem.m'), 'utf8').replaceAll(
    /@([A-Z]+)@/g,
    (_, key: string) => values[key] ?? '',
  );
  writeFileSync(join(directory, 'g.m'), text);
  timed('rumur', ['--threads', '1', '--deadlock-detection', 'stuck', '-o', 'g.c', 'g.m']);
  timed('gcc', ['-std=c11', '-O3', '-march=native', '-mcx16', '-w', '-o', 'g', 'g.c', '-lpthread']);
  const run = (): Run => {
    const { seconds, output } = timed('./g', []);
    return { seconds, states: number(output, /State Space Explored:\s*([\d]+)/) };
  };
  contenders.push({ name: 'rumur, 1 thread', run, rounds: [] });
}

const LOOP = 'let x=0;for(let i=0;i<1e9;i++)x=(x+i)|0;process.exitCode=x===1?1:0';
/** How much faster two empty loops are side by side than one after the other. */
async function control(): Promise<number> {
  const loops = async (count: number): Promise<number> => {
    const begun = performance.now();
    await Promise.all(
      Array.from({ length: count }, async () => {
        await once(spawn(process.execPath, ['-e', LOOP]), 'exit');
      }),
    );
    return performance.now() - begun;
  };
  const one = await loops(1);
  return (2 * one) / (await loops(2));
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

try {
  say(`Exploring the peer protocol, ${cpus} CPUs, ${folios} folios, drain-all. Medians of ${times} rounds`);
  say(`taken in turns, seconds of wall clock. Load before: ${loadavg()[0]?.toFixed(1)}.`);
  ours('one thread');
  ours('one thread, compact', 'compact');
  ours('two workers', 'workers', '2');
  pan();
  rumur();
  const gains: number[] = [];
  for (let round = 0; round < Number(times); round++) {
    for (const { run, rounds } of contenders) rounds.push(run());
    gains.push(await control());
  }
  const [first] = contenders;
  if (first === undefined) throw new Error('nobody to compare with');
  for (const { name, rounds } of contenders) {
    const ratio = median(rounds.map(({ seconds }, i) => seconds / (first.rounds[i]?.seconds ?? Number.NaN)));
    const seconds = median(rounds.map((run) => run.seconds));
    const states = rounds[0]?.states ?? Number.NaN;
    say(
      `  ${name.padEnd(22)}${seconds.toFixed(2).padStart(8)} s${(states / seconds / 1e6).toFixed(2).padStart(8)} M states/s` +
        `${ratio.toFixed(2).padStart(8)} x the time`,
    );
    // SPIN prints a number of more than six digits rounded.
    if (Math.abs(states / (first.rounds[0]?.states ?? 0) - 1) > 1e-5) throw new Error(`${name} finds ${states} states`);
  }
  const two = contenders.find(({ name }) => name === 'two workers');
  const gain = median(first.rounds.map(({ seconds }, i) => seconds / (two?.rounds[i]?.seconds ?? Number.NaN)));
  say(`  Two workers gain ${gain.toFixed(2)} x, two empty loops ${median(gains).toFixed(2)} x from the second core.`);
} finally {
  rmSync(directory, { recursive: true });
}
