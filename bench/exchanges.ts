// SPDX-License-Identifier: MIT
// Number of states of the kernel that differ only by a swap that check does not use: of CPUs 1 and 2, with an equal task on
// each, or of page frames. Every state's mirror image is built from the kinds of its values (CPU, folio), and looked up.
//
//   npx tsx bench/exchanges.ts cpus|folios PATCH [touch|mlock|touch,pin] [reduced]
//
// cpus: 3 CPUs, 1 page, a conversion on CPU 0, two tasks that touch or lock the page on CPUs 1 and 2, with `pin` a task that
// leaves it in a pipe on CPU 0. folios: 2 CPUs, 2 pages, a task that touches or locks on CPU 1. With `reduced`, the states that
// partial order keeps.
import { DEFAULT_PROFILE, PATCHES } from '../src/kernel/index.ts';
import {
  type Code,
  columnOf,
  compilePacked,
  compileSuccessors,
  copyMemory,
  HEAPS,
  IDLE,
  independence,
  type Memory,
} from '../src/lang/index.ts';
import type { Expr, Local } from '../src/lang/text/expr.ts';
import { claimsAt, type FlowNode, nextOf, nodeAt } from '../src/lang/program/flow.ts';
import type { SmallWorld } from '../test/exploring.ts';
import { questionOf } from '../test/kernel-question.ts';

type Task = SmallWorld['tasks'][number];
const [what = '', patchName, names = 'touch', mode] = process.argv.slice(2);
const patch = PATCHES.find(({ name }) => name === patchName);
if ((what !== 'cpus' && what !== 'folios') || patch === undefined || !/^(touch|mlock|touch,pin)$/.test(names)) {
  process.stderr.write('usage: exchanges.ts cpus|folios PATCH [touch|mlock|touch,pin] [reduced]\n');
  process.exit(64);
}
const pages = what === 'cpus' ? 1 : 2;
const cpus = what === 'cpus' ? 3 : 2;
const same = (cpu: number): Task => ({
  cpu,
  script: [{ name: names === 'mlock' ? 'mlock' : 'touch', args: [0, 0, pages] }],
});
const pin: Task = { cpu: 0, script: [{ name: 'vmsplice', args: [0, 0, 0] }] };
const others = [same(1), ...(what === 'cpus' ? [same(2)] : []), ...(names.endsWith('pin') ? [pin] : [])];
const question = questionOf({
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 2 }, patch },
  sizes: {
    cpus,
    folios: pages,
    inodes: 1,
    pages,
    mms: 1,
    pins: 1,
    references: 12,
    order: 0,
    parts: names === 'mlock' ? ['mlock'] : [],
  },
  tasks: [{ cpu: 0, script: [{ name: 'convert', args: [0, 0, pages, 1, 1] }] }, ...others],
});
const { program, codeOf, initial } = question;
const packed = compilePacked(program, codeOf);
const codes = codeOf.map((number) => program.codes[number]).filter((code) => code !== undefined);

// The swap of tasks.
const swapped = (a: number, b: number) => (i: number) => (i === a ? b : i === b ? a : i);
const kworker = 1 + others.length;
const tasks = swapped(1, 2);
const moved: Readonly<Record<string, (i: number) => number>> =
  what === 'cpus'
    ? { cpu: swapped(1, 2), task: (i) => tasks(swapped(kworker + 1, kworker + 2)(i)) }
    : { folio: swapped(0, 1) };
const stays = (i: number): number => i;

const isLocal = (part: object): part is Extract<Expr, { op: 'local' }> => 'op' in part && part.op === 'local';
/** All locals in a piece of text, but for those that it only writes. */
function readIn(part: unknown): readonly Local[] {
  if (typeof part !== 'object' || part === null) return [];
  if (isLocal(part)) return [part.local, ...readIn(part.index)];
  const inner: readonly [string, unknown][] = Object.entries(part);
  return inner.flatMap(([name, of]) =>
    name === 'place' && typeof of === 'object' && of !== null && isLocal(of) ? readIn(of.index) : readIn(of),
  );
}
function readBy(node: FlowNode): readonly Local[] {
  switch (node.kind) {
    case 'step':
      return readIn([node.step.guard, node.step.effects]);
    case 'local':
      return readIn(node.effects);
    case 'branch':
      return readIn(node.if);
    case 'either':
    case 'goto':
    case 'done':
      return [];
  }
}

