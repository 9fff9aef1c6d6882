// SPDX-License-Identifier: MIT
// Finds repetitions of src/abi/ in a source. check-directions.mjs reports them, so that each number is defined once.
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Content of the room abi, read from the room itself.
 * @typedef {{ ioctls: ReadonlyMap<bigint, string>, errnos: Readonly<Record<string, number>>, names: ReadonlySet<string> }} Abi
 */

/** Smaller numbers are too common to be recognised: a flag 8, a mode 3. */
const TELLING = 0x8000n;

/**
 * Builds and loads `root/src/abi/index.ts`.
 * @param {string} root
 * @returns {Promise<Abi>}
 */
export async function loadAbi(root) {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src/abi/index.ts')],
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'silent',
  });
  const text = outputFiles[0]?.text ?? '';
  const room = /** @type {Record<string, unknown>} */ (
    await import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`)
  );
  const numbers = Object.entries(room).flatMap(([name, value]) =>
    typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))
      ? [/** @type {const} */ ([BigInt(value), name])]
      : [],
  );
  return {
    ioctls: new Map(numbers.filter(([number]) => number >= TELLING)),
    errnos: /** @type {Record<string, number>} */ (room['ERRNO']),
    names: new Set([...Object.keys(room), ...Object.keys(/** @type {object} */ (room['ERRNO']))]),
  };
}

/**
 * Replaces comments by blanks, so that lines keep their places; a `//` in a string counts as a comment, and hides the rest of
 * its line.
 */
const withoutComments = (/** @type {string} */ source) =>
  source.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, (comment) => comment.replaceAll(/[^\n]/g, ' '));

const NUMBER = /(?<![\w.$])(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*)n?(?![\w.])/g;

/** @param {string} literal @returns {bigint} */
const valueOf = (literal) => BigInt(literal.replaceAll('_', '').replace(/n$/, ''));

/** Size, mask and shift of a page, for Linux's page sizes: 4K, 16K, 64K. */
const PAGE_BYTES = new Set([4096n, 16_384n, 65_536n]);
const PAGE_MASKS = new Set([4095n, 16_383n, 65_535n]);
const PAGE_SHIFTS = new Set([12n, 14n, 16n]);
/** Pattern of names of page sizes: `page`, not `pageReference`. */
const PAGE_NAME = /(?:^|[_#]|[a-z](?=P))page_?(?:size|bytes|shift|mask)?$/i;

/**
 * @param {string} source
 * @param {Abi} abi
 * @returns {{ line: number, what: string }[]} each place where the source repeats abi
 */
export function knownTwice(source, abi) {
  const code = withoutComments(source);
  /** @type {{ at: number, what: string }[]} */
  const found = [];
  const errnoOf = new Map(Object.entries(abi.errnos).map(([name, number]) => [BigInt(number), name]));

  for (const match of code.matchAll(NUMBER)) {
    const [literal] = match;
    const at = match.index;
    const value = valueOf(literal);
    const before = code.slice(Math.max(0, at - 80), at);
    const after = code.slice(at + literal.length, at + literal.length + 40);
    const ioctl = abi.ioctls.get(value);
    if (ioctl !== undefined) found.push({ at, what: `${literal} is ${ioctl}` });

    // A table of errors, either way round: EAGAIN: 11; [-11, 'EAGAIN']; const EAGAIN = -11.
    const errno = errnoOf.get(value);
    const named = errno !== undefined && new RegExp(`\\b${errno}\\b['"\`]?\\s*[:=,]\\s*\\(?-?$`).test(before);
    const naming = errno !== undefined && new RegExp(`^\\]?\\s*[,:=]\\s*['"\`]${errno}\\b`).test(after);
    const compared = errno !== undefined && value > 2n && /[=!]==?\s*-$/.test(before);
    if (named || naming || compared) found.push({ at, what: `${literal} is the number of ${errno}` });

    // A page's size, by its name or its use.
    const declared = /([#\w$]+)(?:\s*:\s*\w+)?\s*=\s*(?:2n?\s*\*\*\s*|1n?\s*<<\s*)?$/.exec(before)?.[1] ?? '';
    const sized = PAGE_BYTES.has(value) || PAGE_SHIFTS.has(value);
    const divided = PAGE_BYTES.has(value) && /(?:\/|\*|%)=?\s*$/.test(before);
    const shifted = value === 12n && /(?:>>|<<)=?\s*$/.test(before);
    const masked = PAGE_MASKS.has(value) && value === 4095n && /[&|]\s*~?\s*$/.test(before);
    if ((sized && PAGE_NAME.test(declared)) || divided || shifted || masked)
      found.push({ at, what: `${literal} is a page size, its mask or its shift` });
  }
  // An own constant under a name of abi.
  for (const match of code.matchAll(/\b(?:const|let|enum)\s+([A-Z][A-Z\d_]+)\s*(?::[^=]+)?=\s*-?[\d(]/g))
    if (abi.names.has(match[1] ?? '')) found.push({ at: match.index, what: `${match[1]} is abi's` });

  return found
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, what }) => ({ line: code.slice(0, at).split('\n').length, what }));
}
