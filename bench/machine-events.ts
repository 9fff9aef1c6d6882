// SPDX-License-Identifier: MIT
// explain on the machine's own events, for many seeds and after every step: does it say what is true?
//
//   npx tsx bench/machine-events.ts [SEEDS [FIRST]]      exit 0: always; 1: not always
import { compare } from '../test/support/simulated-explained.ts';

const grouped = (value: number): string => value.toLocaleString('en').replaceAll(',', ' ');

const [seeds = 1000, first = 1000] = process.argv.slice(2).map(Number);
for (const asked of ['batches', 'holders'] as const) {
  let [moments, events, lines, byInode] = [0, 0, 0, 0];
  const wrong: string[] = [];
  for (let seed = first; seed < first + seeds; seed++) {
    const found = await compare(seed, asked, Infinity);
    moments += found.moments;
    events += found.events.length;
    lines += found.lines;
    byInode += Number(found.byInode);
    for (const { at, truth, said } of found.wrong) wrong.push(`seed ${seed} at ${at}: true ${truth} | said ${said}`);
  }
  const counts = `${grouped(events)} events, ${grouped(moments)} moments, ${grouped(lines)} lines of truth`;
  process.stdout.write(`${asked}: ${grouped(seeds)} seeds, ${counts}: ${wrong.length} wrong\n`);
  if (byInode > 0)
    process.stdout.write(`  of which ${byInode} without any insertion: each inode was asked for by its number\n`);
  for (const line of wrong.slice(0, 10)) process.stdout.write(`  ${line}\n`);
  if (wrong.length > 0) process.exitCode = 1;
}
