// SPDX-License-Identifier: MIT
// npm run bench: what the kernel language costs, beside generator functions and code by hand. Prints a report; fails
// where contenders that do the same come to different answers. It asserts no time.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { FULL_WORLD, PAGES, type Round, SMALL_WORLD, STEPPED_WORLD } from './contenders.ts';

/** The rounds of contenders that do the same, taken in turns: A B A B. */
interface Results {
  readonly median: (name: string, what: string) => number;
  /** Time of one to time of the other: the median of the rounds' ratios, so that a busy spell slows both sides. */
  readonly ratio: (name: string, other: string, what: string) => string;
  readonly count: (name: string, what: string) => number;
}

async function measure(names: readonly string[], warmUps: number, rounds: number): Promise<Results> {
  const contenders = names.map((name) => new Contender(name));
  const results = names.map((): Round[] => []);
  try {
    for (const contender of contenders) await contender.answer();
    for (let round = 0; round < warmUps + rounds; round++)
      for (const [i, contender] of contenders.entries()) {
        const result = (await contender.round()) as Round;
        if (round >= warmUps) results[i]?.push(result);
      }
  } finally {
    for (const contender of contenders) contender.end();
  }
  const answers = new Set(results.flatMap((all) => all.map(({ answer }) => answer)));
  if (answers.size !== 1) throw new Error(`${names.join(' and ')} come to different answers`);
  const of = (name: string): readonly Round[] => results[names.indexOf(name)] ?? [];
  return {
    median: (name, what) => medianOf(of(name).map(({ ms }) => ms[what] ?? Number.NaN)),
    ratio: (name, other, what) => {
      const ratios = of(name).map(({ ms }, i) => (ms[what] ?? Number.NaN) / (of(other)[i]?.ms[what] ?? Number.NaN));
      return `${medianOf(ratios).toFixed(2)} x`;
    },
    count: (name, what) => of(name)[0]?.counts[what] ?? Number.NaN,
  };
}

/** A process that does what contender.ts says. */
class Contender {
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;

