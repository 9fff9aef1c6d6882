// SPDX-License-Identifier: MIT
// What `explain` takes for recordings of many folios and many moments or calls: processor time and peak memory of whole
// processes. To be run after `npm run build`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BATCH = 31;
const HEX = 16;
const FIRST_FRAME = 0x1000;

/** A recording's text, line by line, with a clock that each line moves on. */
class Recorder {
  readonly #lines: string[] = ['# tracer: nop\n#\n'];
  #microseconds = 1_000_000;

  line(cpu: number, event: string): void {
    this.#microseconds += 2;
    const time = (this.#microseconds / 1e6).toFixed(6).padStart(12);
    this.#lines.push(`             vmm-${String(100 + cpu).padEnd(7)} [00${cpu}] .....  ${time}: ${event}\n`);
  }

  add(index: number): void {
    const frame = (index + FIRST_FRAME).toString(HEX);
    this.line(1, `mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x${frame} ofs=${index * 4096} order=0`);
    if (index % BATCH !== BATCH - 1) return;
    for (let one = index - BATCH + 1; one <= index; one++)
      this.line(
        1,
        `mm_lru_insertion: folio=ffffea0000000000 pfn=0x${(one + FIRST_FRAME).toString(HEX)} lru=4 flags=Mf`,
      );
  }

  get text(): string {
    return this.#lines.join('');
  }
}

function markers(folios: number, count: number, between: boolean): string {
  const recorder = new Recorder();
  for (let index = 0; index < folios; index++) {
    recorder.add(index);
    if (between && index % (folios / count) === 0) recorder.line(0, `tracing_mark_write: m${index}`);
  }
  if (!between) for (let mark = 0; mark < count; mark++) recorder.line(0, `tracing_mark_write: m${mark}`);
  return recorder.text;
}

function calls(folios: number, count: number): string {
  const recorder = new Recorder();
  for (let index = 0; index < folios; index++) recorder.add(index);
  recorder.line(
    0,
    'page_ref_mod: pfn=0x1001 flags=uptodate|lru count=3 mapcount=0 mapping=ffff888000aa1100 mt=1 val=1',
  );
  for (let call = 0; call < count; call++) {
    recorder.line(0, 'sys_ioctl(fd: 8, cmd: 0xc080aed2, arg: 0x7ffd10000000)');
    recorder.line(0, call % 2 === 0 ? 'sys_ioctl -> 0xfffffffffffffff5' : 'sys_ioctl -> 0x0');
  }
  return recorder.text;
}

const SIZES = [
  ['50,000 folios x 2,000 calls, one reference alive', calls(50_000, 2000)],
  ['20,000 folios x 1,000 markers behind them', markers(20_000, 1000, false)],
  ['20,000 folios x 1,000 markers between them', markers(20_000, 1000, true)],
] as const;

const folder = mkdtempSync(join(tmpdir(), 'folioscope-sizes-'));
const REPORT =
  'process.on("exit",()=>{const u=process.resourceUsage();require("fs").writeSync(2,`${(u.userCPUTime+u.systemCPUTime)/1e6} ${u.maxRSS/1024}`)})';
writeFileSync(join(folder, 'report.cjs'), REPORT);
try {
  console.log('                                                    processor s  peak MB');
  for (const [name, text] of SIZES) {
    const file = join(folder, 'recording.txt');
    writeFileSync(file, text);
    const ran = spawnSync(
      process.execPath,
      ['--require', join(folder, 'report.cjs'), 'dist/cli/main.js', 'explain', file],
      { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const [seconds = Number.NaN, megabytes = Number.NaN] = ran.stderr.trim().split(' ').map(Number);
    console.log(`  ${name.padEnd(50)} ${seconds.toFixed(2).padStart(10)} ${megabytes.toFixed(0).padStart(8)}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
