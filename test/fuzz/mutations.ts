// SPDX-License-Identifier: MIT
import type { Random } from './random.ts';
import type { Seed } from './seeds.ts';

/** What was done to a seed. */
export interface Mutated {
  readonly bytes: Uint8Array;
  /** Names of the mutations, in their order. */
  readonly steps: readonly string[];
}

type Mutation = (bytes: Uint8Array, random: Random, seed: Seed, others: readonly Seed[]) => Uint8Array;

const EXTREMES = [
  0n,
  1n,
  3n,
  4n,
  7n,
  8n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0xffffn,
  0x1_0000n,
  0x7ff_ffffn,
  0x800_0000n,
  0x1000_0000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xc000_0000n,
  0xffff_fff0n,
  0xffff_ffffn,
  0x1_0000_0000n,
  (1n << 53n) - 1n,
  1n << 53n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 8n,
  (1n << 64n) - 1n,
] as const;

const [FIRST_EXTREME] = EXTREMES;
const extreme = (random: Random): bigint => EXTREMES[random.below(EXTREMES.length)] ?? FIRST_EXTREME;

function write(bytes: Uint8Array, at: number, value: bigint, size: number, littleEndian: boolean): Uint8Array {
  const changed = bytes.slice();
  for (let nth = 0; nth < size; nth++) {
    const place = at + (littleEndian ? nth : size - 1 - nth);
    if (place < changed.length) changed[place] = Number((value >> BigInt(8 * nth)) & 0xffn);
  }
  return changed;
}

