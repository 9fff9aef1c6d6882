// SPDX-License-Identifier: MIT
// Explores the kernel itself, every access a step: a conversion of all pages on CPU 0, the named tasks beside it, each CPU's
// kworker, batches of two. I6 is checked in every state. Prints counts, time and memory.
//
//   npx tsx bench/kernel.ts CPUS PAGES PATCH [touch,mlock,pin] [full] [apart] [named] [workers N]
//
// `touch` accesses all pages on CPU 1, `mlock` locks them on the last CPU, `pin` leaves page 0 in a pipe from CPU 0; a task
// that is named twice runs twice. `full` turns partial order off, `apart` symmetry. With `named`, the question is that of
// `folioscope check` for a scenario with these threads: I1 to I4 and I6 to I9 in all states and steps, and the reads that I5
// bounds. On one thread unless `workers` is given.
import { exploreProgram, exploreProgramWith, type Question } from '../src/check/index.ts';
import { DEFAULT_PROFILE, PATCHES } from '../src/kernel/index.ts';
import { alikeTasks } from '../src/lang/index.ts';
import { parseScenario } from '../src/scenario/index.ts';
import { questionAbout } from '../src/verify/index.ts';
import type { SmallWorld } from '../test/exploring.ts';
import { questionOf } from '../test/kernel-question.ts';
import { WorkerPool } from '../test/worker-host.ts';

type Task = SmallWorld['tasks'][number];

const words = process.argv.slice(2);
const at = words.indexOf('workers');
const workers = at === -1 ? 1 : Number(words.splice(at, 2)[1]);
const [cpusText, pagesText, patchName, names = 'touch,mlock,pin', ...modes] = words;
const [cpus, pages] = [Number(cpusText), Number(pagesText)];
const patch = PATCHES.find(({ name }) => name === patchName);
let pins = 0;
/** Each as a task of a world and as a thread of a scenario. */
const tasks: Readonly<Record<string, () => Task & { readonly call: string }>> = {
  touch: () => ({ cpu: 1, script: [{ name: 'touch', args: [0, 0, pages] }], call: `touch: 0..${pages}` }),
  mlock: () => ({ cpu: cpus - 1, script: [{ name: 'mlock', args: [0, 0, pages] }], call: `mlock: 0..${pages}` }),
  pin: () => ({
    cpu: 0,
    script: [{ name: 'vmsplice', args: [pins++, 0, 0] }],
    call: `vmsplice: { page: 0, as: pipe${pins} }`,
  }),
};
const others = names.split(',').flatMap((name) => tasks[name]?.() ?? []);
const MODES: ReadonlySet<string> = new Set(['full', 'apart', 'named']);
const isKnown = others.length === names.split(',').length && modes.every((mode) => MODES.has(mode));
if (!isKnown || !(cpus > 1) || !(pages > 0) || !(workers > 0) || patch === undefined) {
  process.stderr.write(
    `usage: kernel.ts CPUS PAGES ${PATCHES.map(({ name }) => name).join('|')} [touch,mlock,pin] [full] [apart] [named] [workers N]\n`,
  );
  process.exit(64);
}
const convert: Task & { readonly call: string } = {
  cpu: 0,
  script: [{ name: 'convert', args: [0, 0, pages, 1, 1] }],
  call: `convert: { range: 0..${pages}, to: private }`,
};
const everyTask = [convert, ...others];
const world: SmallWorld = {
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 2 }, patch },
  sizes: {
    cpus,
    folios: pages,
    inodes: 1,
    pages,
    mms: 1,
    pins: Math.max(1, pins),
    references: 12,
    order: 0,
    parts: names.includes('mlock') ? ['mlock'] : [],
  },
  tasks: everyTask,
};
const scenario = (): string =>
  [
    'scenario: kernel',
    'title: The kernel itself',
    `machine: { cpus: ${cpus}, profile: ${DEFAULT_PROFILE.name}, features: { batch-size: 2 } }`,
    `guest_memfd: { pages: ${pages} }`,
    `tasks: { ${everyTask.map(({ cpu }, i) => `T${i}: { cpu: ${cpu} }`).join(', ')} }`,
    'threads:',
    ...everyTask.map(({ call }, i) => `  T${i}:\n    - ${call}`),
  ].join('\n');

const before = { cpu: process.cpuUsage(), wall: performance.now() };
const partialOrder = !modes.includes('full');
const question: Question = modes.includes('named')
  ? questionAbout(parseScenario('kernel.yaml', scenario()), patch, pages)
  : questionOf(world);
const alike = (): ReturnType<typeof alikeTasks> =>
  alikeTasks(question.program, question.codeOf, question.initial, question);
const asked = { ...question, partialOrder, symmetry: modes.includes('apart') ? undefined : alike() };
const reach = { mostStates: 200_000_000, whole: true };
const host = new WorkerPool();
const found = workers > 1 ? await exploreProgramWith(asked, reach, { workers, host }) : exploreProgram(asked, reach);
const wall = (performance.now() - before.wall) / 1000;
await host.end();
const { user, system } = process.cpuUsage(before.cpu);
const seconds = (user + system) / 1e6;
const reductions = found.reductions.length === 0 ? 'no reduction' : found.reductions.join(', ');
process.stdout.write(
  `${found.verdict}${found.property === undefined ? '' : ` (${found.property})`}: ${found.states} states, ` +
    `${found.transitions} transitions; ${reductions}\n` +
    `${wall.toFixed(1)} s, ${seconds.toFixed(1)} CPU seconds, building and compiling included; ${(found.bytes / 2 ** 20).toFixed(0)} MB, ` +
    `${found.bytesPerState.toFixed(1)} bytes a state\n`,
);
