// SPDX-License-Identifier: MIT
// Explores the kernel itself, every access a step: on CPU 0 a conversion of all pages, beside it whoever is named, each CPU's
// kworker, batches of two; I6 held against every state. Prints counts, time and memory.
//
//   npx tsx bench/kernel.ts CPUS PAGES PATCH [touch,mlock,pin] [full] [apart]
//
// `touch` accesses all pages on CPU 1, `mlock` locks them on the last CPU, `pin` leaves page 0 in a pipe from CPU 0; who is named
// twice comes twice. With `full`, partial order is off; with `apart`, symmetry is.
import { exploreProgram } from '../src/check/index.ts';
import { DEFAULT_PROFILE, PATCHES } from '../src/kernel/index.ts';
import { alikeTasks } from '../src/lang/index.ts';
import type { SmallWorld } from '../test/exploring.ts';
import { questionOf } from '../test/kernel-question.ts';

type Task = SmallWorld['tasks'][number];

const [cpusText, pagesText, patchName, names = 'touch,mlock,pin', ...modes] = process.argv.slice(2);
const [cpus, pages] = [Number(cpusText), Number(pagesText)];
const patch = PATCHES.find(({ name }) => name === patchName);
let pins = 0;
const tasks: Readonly<Record<string, () => Task>> = {
  touch: () => ({ cpu: 1, script: [{ name: 'touch', args: [0, 0, pages] }] }),
  mlock: () => ({ cpu: cpus - 1, script: [{ name: 'mlock', args: [0, 0, pages] }] }),
  pin: () => ({ cpu: 0, script: [{ name: 'vmsplice', args: [pins++, 0, 0] }] }),
};
const others = names.split(',').map((name) => tasks[name]?.());
const knowsModes = modes.every((mode) => mode === 'full' || mode === 'apart');
if (!knowsModes || !(cpus > 1) || !(pages > 0) || patch === undefined || others.includes(undefined)) {
  process.stderr.write(
    `usage: kernel.ts CPUS PAGES ${PATCHES.map(({ name }) => name).join('|')} [touch,mlock,pin] [full] [apart]\n`,
  );
  process.exit(64);
}
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
    generations: 4,
    parts: names.includes('mlock') ? ['mlock'] : [],
  },
  tasks: [
    { cpu: 0, script: [{ name: 'convert', args: [0, 0, pages, 1, 1] }] },
    ...others.flatMap((task) => task ?? []),
  ],
};

const before = process.cpuUsage();
const partialOrder = !modes.includes('full');
const question = questionOf(world);
const alike = (): ReturnType<typeof alikeTasks> =>
  alikeTasks(question.program, question.codeOf, question.initial, question);
const symmetry = modes.includes('apart') ? undefined : alike();
const found = exploreProgram({ ...question, partialOrder, symmetry }, { mostStates: 200_000_000, whole: true });
const { user, system } = process.cpuUsage(before);
const seconds = (user + system) / 1e6;
const reductions = found.reductions.length === 0 ? 'no reduction' : found.reductions.join(', ');
process.stdout.write(
  `${found.verdict}${found.property === undefined ? '' : ` (${found.property})`}: ${found.states} states, ` +
    `${found.transitions} transitions; ${reductions}\n` +
    `${seconds.toFixed(1)} CPU seconds, building and compiling included; ${(found.bytes / 2 ** 20).toFixed(0)} MB, ` +
    `${found.bytesPerState.toFixed(1)} bytes a state\n`,
);
