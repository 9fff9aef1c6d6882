// SPDX-License-Identifier: MIT
// Explores the peer protocol whole, on one thread, and prints counts, rate and memory.
//
//   npx tsx bench/peer.ts CPUS FOLIOS baseline|local-drain|v6 [symmetry] [partial-order]
import { exploreProgram } from '../src/check/index.ts';
import { createMemory, Interpreter } from '../src/lang/index.ts';
import { buildPeer, type Variant } from '../src/peer/index.ts';

const VARIANTS: readonly Variant[] = ['baseline', 'local-drain', 'v6'];
const [cpus, folios, name, ...reductions] = process.argv.slice(2);
const variant = VARIANTS.find((known) => known === name);
if (!(Number(cpus) > 1) || !(Number(folios) > 0) || variant === undefined) {
  process.stderr.write(`usage: peer.ts CPUS FOLIOS ${VARIANTS.join('|')} [symmetry]\n`);
  process.exit(64);
}

const peer = buildPeer({ cpus: Number(cpus), folios: Number(folios), variant });
const initial = createMemory(peer.program);
const interpreter = new Interpreter(peer.program, initial);
for (const task of peer.codeOf) interpreter.start(task, task);
const symmetry = reductions.includes('symmetry') ? peer.symmetry : undefined;
const partialOrder = reductions.includes('partial-order');

const before = { cpu: process.cpuUsage(), memory: process.memoryUsage().rss };
const found = exploreProgram({ ...peer, initial, symmetry, partialOrder }, { mostStates: 200_000_000, whole: true });
const { user, system } = process.cpuUsage(before.cpu);
const seconds = (user + system) / 1e6;
const bytes = (process.resourceUsage().maxRSS * 1024 - before.memory) / found.states;

// SPIN's count of transitions holds the arrival at the initial state too.
process.stdout.write(
  `${found.verdict}${found.property === undefined ? '' : ` (${found.property})`}: ${found.states} states, ` +
    `${found.transitions + 1} transitions as SPIN counts them, depth ${found.depth}\n` +
    `${seconds.toFixed(2)} CPU seconds, compiling included: ${(found.states / seconds / 1e6).toFixed(2)} M states a second, ` +
    `${found.bytesPerState.toFixed(1)} bytes a state, ${bytes.toFixed(1)} of the process\n`,
);