/** By place: what kind of value each slot has that a task remembers there, which is that of the local that reads it next. */
const kindsAt = (code: Code): readonly ReadonlyMap<number, string>[] =>
  code.flow.steps.map((first, pc) => {
    const lists = claimsAt(code.flow, pc).flatMap(({ of }) => ('list' in of ? [of.list] : []));
    const kindOf = (slot: number): string => {
      const isHere = ({ slot: from, length = 1 }: Local): boolean => from <= slot && slot < from + length;
      const ids = new Set([first]);
      let local = lists.find(isHere);
      for (const id of ids) {
        const node = nodeAt(code.flow.nodes, id);
        local ??= readBy(node).find(isHere);
        if (local === undefined) for (const next of nextOf(node)) ids.add(next);
      }
      // It is the page's number, at which an allocation begins to look.
      return local?.name === 'preferred' ? 'index' : (local?.type.kind ?? '');
    };
    return new Map([...(code.live[pc] ?? [])].map((slot) => [slot, kindOf(slot)]));
  });
const kinds = codes.map(kindsAt);

/** The state after the exchange. */
function mirrored(from: Memory): Memory {
  const to = copyMemory(from);
  const to1 = (domain: string, i: number): number => (moved[domain] ?? stays)(i);
  for (const [variable, column] of from.columns) {
    const sizes = variable.domains.map(({ name }) => program.sizes[name] ?? 0);
    for (const [i, value] of column.entries()) {
      let at = 0;
      for (let d = 0, rest = i, inner = column.length; d < sizes.length; d++) {
        inner /= sizes[d] ?? 1;
        at += inner * to1(variable.domains[d]?.name ?? '', Math.floor(rest / inner));
        rest %= inner;
      }
      columnOf(to, { variable })[at] = to1(variable.type.kind, value);
    }
  }
  for (const [task, kindsOfTask] of kinds.entries()) {
    const at = to1('task', task);
    const isIdle = from.code[task] === IDLE;
    to.code[at] = isIdle ? IDLE : (codeOf[at] ?? IDLE);
    to.pc[at] = from.pc[task] ?? 0;
    for (let slot = 0; slot < from.slotsPerTask; slot++) {
      const value = from.slots[task * from.slotsPerTask + slot] ?? 0;
      const kind = isIdle ? '' : (kindsOfTask[from.pc[task] ?? 0]?.get(slot) ?? '');
      to.slots[at * to.slotsPerTask + slot] = to1(kind, value);
    }
  }
  return to;
}

/** Places of the conversion from which a loop over the CPUs is still reachable. */
function placesBeforeLoops(code: Code | undefined): ReadonlySet<number> {
  if (code === undefined) throw new Error('no task converts');
  const { nodes, steps } = code.flow;
  const isLoop = (node: FlowNode): boolean =>
    node.kind === 'step' && ['cpu_needs_drain', 'for_each_cpu', 'flush_work'].includes(node.step.name);
  return new Set(
    [...steps.keys()].filter((pc) => {
      const ids = new Set([steps[pc] ?? 0]);
      for (const id of ids) for (const next of nextOf(nodeAt(nodes, id))) ids.add(next);
      return [...ids].some((id) => isLoop(nodeAt(nodes, id)));
    }),
  );
}

const reduction =
  mode === 'reduced'
    ? independence(
        program,
        codeOf,
        initial,
        question.properties.map(({ holds }) => holds),
      )
    : undefined;
const { expand, most, words } = compileSuccessors(program, codeOf, question, { reduction });
const states = new Map<string, Int32Array>();
const first = packed.pack(initial);
states.set(first.join(), first);
const room = most * (words + 1);
const rows = new Int32Array(HEAPS * room);
for (const state of states.values()) {
  const ends = Int32Array.from({ length: HEAPS }, (_, heap) => heap * room);
  expand(state, 0, rows, ends);
  for (const [heap, end] of ends.entries())
    for (let at = heap * room; at < end; at += words + 1) {
      const next = rows.slice(at, at + words);
      states.set(next.join(), states.get(next.join()) ?? next);
    }
}
const before = placesBeforeLoops(codes[0]);
let [alone, paired, pairedBehind] = [0, 0, 0];
for (const [key, state] of states) {
  const memory = packed.unpack(state);
  const mirror = packed.pack(mirrored(memory)).join();
  if (mirror === key) continue;
  if (!states.has(mirror)) alone++;
  else {
    paired++;
    if (memory.code[0] === IDLE || !before.has(memory.pc[0] ?? 0)) pairedBehind++;
  }
}
process.stdout.write(`${states.size} states; the mirror image of ${alone} is not among them
one of two that mirror each other: ${states.size - paired / 2}
`);
if (what === 'cpus')
  process.stdout.write(`only where no loop over the CPUs can come any more: ${states.size - pairedBehind / 2}\n`);
