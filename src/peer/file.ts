// SPDX-License-Identifier: MIT
import * as z from 'zod/mini';
import type { InputError } from '../ledger/index.ts';
import { readSource, suggestion } from '../scenario/index.ts';

/** Forms of the check that the protocol knows. */
export const PEER_VARIANTS = ['baseline', 'local-drain', 'v6'] as const;
export type PeerVariant = (typeof PEER_VARIANTS)[number];

/** Expected result of exploring the protocol. */
interface ExpectedOfPeer {
  readonly violates: readonly string[];
}

/** A file about the protocol that other model checkers were measured with. */
export interface PeerQuestion {
  readonly file: string;
  readonly name: string;
  readonly title: string;
  readonly about: string | undefined;
  readonly cpus: number;
  readonly folios: number;
  readonly check: {
    readonly every: ExpectedOfPeer | undefined;
    readonly byPatch: ReadonlyMap<string, ExpectedOfPeer>;
  };
}

const CHECKED = z.union([z.literal('holds'), z.strictObject({ violates: z.string() })]);
const PEER = z.strictObject({
  $schema: z.optional(z.string()),
  model: z.literal('peer-protocol'),
  scenario: z.string().check(z.regex(/^[\w.-]{1,40}$/)),
  title: z.string().check(z.regex(/^\S(?:.{0,198}\S)?$/)),
  about: z.optional(z.string()),
  cpus: z.int().check(z.minimum(1), z.maximum(8)),
  folios: z.int().check(z.minimum(1), z.maximum(8)),
  check: z.optional(
    z.strictObject({
      every: z.optional(CHECKED),
      baseline: z.optional(CHECKED),
      'local-drain': z.optional(CHECKED),
      v6: z.optional(CHECKED),
    }),
  ),
});

/** Expected value of each key of the file. */
const EXPECTED: Readonly<Record<string, string>> = {
  model: "'peer-protocol', or no 'model' in a scenario of the kernel",
  scenario: 'a name of at most 40 letters, digits, dots, dashes and underscores',
  title: 'one line of at most 200 letters',
  cpus: 'a number from 1 to 8',
  folios: 'a number from 1 to 8',
  check: `for each of every, ${PEER_VARIANTS.join(', ')} either 'holds' or { violates: PROPERTY }`,
};

/** The mistake to report: an unknown key first, because it is the likely cause of a missing one. */
function firstMistake(source: ReturnType<typeof readSource>, issues: readonly z.core.$ZodIssue[]): InputError {
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  const path = issue?.path ?? [];
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const known = path.length === 0 ? Object.keys(EXPECTED) : ['every', ...PEER_VARIANTS];
    return source.error([...path, key], `unknown key, ${suggestion(key, known)}`, 'key');
  }
  const key = String(path[0] ?? '');
  const expected = EXPECTED[key];
  if (expected === undefined) return source.error(path, `expected a mapping of ${Object.keys(EXPECTED).join(', ')}`);
  return source.error(path, `expected ${expected}`);
}

/**
 * Reads the text of a file that names a model. @throws InputError `FILE:LINE:COLUMN: path: what is wrong`
 * @example
 * import { parsePeerQuestion, PEER_VARIANTS } from 'folioscope/peer';
 * import { textNamesModel } from 'folioscope/scenario';
 * const file = `
 * model: peer-protocol
 * scenario: peer
 * title: The protocol
 * cpus: 2
 * folios: 1
 * `;
 * const asked = parsePeerQuestion('peer.yaml', file);
 * [asked.cpus, asked.folios]; // => [2, 1]
 * textNamesModel('peer.yaml', file); // => true
 * PEER_VARIANTS; // => ['baseline', 'local-drain', 'v6']
 */
export function parsePeerQuestion(file: string, text: string): PeerQuestion {
  const source = readSource(file, text);
  const parsed = PEER.safeParse(source.value);
  if (!parsed.success) throw firstMistake(source, parsed.error.issues);
  const { data } = parsed;
  const { every, ...forms } = data.check ?? {};
  const expectedOf = (entry: z.output<typeof CHECKED>): ExpectedOfPeer => ({
    violates: entry === 'holds' ? [] : [entry.violates],
  });
  const byPatch = new Map<string, ExpectedOfPeer>();
  for (const name of PEER_VARIANTS) {
    const entry = forms[name];
    if (entry !== undefined) byPatch.set(name, expectedOf(entry));
  }
  return {
    file,
    name: data.scenario,
    title: data.title,
    about: data.about?.trim(),
    cpus: data.cpus,
    folios: data.folios,
    check: { every: every === undefined ? undefined : expectedOf(every), byPatch },
  };
}