  constructor(name: string) {
    const execArgv = ['--import', import.meta.resolve('tsx')];
    this.#child = fork(new URL('contender.ts', import.meta.url), [name], { execArgv });
    this.#ended = new Promise((_, reject) => {
      this.#child.once('exit', () => reject(new Error(`'${name}' ended without an answer`)));
    });
    // Nobody waits any more when it is told to end.
    this.#ended.catch(() => {});
  }

  async answer(): Promise<unknown> {
    return Promise.race([once(this.#child, 'message').then(([message]) => message as unknown), this.#ended]);
  }

  async round(): Promise<unknown> {
    this.#child.send('round');
    return this.answer();
  }

  end(): void {
    this.#child.kill();
  }
}

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const say = (text = ''): void => console.log(text);

/** A row: what, then cells to the right. */
const row = (what: string, ...cells: readonly string[]): void =>
  say(`  ${what.padEnd(29)}${cells.map((cell) => cell.padStart(15)).join('')}`);

/** Per second, in thousands or millions. */
function rate(count: number, ms: number): string {
  const perSecond = (count / ms) * 1000;
  return perSecond >= 1e6 ? `${(perSecond / 1e6).toFixed(2)} M` : `${(perSecond / 1e3).toFixed(0)} k`;
}
const grouped = (value: number): string => value.toLocaleString('en').replaceAll(',', ' ');

/** Lines of a text that are neither empty nor comment; of its protocol alone where it is marked. */
function lines(file: string, protocolOnly = true): number {
  const source = readFileSync(new URL(file, import.meta.url), 'utf8');
  const [, marked] = source.split(/^\s*\/\/ <\/?protocol>$/m);
  const code = (protocolOnly ? marked : undefined) ?? source.replace(marked ?? '', '');
  return code.split('\n').filter((line) => line.trim() !== '' && !/^\s*(?:\/\/|\/?\*)/.test(line)).length;
}

const begun = performance.now();
say(`Node ${process.version}, V8 ${process.versions.v8}, ${cpus().length} CPUs (${cpus()[0]?.model ?? 'unknown'})`);
say('Medians of rounds taken in turns, a process each, in CPU time. Ratio: the');
say(`median of the rounds' ratios, above 1 is slower. Load before: ${loadavg()[0]?.toFixed(1)}.`);

{
  const [interpreter, generators] = ['step, interpreter', 'step, generators'] as const;
  const { median, ratio, count } = await measure([interpreter, generators], 3, 9);
  say(`\nSTEPPING the small protocol, all tasks in turns, ${grouped(STEPPED_WORLD.folios)} folios`);
  row('', 'steps/s', 'time ratio');
  const [mine, theirs] = [median(interpreter, 'step'), median(generators, 'step')];
  row('builders: interpreter', rate(count(interpreter, 'steps'), mine), ratio(interpreter, generators, 'step'));
  row('generators: next()', rate(count(generators, 'steps'), theirs), '1');
  say('  The interpreter also names the step and every value before and after,');
  say('  checks each value against its range, and clears what is no longer used.');
  say('  A generator does none of it, and can neither be copied nor stepped back.');
}

{
  const [ours, hand, inEngine, generators] = [
    'explore, builders',
    'explore, by hand',
    'explore, by hand in src/check',
    'explore, generators',
  ] as const;
  const { median, ratio, count } = await measure([ours, hand, inEngine, generators], 8, 9);
  for (const what of ['states', 'transitions'])
    if (count(ours, what) !== count(hand, what) || count(ours, what) !== count(inEngine, what))
      throw new Error(`builders and by hand find different numbers of ${what}`);
  say(`\nEXPLORING the small protocol, ${SMALL_WORLD.folios} folios, batches of ${SMALL_WORLD.slots}`);
  row('', 'states', 'transitions/s', 'time ratio');
  for (const [what, name] of [
    ['builders', ours],
    ['by hand, its own explorer', hand],
    ['by hand, in src/check', inEngine],
    ['generators, logs as a tree', generators],
  ] as const) {
    const ms = median(name, 'explore');
    row(what, grouped(count(name, 'states')), rate(count(name, 'transitions'), ms), ratio(name, hand, 'explore'));
  }
  say('  The first three find the same states and transitions, all four the same');
  const more = (count(generators, 'states') / count(ours, 'states')).toFixed(2);
  say(`  ends. Logs make ${more} times the states: a task cannot forget what it read.`);
  say('  By hand there is one layout, for at most 6 folios and batches of 2, and');
  say('  no property, assert or bound. Builders are compiled before the clock starts.');
}

say(
  "\nEXPLORING THE KERNEL: a conversion (v6) on CPU 0, a task that touches the\npages on CPU 1, both CPUs' kworkers; batches of 2",
);
row('', 'states', 'states/s', 'transitions/s');
for (const [what, name, warmUps, rounds] of [
  ['2 pages', 'explore kernel, 2 pages', 10, 9],
  ['3 pages and a pinner', 'explore kernel, 3 pages and a pinner', 1, 3],
] as const) {
  const { median, count } = await measure([name], warmUps, rounds);
  const ms = median(name, 'explore');
  row(what, grouped(count(name, 'states')), rate(count(name, 'states'), ms), rate(count(name, 'transitions'), ms));
  say(
    `    ${grouped(count(name, 'transitions'))} transitions, depth ${count(name, 'depth')}, ${count(name, 'words')} words a state`,
  );
  const [compile, first] = [median(name, 'compile'), median(name, 'first')];
  say(`    cold: built and compiled in ${compile.toFixed(0)} ms, then explored in ${first.toFixed(0)} ms`);
}

{
  const [ours, hand, generators] = ['full, builders', 'full, by hand', 'full, generators'] as const;
  const { median, ratio, count } = await measure([ours, hand, generators], 2, 5);
  say(
    `\nFULL SIZE, the small protocol: ${grouped(FULL_WORLD.folios)} folios added and\nchecked, batches of ${FULL_WORLD.slots}`,
  );
  row('', 'folios/s', 'time ratio');
  for (const [what, name] of [
    ['builders', ours],
    ['by hand', hand],
    ['generators', generators],
  ] as const)
    row(what, rate(count(name, 'folios'), median(name, 'run')), ratio(name, hand, 'run'));
  say('  The same final memory. The drain comes in the middle of the check.');
}

{
  const [ours, hand] = ['kernel, Machine.call', 'kernel, by hand'] as const;
  const { median, ratio, count } = await measure([ours, hand], 2, 7);
  say(`\nFULL SIZE, THE KERNEL: an inode of ${grouped(PAGES)} pages, batches of 31,\nform v6`);
  row('pages/s', 'Machine.call', 'by hand', 'time ratio');
  for (const [what, key] of [
    ['add: fault, cache, batch, map', 'touch, drain late'],
    ['convert, drain at last page', 'convert, drain late'],
    ['convert, drain at first page', 'convert, drain early'],
  ] as const) {
    row(what, rate(PAGES, median(ours, key)), rate(PAGES, median(hand, key)), ratio(ours, hand, key));
  }
  say('  By hand: loops over the same columns with the same writes, locks included;');
  say(`  every column ends equal. Memory: ${count(ours, 'bytes a page').toFixed(1)} bytes a page.`);
}

{
  const cold: Results[] = [];
  for (let i = 0; i < 3; i++) cold.push(await measure(['build'], 0, 1));
  const ms = (what: string): string => `${medianOf(cold.map(({ median }) => median('build', what))).toFixed(0)} ms`;
  const count = (what: string): number => cold[0]?.count('build', what) ?? Number.NaN;
  const hand = [lines('language/by-hand-packed.ts'), lines('language/by-hand-columns.ts')] as const;
  say('\nSIZE, in lines that are neither empty nor comment');
  row('builders: one text, three uses', String(lines('language/builders.ts')));
  row('generators: one text', String(lines('language/generators.ts')));
  row('  and what runs and explores it', String(lines('language/generator-runs.ts')));
  row('by hand, packed and columns', `${hand[0]} + ${hand[1]}`);
  say(
    `  Generated from the small protocol: ${grouped(count('prototypePacked'))} bytes to explore,\n  ${grouped(count('prototypeColumns'))} for columns.`,
  );
  say(`  The whole kernel: ${grouped(count('steps'))} steps in all calls; built in ${ms('build')}. A first touch`);
  say(`  and a first conversion at full size: ${ms('compile')}, ${grouped(count('columns'))} bytes. The 2-page`);
  say(`  world above, to explore: ${grouped(count('packed'))} bytes.`);
}

say(`\n${((performance.now() - begun) / 1000).toFixed(0)} s in all.`);
