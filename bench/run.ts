// SPDX-License-Identifier: MIT
// npm run bench: the costs of the kernel language, compared with loops by hand. Prints a report; fails if contenders of one
// task have different results. It asserts no time.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus, loadavg } from 'node:os';
import { PAGES, type Round } from './contenders.ts';

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
  if (answers.size !== 1) throw new Error(`${names.join(' and ')} have different results`);
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
    // When it is ended on purpose, the rejection is no longer awaited.
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

const begun = performance.now();
say(`Node ${process.version}, V8 ${process.versions.v8}, ${cpus().length} CPUs (${cpus()[0]?.model ?? 'unknown'})`);
say('Medians of rounds taken in turns, a process each, in CPU time. Ratio: the');
say(`median of the rounds' ratios, above 1 is slower. Load before: ${loadavg()[0]?.toFixed(1)}.`);

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
  say('\nSIZE');
  say(`  The whole kernel: ${grouped(count('steps'))} steps in all calls; built in ${ms('build')}. A first touch`);
  say(`  and a first conversion at full size: ${ms('compile')}, ${grouped(count('columns'))} bytes. The 2-page`);
  say(`  world above, to explore: ${grouped(count('packed'))} bytes.`);
}

say(`\n${((performance.now() - begun) / 1000).toFixed(0)} s in all.`);
