// SPDX-License-Identifier: MIT
// Explores the peer protocol, drain-all, side by side with Debian's spin and rumur, in turns.
//
//   npx tsx bench/check.ts [CPUS FOLIOS [ROUNDS [bitstate]]]      3 3 3 where not given; no round begins after a minute
//
// With `bitstate`, for a state space that is too large to store: pan keeps three bits of 2 GiB for each state, and may lose
// states; folioscope explores exactly, with reductions.
//
// Both explore folioscope's export. If FOLIOSCOPE_PEERS names a directory with the protocol written for them by hand, they
// explore that too: gmem.pml, with the macros C, F and VARIANT, and gmem.m, with @C@, @F@, @B@, @V@ and @JUDGE@ to be replaced.
// A checker that is not installed, or has no file, is left out with a note.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemory, type Exported, Interpreter, toMurphi, toPromela } from '../src/lang/index.ts';
import { buildPeer } from '../src/peer/index.ts';

/** Seconds after which no round begins. */
const BUDGET = 60;
const [cpus = '3', folios = '3', times = '3', mode] = process.argv.slice(2);
const isLarge = mode === 'bitstate';
const peers = process.env['FOLIOSCOPE_PEERS'];
const directory = mkdtempSync(join(tmpdir(), 'folioscope-check-'));

/** A run: states a second is of `seconds`. */
interface Run {
  readonly seconds: number;
  readonly states: number;
}
interface Contender {
  readonly name: string;
  /** Whether its number of states must equal that of the others. */
  readonly isWhole: boolean;
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
/** By name: most memory of the process. */
const megabytes = new Map<string, number>();
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
    megabytes.set(name, number(output, /(\d+) MB/));
    return { seconds: number(output, /^([\d.]+) s,/m), states: number(output, /(\d+) states/) };
  };
  contenders.push({ name, isWhole: !words.includes('symmetry'), run, rounds: [] });
};

/** The protocol as others may be asked it. */
function exported(): Exported {
  const peer = buildPeer({ cpus: Number(cpus), folios: Number(folios), variant: 'v6' });
  const initial = createMemory(peer.program);
  const interpreter = new Interpreter(peer.program, initial);
  for (const task of peer.codeOf) interpreter.start(task, task);
  return { ...peer, initial };
}

const FASTEST = ['-O3', '-march=native', '-w', '-DNOREDUCE', '-DSAFETY'];

/** @param path of the protocol in Promela. @param by whose it is. */
function pan(by: string, path: string, ...macros: readonly string[]): void {
  const missing = ['spin', 'gcc'].find((command) => !isInstalled(command));
  if (missing !== undefined) return say(`spin left out: ${missing} is not installed`);
  const program = join(directory, `pan-${by}`);
  const made =
    timed('spin', ['-o2', '-a', ...macros, path]).seconds +
    timed('gcc', [...FASTEST, ...(isLarge ? ['-DBITSTATE'] : []), '-o', program, 'pan.c']).seconds;
  say(`pan, ${by}, took ${made.toFixed(2)} s to be generated and compiled, which is not in its time below`);
  const run = (): Run => {
    const { seconds, output } = timed(program, ['-m1000000', isLarge ? '-w34' : '-w24']);
    if (!output.includes('errors: 0')) throw new Error('pan finds an error');
    return { seconds, states: number(output, /^\s*([\d.e+]+) states, stored/m) };
  };
  contenders.push({ name: `pan, ${by}`, isWhole: !isLarge, run, rounds: [] });
}

/** @param text the protocol in Murphi. */
function rumur(by: string, text: string): void {
  const missing = ['rumur', 'gcc'].find((command) => !isInstalled(command));
  if (missing !== undefined) return say(`rumur left out: ${missing} is not installed`);
  const program = join(directory, `rumur-${by}`);
  writeFileSync(`${program}.m`, text);
  timed('rumur', ['--threads', '1', '--deadlock-detection', 'stuck', '-o', `${program}.c`, `${program}.m`]);
  timed('gcc', ['-std=c11', '-O3', '-march=native', '-mcx16', '-w', '-o', program, `${program}.c`, '-lpthread']);
  const run = (): Run => {
    const { seconds, output } = timed(program, []);
    return { seconds, states: number(output, /State Space Explored:\s*([\d]+)/) };
  };
  contenders.push({ name: `rumur, ${by}`, isWhole: true, run, rounds: [] });
}