function readAt(bytes: Uint8Array, at: number, size: number, littleEndian: boolean): bigint {
  let value = 0n;
  for (let nth = 0; nth < size; nth++) {
    value |= BigInt(bytes[at + (littleEndian ? nth : size - 1 - nth)] ?? 0) << BigInt(8 * nth);
  }
  return value;
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** A range of `bytes`, mostly short. */
function range(bytes: Uint8Array, random: Random): { readonly from: number; readonly to: number } {
  const from = random.below(bytes.length);
  const most = random.one([4, 16, 64, 600, 5000]);
  return { from, to: Math.min(bytes.length, from + 1 + random.below(most)) };
}

/**
 * A place that holds something which may be a size, an offset or a count: a number of `size` bytes that lies in the file.
 * Anywhere, where chance meets none.
 */
function telling(bytes: Uint8Array, random: Random, seed: Seed, size: number): number {
  for (let tries = 0; tries < 60; tries++) {
    const at = random.below(bytes.length - size);
    const value = readAt(bytes, at, size, seed.littleEndian);
    if (value > 0n && value <= BigInt(bytes.length)) return at;
  }
  return random.below(bytes.length);
}

const GENERAL: Readonly<Record<string, Mutation>> = {
  truncate: (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  'flip bits': (bytes, random) => {
    const changed = bytes.slice();
    for (let count = random.one([1, 1, 2, 8]); count > 0; count--) {
      const at = random.below(changed.length);
      changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
    }
    return changed;
  },
  'change a number': (bytes, random, seed) => {
    const size = random.one([1, 2, 4, 8]);
    return write(bytes, telling(bytes, random, seed, size), extreme(random), size, seed.littleEndian);
  },
  'change a number a little': (bytes, random, seed) => {
    const size = random.one([2, 4, 8]);
    const at = telling(bytes, random, seed, size);
    const value = readAt(bytes, at, size, seed.littleEndian) + BigInt(random.below(65) - 32);
    return write(bytes, at, BigInt.asUintN(8 * size, value), size, seed.littleEndian);
  },
  'point elsewhere': (bytes, random, seed) => {
    const at = telling(bytes, random, seed, 8);
    return write(bytes, at, BigInt(random.below(bytes.length)), 8, seed.littleEndian);
  },
  'fill with zeros': (bytes, random) => {
    const { from, to } = range(bytes, random);
    return bytes.slice().fill(0, from, to);
  },
  'fill with noise': (bytes, random) => {
    const { from, to } = range(bytes, random);
    const changed = bytes.slice();
    changed.set(random.bytes(to - from), from);
    return changed;
  },
  'cut out': (bytes, random) => {
    const { from, to } = range(bytes, random);
    return joined(bytes.subarray(0, from), bytes.subarray(to));
  },
  'put in': (bytes, random) => {
    const at = random.below(bytes.length + 1);
    return joined(bytes.subarray(0, at), random.bytes(1 + random.below(64)), bytes.subarray(at));
  },
  duplicate: (bytes, random) => {
    const { from, to } = range(bytes, random);
    return joined(bytes.subarray(0, to), bytes.subarray(from, to), bytes.subarray(to));
  },
  'swap two parts': (bytes, random) => {
    if (bytes.length < 2) return bytes;
    const length = 1 + random.below(Math.min(4096, bytes.length >> 1));
    const one = random.below(bytes.length - 2 * length);
    const two = one + length + random.below(bytes.length - 2 * length - one);
    const changed = bytes.slice();
    changed.set(bytes.subarray(two, two + length), one);
    changed.set(bytes.subarray(one, one + length), two);
    return changed;
  },
  splice: (bytes, random, _seed, others) => {
    const other = others[random.below(others.length)]?.bytes ?? bytes;
    const { from, to } = range(other, random);
    const at = random.below(bytes.length);
    return joined(bytes.subarray(0, at), other.subarray(from, to), bytes.subarray(random.one([at, at + to - from])));
  },
};

/** Mutations that know where a ring-buffer page keeps what: only seeds whose pages stand as they are have such places. */
const OF_PAGES: Readonly<Record<string, Mutation>> = {
  'change a commit': (bytes, random, seed) => {
    const page = pageOf(seed, random);
    const value = random.one([extreme(random), BigInt(random.below(5000)), 0x8000_0000n | BigInt(random.below(600))]);
    return write(bytes, page + 8, value, seed.pages?.machine.long ?? 8, seed.littleEndian);
  },
  'change a page time': (bytes, random, seed) =>
    write(bytes, pageOf(seed, random), extreme(random), 8, seed.littleEndian),
  'change a record header': (bytes, random, seed) => {
    const header = 8 + (seed.pages?.machine.long ?? 8);
    const at = pageOf(seed, random) + header + 4 * random.below(100);
    const type = BigInt(random.one([0, 1, 5, 28, 29, 30, 31]));
    const delta = random.one([0n, 1n, 0x7ff_ffffn]);
    return write(bytes, at, seed.littleEndian ? (delta << 5n) | type : (type << 27n) | delta, 4, seed.littleEndian);
  },
  'swap two pages': (bytes, random, seed) => {
    const size = seed.pages?.size ?? 0;
    const [one, two] = [pageOf(seed, random), pageOf(seed, random)];
    const changed = bytes.slice();
    const [first, second] = [bytes.subarray(one, one + size), bytes.subarray(two, two + size)];
    if (one + size > bytes.length || two + size > bytes.length) return changed;
    changed.set(second, one);
    changed.set(first, two);
    return changed;
  },
};

const pageOf = (seed: Seed, random: Random): number => {
  const starts = seed.pages?.starts ?? [];
  return starts[random.below(starts.length)] ?? 0;
};

const NEWLINE = 0x0a;

function lineOf(bytes: Uint8Array, random: Random): { readonly from: number; readonly to: number } {
  const at = random.below(bytes.length);
  const from = bytes.lastIndexOf(NEWLINE, at - 1) + 1;
  const newline = bytes.indexOf(NEWLINE, at);
  return { from, to: newline < 0 ? bytes.length : newline + 1 };
}

/** Replaces one run of digits. */
function renumber(bytes: Uint8Array, random: Random, digits: string): Uint8Array {
  let from = random.below(bytes.length);
  const isDigit = (at: number): boolean => (bytes[at] ?? 0) >= 0x30 && (bytes[at] ?? 0) <= 0x39;
  while (from < bytes.length && !isDigit(from)) from++;
  let to = from;
  while (to < bytes.length && isDigit(to)) to++;
  return joined(bytes.subarray(0, from), new TextEncoder().encode(digits), bytes.subarray(to));
}

const EVENTLESS = [
  'CPU:1 [LOST 99999999999999999999 EVENTS]\n',
  'CPU:4294967296 [LOST 3 EVENTS]\n',
  'CPU:0 [LOST EVENTS]\n',
  '##### CPU 99999 buffer started ####\n',
  '# entries-in-buffer/entries-written: 99999999999999999999/1   #P:4294967295\n',
  'cpus=99999999999\n',
  ' => \n',
  '\0\n',
  '\uFEFF\n',
] as const;
const LINES = [
  ...EVENTLESS,
  '          <idle>-0     [65535] d.... 99999999999.999999: mm_lru_insertion: folio=0 pfn=0x1fffffffffffff lru=4 flags=M\n',
  '             vmm-7     [001] ..... 2571.888296: mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x10 ofs=18446744073709551615 order=255\n',
] as const;

/** Lines that mutations put into a text and that are no events, without their newline. */
export const EVENTLESS_LINES: ReadonlySet<string> = new Set(
  EVENTLESS.map((line) => Buffer.from(line).toString('latin1').trimEnd()),
);

const OF_TEXT: Readonly<Record<string, Mutation>> = {
  'cut a line out': (bytes, random) => {
    const { from, to } = lineOf(bytes, random);
    return joined(bytes.subarray(0, from), bytes.subarray(to));
  },
  'cut a line short': (bytes, random) => {
    const { from, to } = lineOf(bytes, random);
    const cut = from + random.below(to - from);
    return joined(bytes.subarray(0, cut), bytes.subarray(random.one([to - 1, to])));
  },
  'double a line': (bytes, random) => {
    const { from, to } = lineOf(bytes, random);
    return joined(bytes.subarray(0, to), bytes.subarray(from, to), bytes.subarray(to));
  },
  'write a number': (bytes, random) => renumber(bytes, random, String(extreme(random))),
  'write a huge number': (bytes, random) => renumber(bytes, random, '9'.repeat(random.one([17, 20, 40, 400, 5000]))),
  'write a NUL': (bytes, random) => bytes.with(random.below(bytes.length), 0),
  'write invalid UTF-8': (bytes, random) => {
    const at = random.below(bytes.length);
    return joined(
      bytes.subarray(0, at),
      random.one([Uint8Array.of(0xff, 0xfe), Uint8Array.of(0xc3), Uint8Array.of(0xed, 0xa0, 0x80)]),
      bytes.subarray(at),
    );
  },
  'make a field huge': (bytes, random) => {
    const at = random.below(bytes.length);
    const filler = new Uint8Array(random.one([300, 5000, 70_000])).fill(random.one([0x20, 0x41, 0x30, 0x3d, 0x3e]));
    return joined(bytes.subarray(0, at), filler, bytes.subarray(at));
  },
  'put a line in': (bytes, random) => {
    const { from } = lineOf(bytes, random);
    const line = new TextEncoder().encode(LINES[random.below(LINES.length)]);
    return joined(bytes.subarray(0, from), line, bytes.subarray(from));
  },
  'end lines as DOS does': (bytes) =>
    new TextEncoder().encode(new TextDecoder().decode(bytes).replaceAll('\n', '\r\n')),
};

/** A line of megabytes, a block of the reader and more: it costs milliseconds, so few inputs have it. */
const LONG_LINE: Mutation = (bytes, random) => {
  const at = random.below(bytes.length);
  const filler = new Uint8Array(random.one([1_048_570, 1_048_580, 2_097_200])).fill(random.one([0x20, 0x41, 0x30]));
  return joined(bytes.subarray(0, at), filler, bytes.subarray(at));
};
const LONG_LINE_ONE_IN = 2000;

function mutationsOf(seed: Seed): readonly (readonly [string, Mutation])[] {
  const general = Object.entries(GENERAL);
  if (seed.pages !== undefined) return [...general, ...Object.entries(OF_PAGES)];
  return seed.kind === 'text' ? [...general, ...Object.entries(OF_TEXT)] : general;
}

/** A seed after one to five mutations, mostly one. */
export function mutate(seed: Seed, random: Random, others: readonly Seed[]): Mutated {
  const known = mutationsOf(seed);
  const steps: string[] = [];
  let bytes = seed.bytes;
  if (seed.kind === 'text' && random.below(LONG_LINE_ONE_IN) === 0) {
    steps.push('make a line long');
    bytes = LONG_LINE(bytes, random, seed, others);
  }
  for (let count = random.one([1, 1, 1, 2, 2, 5]); count > 0 && bytes.length > 0; count--) {
    const [name, change] = known[random.below(known.length)] ?? ['truncate', GENERAL['truncate'] ?? LONG_LINE];
    steps.push(name);
    bytes = change(bytes, random, seed, others);
  }
  return { bytes, steps };
}
