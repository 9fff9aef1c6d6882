// SPDX-License-Identifier: MIT
// The weight of a page that reads recordings and checks scenarios, and the share of each room.
//
//   npx tsx bench/bundle.ts
import { type Chunk, pageChunks } from '../test/support/page-bundle.ts';

/** `verify` of src/verify/verify.ts, `yaml` of node_modules/yaml/... */
function roomOf(path: string): string {
  const [, room] = /^src\/([^/]+)\//.exec(path) ?? [];
  if (room !== undefined) return room;
  const [, name] = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
  return name ?? 'entry';
}

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1).padStart(6)} kB`;
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
const packedIn = (chunks: readonly Chunk[]): number => sum(chunks.map(({ packed }) => packed));

const chunks = await pageChunks();
const first = chunks.filter(({ isFirst }) => isFirst);
const bytes = sum(first.map((chunk) => chunk.bytes));
console.log(`a page, gzipped: ${kilobytes(packedIn(first)).trim()} (${kilobytes(bytes).trim()} before), of which`);
const byRoom = new Map<string, number>();
for (const [path, size] of first.flatMap(({ bytesOf }) => [...bytesOf]))
  byRoom.set(roomOf(path), (byRoom.get(roomOf(path)) ?? 0) + size);
for (const [room, size] of [...byRoom].toSorted(([, a], [, b]) => b - a))
  console.log(`  ${room.padEnd(24)} ${((100 * size) / bytes).toFixed(1).padStart(5)} %`);
console.log('loaded when it is needed, gzipped:');
const later = chunks.filter(({ isFirst }) => !isFirst);
const names = new Set(later.map(({ module, bytesOf }) => module ?? [...bytesOf.keys()].at(0) ?? ''));
for (const name of names) {
  const its = later.filter(({ module, bytesOf }) => (module ?? [...bytesOf.keys()].at(0)) === name);
  console.log(`  ${name.replace(/^.*node_modules\//, '').padEnd(40)} ${kilobytes(packedIn(its))}`);
}
