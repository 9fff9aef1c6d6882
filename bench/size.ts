// SPDX-License-Identifier: MIT
// The size section of npm run bench: a machine of 64 CPUs whose pages are faulted, converted, punched and converted back.
//
//   npx tsx bench/size.ts [PAGES...]      by default 10 000, 100 000, 1 M (4 GiB) and 10 M pages
//
// Every size is measured in a process of its own, which this file is too. It asserts no time, but fails where anything of
// the memory is left at the end, or a count is not the sum of its holders.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { folio } from '../src/kernel/index.ts';
import { columnOf, compileColumns } from '../src/lang/index.ts';
import { type Machine, patchNamed } from '../src/machine/index.ts';
import { parseScenario, runScenario } from '../src/scenario/index.ts';
import { countCalls, type Counts, counting } from './count-operations.ts';
import { largeMachine } from './large-machine.ts';
import { runInSlices } from './slices.ts';

const CPUS = 64;
/** Fewest pages of a machine: what it takes is what any takes, whatever its pages. */
const FEWEST = 64;
/** Pages that are enough to measure, and rounds: what is noted of them takes memory, too. */
const ENOUGH = 2_000_000;
const MOST_ROUNDS = 200;
/** Above this many pages nothing is run in slices. */
const MOST_SLICED = 1 << 20;

interface Figures extends Counts {
  readonly name: string;
  readonly time: Time;
}

/** What a size came to. */
interface Measured {
  readonly pages: number;
  readonly phases: readonly Figures[];
  /** All CPUs at once. */
  readonly slices: (Figures & { readonly turns: number }) | undefined;
  /** After all rounds: the JavaScript heap, and the arrays outside it. */
  readonly heap: number;
  readonly arrays: number;
  /** Most that the process ever had in memory. */
  readonly resident: number;
}

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Milliseconds of the clock on the wall, and of CPU time, which on a busy machine wanders less. */
interface Time {
  readonly wall: number;
  readonly cpu: number;
}

function timed(work: () => void): Time {
  const [begun, before] = [performance.now(), process.cpuUsage()];
  work();
  const { user, system } = process.cpuUsage(before);
  return { wall: performance.now() - begun, cpu: (user + system) / 1000 };
}

const medianTime = (times: readonly Time[]): Time => ({
  wall: medianOf(times.map(({ wall }) => wall)),
  cpu: medianOf(times.map(({ cpu }) => cpu)),
});

/** @throws Error where a folio is not free. */
function requireEmpty(machine: Machine): void {
  for (const of of [folio.allocated, folio.refcount, folio.mapcount])
    if (columnOf(machine.memory, of).some((value) => value !== 0)) throw new Error(`'${of.variable.name}' is left`);
}

function inSlices(pages: number): Measured['slices'] {
  const { machine } = largeMachine(CPUS, pages);
  const plain = compileColumns(machine.program, machine.memory);
  const end = (): void => {
    machine.call(0, { call: 'lru-add-drain-all' });
    if (machine.imbalances().length > 0) throw new Error('counts are not what their holders add up to');
    requireEmpty(machine);
  };
  const rounds = Math.max(2, Math.ceil(ENOUGH / 4 / pages));
  const times: Time[] = [];
  let turns = 0;
  for (let round = 0; round < rounds + 1; round++) {
    times.push(timed(() => void (turns = runInSlices(machine, plain, SEED))));
    end();
  }
  const { read, ...columns } = counting(machine);
  const counted = runInSlices(machine, columns, SEED);
  if (counted !== turns) throw new Error('counted is another run than measured');
  end();
  return { name: 'in slices', time: medianTime(times.slice(1)), turns, ...read() };
}
const SEED = 2026;

/** In its own process: rounds that warm up, and as many again that are measured. */
function measured(pages: number): Measured {
  const { machine, phases } = largeMachine(CPUS, pages);
  const rounds = Math.min(MOST_ROUNDS, Math.max(3, Math.ceil(ENOUGH / pages)));
  const times = phases.map((): Time[] => []);
  for (let round = 0; round < 2 * rounds; round++)
    for (const [i, { run }] of phases.entries()) {
      const time = timed(run);
      if (round >= rounds) times[i]?.push(time);
    }
  requireEmpty(machine);
  // Twice: what the first finds to be dead may have kept other things alive.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const resident = process.resourceUsage().maxRSS * 1024;
  const read = countCalls(machine);
  const figures = phases.map(({ name, run }, i): Figures => {
    run();
    return { name, time: medianTime(times[i] ?? []), ...read() };
  });
  requireEmpty(machine);
  const slices = pages > MOST_SLICED || pages === FEWEST ? undefined : inSlices(pages);
  return { pages, phases: figures, slices, heap: heapUsed, arrays: arrayBuffers, resident };
}

/** What a checked run came to. */
interface Checked {
  readonly pages: number;
  readonly steps: number;
  /** Milliseconds of CPU time: of the run, and of one look at the whole memory at its end. */
  readonly run: number;
  readonly look: number;
}

