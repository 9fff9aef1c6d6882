// SPDX-License-Identifier: MIT
// Reads and explains damaged recordings by the thousand and says what went wrong.
//
//   npx tsx test/fuzz/run.ts [--mutations N] [--seed S] [--jobs J]   a campaign; exit 1 if anything went wrong
//   npx tsx test/fuzz/run.ts --seed S --only N [--write F]           input N of campaign S alone, written to F
//
// A campaign runs in J processes of its own, each with its share of the inputs. One that needs more than two minutes for an
// input is ended, one whose heap grows over its limit ends by itself; both are faults.
import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { campaign, type Findings, inputOf } from './campaign.ts';

/** An input that takes longer hangs, on however busy a machine. */
const HANG_MS = 120_000;
/** What the process that judges may hold, node's own 50 MB and the seeds included. */
const HEAP_MB = 256;
const RESIDENT_MB = 500;
const MOST_SHOWN = 20;

const { values } = parseArgs({
  options: {
    mutations: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    write: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    child: { type: 'string' },
  },
});
const seed = Number(values.seed);
const mutations = Number(values.mutations);
const again = (input: number): string => `npx tsx test/fuzz/run.ts --seed ${seed} --only ${input}`;

/** What the child says: which input comes next, and at the end what it found. */
type Message = { readonly input: number } | { readonly findings: PlainFindings; readonly residentMb: number };

/** As they go from process to process: without maps. */
type PlainFindings = Omit<Findings, 'codes' | 'seeds'> & {
  readonly codes: readonly (readonly [number | 'read', number])[];
  readonly seeds: readonly (readonly [string, number])[];
};

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function judgeShare(from: number, to: number): Promise<void> {
  const send = (message: Message): void => void process.send?.(message);
  const findings = await campaign(seed, from, to, (input) => send({ input }));
  const plain = { ...findings, codes: [...findings.codes], seeds: [...findings.seeds] };
  const residentMb = Math.round(process.resourceUsage().maxRSS / 1024);
  process.send?.({ findings: plain, residentMb }, () => process.disconnect());
}

async function judgeOne(input: number): Promise<void> {
  const made = inputOf(seed, input);
  if (values.write !== undefined) writeFileSync(values.write, made.bytes);
  const { failures, codes } = await campaign(seed, input, input + 1);
  const faults = failures.flatMap((failure) => failure.faults);
  print([
    `input ${input} of seed ${seed}: ${made.seed.name}, ${made.bytes.length} bytes, after: ${made.steps.join(', ')}`,
    `exit ${[...codes.keys()].join()}`,
    ...(faults.length === 0 ? ['nothing went wrong'] : faults),
  ]);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

function watch(child: ChildProcess): Promise<{ last: number; hung: boolean; found: Message | undefined }> {
  return new Promise((resolve) => {
    let last = -1;
    let hung = false;
    let found: Message | undefined;
    let moved = Date.now();
    const timer = setInterval(() => {
      if (Date.now() - moved < HANG_MS) return;
      hung = true;
      child.kill('SIGKILL');
    }, 1000);
    child.on('message', (message: Message) => {
      moved = Date.now();
      if ('input' in message) last = message.input;
      else found = message;
    });
    child.on('exit', () => {
      clearInterval(timer);
      resolve({ last, hung, found });
    });
  });
}

/** Judges `[from, to)` in a process of its own. @returns undefined where that did not come to its end. */
async function judgeInChild(from: number, to: number): Promise<Extract<Message, { findings: unknown }> | undefined> {
  const child = fork(fileURLToPath(import.meta.url), ['--seed', `${seed}`, '--child', `${from}-${to}`], {
    execArgv: [...process.execArgv, `--max-old-space-size=${HEAP_MB}`],
  });
  const { last, hung, found } = await watch(child);
  if (found !== undefined && 'findings' in found) return found;
  const ending = hung ? `took longer than ${HANG_MS / 1000} s` : 'ended the process';
  print([`seed ${seed}: input ${last} ${ending}`, again(last)]);
  return undefined;
}

async function judgeInChildren(jobs: number): Promise<void> {
  const bounds = Array.from({ length: jobs + 1 }, (_, job) => Math.round((mutations * job) / jobs));
  const ended = await Promise.all(bounds.slice(1).map((to, job) => judgeInChild(bounds[job] ?? 0, to)));
  const found = ended.filter((message) => message !== undefined);
  const sum = (of: (findings: PlainFindings) => number): number =>
    found.reduce((all, { findings }) => all + of(findings), 0);
  const byCode = new Map<string, number>();
  for (const [code, count] of found.flatMap(({ findings }) => findings.codes)) {
    byCode.set(`${code}`, (byCode.get(`${code}`) ?? 0) + count);
  }
  const codes = [...byCode].toSorted(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b));
  const kinds = new Set(found.flatMap(({ findings }) => findings.seeds.map(([name]) => name)));
  const failures = found.flatMap(({ findings }) => findings.failures);
  const residentMb = Math.max(...found.map((message) => message.residentMb));
  print([
    `seed ${seed}: ${sum(({ inputs }) => inputs)} damaged recordings, made of ${kinds.size}, ${Math.round(sum(({ bytes }) => bytes) / 1e6)} MB`,
    ...codes.map(([code, count]) => `  ${CODES[code]?.padEnd(46)} ${String(count).padStart(7)}`),
    `  none took longer than ${HANG_MS / 1000} s; a process held at most ${residentMb} MB (limit ${RESIDENT_MB} MB)`,
    `  lack events, are whole again, so nothing says so ${String(sum(({ silent }) => silent)).padStart(6)}`,
    `  went wrong ${String(failures.length).padStart(44)}`,
    ...failures
      .slice(0, MOST_SHOWN)
      .flatMap(({ number, seed: name, steps, faults }) => [
        `input ${number} (${name}; ${steps.join(', ')}):`,
        ...faults.slice(0, 3).map((fault) => `    ${fault}`),
        `    ${again(number)}`,
      ]),
  ]);
  process.exitCode = found.length === jobs && failures.length === 0 && residentMb <= RESIDENT_MB ? 0 : 1;
}

/** What each ending means; one input in five hundred is explained, the others are only read. */
const CODES: Readonly<Record<string, string>> = {
  0: 'explained: safe, or no guest_memfd (exit 0)',
  1: 'explained: refused (exit 1)',
  2: 'damaged, told where, the rest answered (exit 2)',
  65: 'nothing can be answered, told where (exit 65)',
  read: 'read without damage, not explained',
  70: 'a defect (exit 70)',
};

const ORDER = ['0', '1', 'read', '2', '65', '70'];

if (values.child !== undefined) {
  const [from = 0, to = 0] = values.child.split('-').map(Number);
  await judgeShare(from, to);
} else if (values.only !== undefined) {
  await judgeOne(Number(values.only));
} else {
  await judgeInChildren(Number(values.jobs));
}
