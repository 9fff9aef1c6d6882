// SPDX-License-Identifier: MIT
// The cost of a recording for the recorded program: a loop of page faults on a guest_memfd, without and with it, in one run.
//
//   npx tsx bench/record.ts [MEASUREMENTS]
//
// Each way is measured repeatedly, in turns, and the median is printed with its ratio to no recording. For comparison: the cost
// of the events alone ("without a reader"), and trace-cmd record with the same events if it runs. exit 0: measured; 69: this
// machine lacks something
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadNative } from '../src/live/native.ts';
import { Recorder } from '../src/live/recorder.ts';
import { TraceInstance } from '../src/live/tracefs.ts';
import { lackingGuestMemfd, lackingTracefs, TRACEFS } from '../test/live/machine.ts';

const why = lackingTracefs() ?? (await lackingGuestMemfd());
if (why !== undefined) {
  console.error(why);
  process.exit(69);
}
const tracefs = TRACEFS ?? '';
const [measurements = 15] = process.argv.slice(2).map(Number);
const native = await loadNative();
const MINIMAL = [
  'filemap/mm_filemap_add_to_page_cache',
  'filemap/mm_filemap_delete_from_page_cache',
  'pagemap/mm_lru_insertion',
  'syscalls/sys_enter_ioctl',
  'syscalls/sys_exit_ioctl',
];

/** Starts a way of recording. @returns what ends it. */
type Way = () => Promise<() => Promise<void>>;

const recording =
  (events: 'minimal' | 'full'): Way =>
  () => {
    const options = { events, limit: 64 * 1024 * 1024, ringKilobytes: 4096, version: '' };
    const recorder = new Recorder(native, tracefs, options);
    const timer = setInterval(() => recorder.poll(), 50);
    return Promise.resolve(() => {
      clearInterval(timer);
      recorder.stop();
      recorder.close();
      return Promise.resolve();
    });
  };

const unread: Way = () => {
  const instance = new TraceInstance(tracefs, 'bench');
  for (const event of MINIMAL) instance.enable(event);
  return Promise.resolve(() => {
    instance.close();
    return Promise.resolve();
  });
};

const peer = `folioscope-${process.pid}-trace-cmd`;
const file = join(tmpdir(), `${peer}.dat`);
const traceCmd = (more: readonly string[]): readonly string[] => [
  'record',
  '-B',
  peer,
  ...MINIMAL.flatMap((event) => ['-e', event.replace('/', ':')]),
  '-o',
  file,
  ...more,
];
const byTraceCmd: Way = async () => {
  const child = spawn('trace-cmd', traceCmd([]), { stdio: 'ignore' });
  await sleep(1000);
  return async () => {
    const ended = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    child.kill('SIGINT');
    await ended;
  };
};

const ways = new Map<string, Way>([
  ['no recording', () => Promise.resolve(() => Promise.resolve())],
  ['the events enabled, unfiltered, without a reader', unread],
  ['folioscope record --events minimal', recording('minimal')],
  ['folioscope record --events full', recording('full')],
]);
const trial = spawnSync('trace-cmd', traceCmd(['true']), { encoding: 'utf8' });
const noTraceCmd =
  trial.error?.message ?? (trial.status === 0 ? undefined : trial.stderr.trim().split('\n').at(-1)?.trim());
if (noTraceCmd === undefined) ways.set('trace-cmd record, the same events, unfiltered', byTraceCmd);

const loop = spawn(
  process.execPath,
  ['--import', import.meta.resolve('tsx'), join(import.meta.dirname, 'fault-loop.ts')],
  {
    stdio: ['pipe', 'pipe', 'inherit'],
  },
);
const answers = createInterface({ input: loop.stdout })[Symbol.asyncIterator]();
async function measure(): Promise<number> {
  loop.stdin.write('go\n');
  const answer = await answers.next();
  return Number(answer.value);
}

await measure();
const times = new Map([...ways.keys()].map((name) => [name, [] as number[]]));
for (let nth = 0; nth < measurements; nth++)
  for (const [name, start] of ways) {
    const end = await start();
    times.get(name)?.push(await measure());
    await end();
  }
loop.stdin.end('end\n');
rmSync(file, { force: true });
// Instances that trace-cmd makes, and does not remove if it fails.
if (existsSync(`${tracefs}/instances/${peer}`)) rmdirSync(`${tracefs}/instances/${peer}`);

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
const base = median(times.get('no recording') ?? []);
for (const [name, values] of times)
  console.log(`${median(values).toFixed(0).padStart(6)} ns a fault  ${(median(values) / base).toFixed(2)}x  ${name}`);
if (noTraceCmd !== undefined) console.log(`trace-cmd record does not run here: ${noTraceCmd}`);
