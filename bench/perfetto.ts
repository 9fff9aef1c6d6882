// SPDX-License-Identifier: MIT
// What `export --perfetto` takes, beside `trace-cmd report` of the same recording in the same run: processor time, peak memory and
// size. To be run after `npm run build`:
//
//   npx tsx bench/perfetto.ts TRACE.dat...
//
// The last rows are a recording that is made here, 400,000 folios of one guest_memfd that wait in batches.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FOLIOS = 400_000;
const BATCH = 31;

const folder = mkdtempSync(join(tmpdir(), 'folioscope-bench-'));

/** A process to its end, its output in a file. */
function measured(command: string, args: readonly string[], output: string) {
  const { status, stderr } = spawnSync('/usr/bin/time', ['-f', '%U %S %M', command, ...args], {
    stdio: ['ignore', openSync(output, 'w'), 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  const [user = 0, system = 0, peak = 0] = (stderr.trimEnd().split('\n').at(-1) ?? '').split(' ').map(Number);
  return { seconds: user + system, megabytes: peak / 1024, size: statSync(output).size };
}

function row(name: string, { seconds, megabytes, size }: ReturnType<typeof measured>): void {
  const cells = [seconds.toFixed(2), megabytes.toFixed(0), (size / 1e6).toFixed(1)];
  console.log(`${name.padEnd(44)}${cells.map((cell) => cell.padStart(12)).join('')}`);
}

function manyFolios(): string {
  const lines = ['# tracer: nop\n#\n'];
  let microseconds = 1_000_000;
  const line = (event: string): void => {
    microseconds += 2;
    lines.push(`             vmm-1000    [001] .....  ${(microseconds / 1e6).toFixed(6).padStart(12)}: ${event}\n`);
  };
  for (let index = 0; index < FOLIOS; index++) {
    line(
      `mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x${(index + 4096).toString(16)} ofs=${index * 4096} order=0`,
    );
    if (index % BATCH !== BATCH - 1) continue;
    for (let one = index - BATCH + 1; one <= index; one++)
      line(`mm_lru_insertion: folio=ffffea0000000000 pfn=0x${(one + 4096).toString(16)} lru=4 flags=Mf`);
  }
  return lines.join('');
}

const RUNS = 3;

/** The quickest of some runs. */
const quickest = (run: () => ReturnType<typeof measured>): ReturnType<typeof measured> =>
  Array.from({ length: RUNS }, run).reduce((a, b) => (b.seconds < a.seconds ? b : a));

try {
  const written = join(folder, 'trace.pftrace');
  const report = join(folder, 'report.txt');
  const made = join(folder, 'folios.txt');
  writeFileSync(made, manyFolios());
  console.log(`${''.padEnd(44)} processor s     peak MB  written MB`);
  for (const trace of [...process.argv.slice(2), made]) {
    const name = trace.replace(/^.*\//, '');
    const exported = quickest(() =>
      measured(process.execPath, ['dist/cli/main.js', 'export', trace, '--perfetto', '-'], written),
    );
    row(`export ${name} --perfetto`, exported);
    if (trace === made) continue;
    const reported = quickest(() => measured('trace-cmd', ['report', '-i', trace], report));
    row(`trace-cmd report -i ${name}`, reported);
    console.log(`${'  ratio'.padEnd(44)}${(exported.seconds / reported.seconds).toFixed(2).padStart(12)}`);
  }
  const compressed = measured('gzip', ['-c', written], report);
  row('gzip of the last', compressed);
} finally {
  rmSync(folder, { recursive: true });
}