/** The files by hand, as far as there are any. */
function byHand(): void {
  if (peers === undefined) return say('pan and rumur by hand left out: FOLIOSCOPE_PEERS is not set');
  const [promela, murphi] = ['gmem.pml', 'gmem.m'].map((name) => join(peers, name));
  if (promela !== undefined && existsSync(promela))
    pan('by hand', promela, `-DC=${cpus}`, `-DF=${folios}`, '-DVARIANT=2');
  else say('pan by hand left out: FOLIOSCOPE_PEERS has no gmem.pml');
  if (isLarge) return;
  if (murphi === undefined || !existsSync(murphi)) return say('rumur by hand left out: FOLIOSCOPE_PEERS has no gmem.m');
  const values: Record<string, string> = { C: cpus, F: folios, B: '2', V: '2', JUDGE: '' };
  rumur(
    'by hand',
    readFileSync(murphi, 'utf8').replaceAll(/@([A-Z]+)@/g, (_, key: string) => values[key] ?? ''),
  );
}

/** How we explore less, and the words for it. */
const REDUCED = [
  ['symmetry', 'symmetry'],
  ['partial order too', 'symmetry', 'partial-order'],
] as const;

const LOOP = 'let x=0;for(let i=0;i<1e9;i++)x=(x+i)|0;process.exitCode=x===1?1:0';
/**
 * How much faster two empty loops are side by side than one after the other: of each pair one loop alone, two together, one
 * alone. The first run after other work is slowed by it. When the single loop always came first, the gain exceeded the number
 * of processors.
 */
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
  await loops(2);
  const found: number[] = [];
  for (let pair = 0; pair < 3; pair++) {
    const before = await loops(1);
    const both = await loops(2);
    found.push((before + (await loops(1))) / both);
  }
  return median(found);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

try {
  say(`Exploring the peer protocol, ${cpus} CPUs, ${folios} folios, drain-all. Rounds taken`);
  say(`in turns, seconds of wall clock. Load before: ${loadavg()[0]?.toFixed(1)}.`);
  if (!isLarge) {
    ours('one thread');
    ours('two workers', 'workers', '2');
  }
  for (const [name, ...words] of REDUCED) {
    ours(name, ...words);
    ours(`${name}, two workers`, ...words, 'workers', '2');
  }
  if (!isLarge) {
    writeFileSync(join(directory, 'exported.pml'), toPromela(exported()));
    pan('exported', 'exported.pml');
    rumur('exported', toMurphi(exported()));
  }
  byHand();
  const begun = performance.now();
  const gains: number[] = [];
  for (let round = 0; round < Number(times); round++) {
    if (round > 0 && (performance.now() - begun) / 1000 > BUDGET) break;
    for (const { run, rounds } of contenders) rounds.push(run());
    gains.push(await control());
  }
  say(`Medians of ${gains.length === 1 ? 'one round' : `${gains.length} rounds`}:`);
  const [first] = contenders;
  if (first === undefined) throw new Error('no result to compare with');
  const ratioOf = (one: Contender, other: Contender): number =>
    median(one.rounds.map(({ seconds }, i) => seconds / (other.rounds[i]?.seconds ?? Number.NaN)));
  const whole = contenders.find(({ isWhole }) => isWhole);
  for (const contender of contenders) {
    const { name, isWhole, rounds } = contender;
    const seconds = median(rounds.map((run) => run.seconds));
    const states = rounds[0]?.states ?? Number.NaN;
    const memory = megabytes.get(name);
    say(
      `  ${name.padEnd(32)}${seconds.toFixed(2).padStart(8)} s${(states / seconds / 1e6).toFixed(2).padStart(8)} M states/s` +
        `${ratioOf(contender, first).toFixed(2).padStart(8)} x the time${memory === undefined ? '' : `${String(memory).padStart(7)} MB`}`,
    );
    // SPIN prints a number of more than six digits rounded.
    if (isWhole && Math.abs(states / (whole?.rounds[0]?.states ?? 0) - 1) > 1e-5)
      throw new Error(`${name} finds ${states} states`);
  }
  const named = (name: string): Contender | undefined => contenders.find((contender) => contender.name === name);
  const [one, two] = [named('one thread'), named('two workers')];
  const reduced = REDUCED.map(([name]) => [named(name), named(`${name}, two workers`)] as const);
  const loops = median(gains);
  const gain = (from: Contender | undefined, to: Contender | undefined, what: string): void => {
    if (from === undefined || to === undefined) return;
    const gained = ratioOf(from, to);
    say(
      `  ${what}: ${gained.toFixed(2)} x; two empty loops: ${loops.toFixed(2)} x. That is ` +
        `${((100 * gained) / loops).toFixed(0)} %.`,
    );
  };
  say('From the second core gain');
  gain(one, two, 'two workers');
  for (const [alone, both] of reduced) gain(alone, both, both?.name ?? '');
  const bar = named('pan, by hand') ?? named('pan, exported');
  for (const contender of [one, two, ...reduced.flat()])
    if (bar !== undefined && contender !== undefined)
      say(`  ${bar.name} takes ${ratioOf(bar, contender).toFixed(2)} x the time of ${contender.name}.`);
} finally {
  rmSync(directory, { recursive: true });
}
