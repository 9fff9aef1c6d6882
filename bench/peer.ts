// SPDX-License-Identifier: MIT
// Explores the peer protocol whole, and prints counts, rate and memory.
//
//   npx tsx bench/peer.ts CPUS FOLIOS baseline|local-drain|v6 [symmetry] [partial-order] [workers N]
//       [hash-compaction | bitstate BITS] [memory MIB] [spill DIRECTORY]
//
// On one thread unless workers are named. Their start is not counted, nor what they do to get warm.
import { exploreProgram, exploreProgramWith, type Lossy } from '../src/check/index.ts';
import { CheckpointDirectory } from '../src/cli/checkpoint-directory.ts';
import { createMemory, Interpreter } from '../src/lang/index.ts';
import { buildPeer, type Variant } from '../src/peer/index.ts';
import { WorkerPool } from '../test/worker-host.ts';

const VARIANTS: readonly Variant[] = ['baseline', 'local-drain', 'v6'];
const [cpus, folios, name, ...words] = process.argv.slice(2);
const variant = VARIANTS.find((known) => known === name);
if (!(Number(cpus) > 1) || !(Number(folios) > 0) || variant === undefined) {
  process.stderr.write(
    `usage: peer.ts CPUS FOLIOS ${VARIANTS.join('|')} [symmetry] [partial-order] [workers N] [hash-compaction | bitstate BITS] [memory MIB] [spill DIRECTORY]\n`,
  );
  process.exit(64);
}
const workers = words.includes('workers') ? Number(words[words.indexOf('workers') + 1]) : 0;
const lossy: Lossy | undefined = words.includes('bitstate')
  ? { kind: 'bitstate', bits: Number(words[words.indexOf('bitstate') + 1]) }
  : words.includes('hash-compaction')
    ? { kind: 'hash compaction' }
    : undefined;
const mostBytes = words.includes('memory') ? Number(words[words.indexOf('memory') + 1]) * 2 ** 20 : undefined;
const spill = words.includes('spill')
  ? new CheckpointDirectory(words[words.indexOf('spill') + 1] ?? '', Number.POSITIVE_INFINITY)
  : undefined;
const reach = { mostStates: 200_000_000, whole: true, lossy, mostBytes, spill };
const host = new WorkerPool();

function question(size: { readonly cpus: number; readonly folios: number }, form: Variant) {
  const peer = buildPeer({ ...size, variant: form });
  const initial = createMemory(peer.program);
  const interpreter = new Interpreter(peer.program, initial);
  for (const task of peer.codeOf) interpreter.start(task, task);
  const symmetry = words.includes('symmetry') ? peer.symmetry : undefined;
  return { ...peer, initial, symmetry, partialOrder: words.includes('partial-order') };
}
const asked = question({ cpus: Number(cpus), folios: Number(folios) }, variant);
if (workers > 0)
  await exploreProgramWith(question({ cpus: 3, folios: 3 }, variant), { ...reach, mostStates: 1e6 }, { workers, host });

const before = { cpu: process.cpuUsage(), memory: process.memoryUsage().rss, wall: performance.now() };
const found = workers > 0 ? await exploreProgramWith(asked, reach, { workers, host }) : exploreProgram(asked, reach);
const wall = (performance.now() - before.wall) / 1000;
const { user, system } = process.cpuUsage(before.cpu);
const seconds = (user + system) / 1e6;
const peak = process.resourceUsage().maxRSS * 1024;
const bytes = (peak - before.memory) / found.states;
await host.end();

const omission =
  found.omission === undefined ? '' : `probability that a state was left out: ${found.omission.toPrecision(2)}\n`;
// SPIN's count of transitions holds the arrival at the initial state too.
process.stdout.write(
  `${found.verdict}${found.property === undefined ? '' : ` (${found.property})`}: ${found.states} states, ` +
    `${found.transitions + 1} transitions as SPIN counts them, depth ${found.depth}\n` +
    `${wall.toFixed(2)} s, ${seconds.toFixed(2)} CPU seconds, compiling included: ` +
    `${(found.states / seconds / 1e6).toFixed(2)} M states a CPU second\n` +
    `${omission}${found.bytesPerState.toFixed(1)} bytes a state, ${bytes.toFixed(1)} of the process; ` +
    `${(peak / 2 ** 20).toFixed(0)} MB at most, with Node and its compiler\n`,
);