/** A task touches all pages, another converts them, as `folioscope run --steps none` runs it: every step checked. */
function checkedRun(pages: number): Checked {
  const text = `scenario: SC-00
title: size
machine: { cpus: 2, profile: linux-7.3 }
guest_memfd: { pages: ${pages} }
tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
before: [{ T1: { touch: 0..${pages} } }]
threads: { T0: [{ convert: { range: 0..${pages}, to: private } }] }
`;
  const scenario = parseScenario('size.yaml', text);
  const machines: Machine[] = [];
  const observer = { begins: (machine: Machine) => void machines.splice(0, 1, machine) };
  let steps = 0;
  const run = (): void => {
    steps = runScenario(scenario, { patch: patchNamed('v8'), keep: 'none', observer }).stepsTaken;
  };
  const rounds = Math.max(3, Math.ceil(1000 / pages));
  const times = Array.from({ length: 2 * rounds }, () => timed(run)).slice(rounds);
  const looks = Array.from({ length: 5 }, () =>
    timed(() => {
      for (const machine of machines)
        if (machine.imbalances().length > 0) throw new Error('counts are not what their holders add up to');
    }),
  );
  return { pages, steps, run: medianTime(times).cpu, look: medianTime(looks).cpu };
}

function reportChecked(): void {
  const all = [100, 1000, 10_000].map(checkedRun);
  const each = (cell: (of: Checked) => string): readonly string[] => all.map(cell);
  say('\nTHE LEDGER, held against the counts after every step of a run');
  row('pages', ...each(({ pages }) => grouped(pages)));
  row('checked steps a second', ...each(({ steps, run }) => `${(steps / run).toFixed(0)} k`));
  row('one look at all memory', ...each(({ look }) => `${look.toFixed(2)} ms`));
}

async function inProcess(pages: number): Promise<Measured> {
  const execArgv = ['--expose-gc', '--import', import.meta.resolve('tsx')];
  const child = fork(fileURLToPath(import.meta.url), [String(pages)], {
    execArgv,
    env: { ...process.env, CHILD: '1' },
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`the process for ${pages} pages ended without an answer`);
  });
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [Measured];
  ended.catch(() => {});
  return message;
}

const say = (text = ''): void => console.log(text);
const grouped = (value: number): string => value.toLocaleString('en').replaceAll(',', ' ');
const row = (what: string, ...cells: readonly string[]): void =>
  say(`  ${what.padEnd(25)}${cells.map((cell) => cell.padStart(12)).join('')}`);
const perSecond = (count: number, ms: number): string => `${((count / ms) * 1e-3).toFixed(2)} M`;
const sum = <T>(of: readonly T[], value: (each: T) => number): number => of.reduce((all, each) => all + value(each), 0);

async function report(sizes: readonly number[]): Promise<void> {
  const begun = performance.now();
  say(`Node ${process.version}, V8 ${process.versions.v8}, ${cpus().length} CPUs (${cpus()[0]?.model ?? 'unknown'})`);
  say(`Load before: ${loadavg()[0]?.toFixed(1)}.`);
  say(`\nSIZE: ${CPUS} CPUs with a thread each, one guest_memfd, form v8`);
  const least = await inProcess(FEWEST);
  const all: Measured[] = [];
  for (const pages of sizes) all.push(await inProcess(pages));
  const each = (cell: (of: Measured) => string): readonly string[] => all.map(cell);
  row('pages', ...each(({ pages }) => grouped(pages)));
  const [first] = all;
  say('  operations a second of CPU time');
  for (const [i, { name }] of (first?.phases ?? []).entries())
    row(
      `  ${name}`,
      ...each(({ phases }) => {
        const { operations = 0, time } = phases[i] ?? {};
        return operations === 0 ? '-' : perSecond(operations, time?.cpu ?? Number.NaN);
      }),
    );
  const operations = ({ phases }: Measured): number => sum(phases, (phase) => phase.operations);
  const steps = ({ phases }: Measured): number => sum(phases, (phase) => phase.steps);
  const cpu = ({ phases }: Measured): number => sum(phases, ({ time }) => time.cpu);
  const wall = ({ phases }: Measured): number => sum(phases, ({ time }) => time.wall);
  row('all in turn', ...each((of) => perSecond(operations(of), cpu(of))));
  row('  by the clock', ...each((of) => perSecond(operations(of), wall(of))));
  row('  steps', ...each((of) => perSecond(steps(of), cpu(of))));
  row('  operations a page', ...each((of) => (operations(of) / of.pages).toFixed(2)));
  row('  steps a page', ...each((of) => (steps(of) / of.pages).toFixed(1)));
  row('all CPUs at once', ...each(({ slices: of }) => (of ? perSecond(of.operations, of.time.cpu) : '-')));
  row('  by the clock', ...each(({ slices: of }) => (of ? perSecond(of.operations, of.time.wall) : '-')));
  row('  steps', ...each(({ slices: of }) => (of ? perSecond(of.steps, of.time.cpu) : '-')));
  row('  steps a turn', ...each(({ slices }) => (slices ? (slices.steps / slices.turns).toFixed(1) : '-')));
  say('  bytes a page, beyond a machine of 64 pages');
  row('  arrays', ...each(({ arrays, pages }) => ((arrays - least.arrays) / (pages - FEWEST)).toFixed(2)));
  row('  heap', ...each(({ heap, pages }) => ((heap - least.heap) / (pages - FEWEST)).toFixed(2)));
  say('  MB in all');
  row('  heap and arrays', ...each(({ heap, arrays }) => ((heap + arrays) / 1e6).toFixed(0)));
  row('  most resident', ...each(({ resident }) => (resident / 1e6).toFixed(0)));
  reportChecked();
  say(`\n${((performance.now() - begun) / 1000).toFixed(0)} s in all.`);
}

const sizes = process.argv.slice(2).map(Number);
if (process.env['CHILD'] === undefined)
  await report(sizes.length === 0 ? [10_000, 100_000, 1 << 20, 10_000_000] : sizes);
else process.send?.(measured(sizes[0] ?? FEWEST));
