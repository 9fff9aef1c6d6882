// SPDX-License-Identifier: MIT
import {
  ALTERNATIVES,
  type AnyCall,
  CALL_NAMES,
  type CallName,
  callNamed,
  LRU_BATCHES,
  MUTANTS,
  PATCHES,
  PROFILES,
  RESULTS,
} from '../kernel/index.ts';
import { EVENTS, PROPERTY_IDS } from './checking.ts';
import * as z from './shape.ts';

/**
 * The shape of a scenario file. Every description completes "expected ...", because error messages and
 * editors show it. What one place of a file says about another is checked in parse.ts.
 */
/** Of a guest_memfd: 256 MiB. */
const MOST_PAGES = 65_536;

const NAME = z
  .string()
  .regex(/^[A-Za-z][\w.-]{0,14}$/)
  .describe('a name of at most 15 letters, digits, dots, dashes and underscores that begins with a letter');

const RANGE = z
  .string()
  .regex(/^\d{1,9}\.\.\d{1,9}$/)
  .describe('a range of pages A..B, from A up to and without B');

/** Beyond 2^53 a number in YAML arrives as its digits. */
const U64 = z
  .union([
    z.int().min(0),
    z
      .string()
      .regex(/^(?:\d{1,20}|0x[\da-fA-F]{1,16})$/)
      .refine((text) => BigInt(text) < 1n << 64n),
  ])
  .describe('an unsigned 64-bit number');

const wholeNumber = (from: number, to: number) =>
  z.int().min(from).max(to).describe(`a whole number from ${from} to ${to}`);

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values).describe(`one of ${values.join(', ')}`);

const names = (values: readonly { readonly name: string }[]): [string, ...string[]] => {
  const [first = '', ...rest] = values.map(({ name }) => name);
  return [first, ...rest];
};

const YES_OR_NO = z.boolean().describe('true or false');

const FEATURES = z
  .strictObject({
    'batch-size': wholeNumber(1, 31).optional(),
    smp: YES_OR_NO.optional(),
    'drain-all-local-first': YES_OR_NO.optional(),
    'flush-frees-last-reference': YES_OR_NO.optional(),
    'unmap-drains-local': YES_OR_NO.optional(),
    'mlock-batch-holds-reference': YES_OR_NO.optional(),
  })
  .describe('features of the kernel that differ from its profile');

const MACHINE = z
  .strictObject({
    cpus: wholeNumber(1, 64),
    profile: oneOf(names(PROFILES)).optional(),
    features: FEATURES.optional(),
    'largest-order': wholeNumber(1, 9).optional(),
  })
  .describe('the machine: cpus, profile, features, largest-order');

const GUEST_MEMFD = z
  .strictObject({
    pages: wholeNumber(1, MOST_PAGES),
    'init-shared': YES_OR_NO.optional(),
    'vm-type': oneOf(['sw-protected', 'default']).optional(),
  })
  .describe('a guest_memfd: pages, init-shared, vm-type');

const TASK = z.strictObject({ cpu: wholeNumber(0, 63), process: NAME.optional() }).describe('a task: cpu, process');

export const CONVERT = z
  .strictObject({
    range: RANGE.optional(),
    to: oneOf(['private', 'shared']).optional(),
    offset: U64.optional(),
    size: U64.optional(),
    attributes: U64.optional(),
    flags: U64.optional(),
    reserved: z.array(U64).max(11).optional().describe('a list of at most 11 unsigned 64-bit numbers'),
    struct: oneOf(['read-only', 'unreadable']).optional(),
    'out-of-memory': z.literal(true).describe('true').optional(),
  })
  .describe('a conversion: range and to, or the raw fields of the struct');

const AS = oneOf(['private', 'shared']);
const BYTE = wholeNumber(0, 255);
const PAGE = wholeNumber(0, MOST_PAGES - 1);

/** Page N of the only guest_memfd is at frame N, unless that frame was taken when the page came. */
const FRAME = wholeNumber(0, 2 ** 20);

/** A value, or a list of those that may come. */
const anyOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z
    .union([z.enum(values), z.array(oneOf(values)).min(1)])
    .describe(`one of ${values.join(', ')}, or a list of those that may come`);

const EXPECTED = z
  .strictObject({
    returns: anyOf(RESULTS).optional(),
    verdict: anyOf(['safe', 'refused']).optional(),
    index: wholeNumber(0, MOST_PAGES - 1).optional(),
    spurious: YES_OR_NO.optional(),
    'drains-of-all': wholeNumber(0, 1024).optional(),
    'local-drains': wholeNumber(0, 1024).optional(),
    'counts-read': wholeNumber(0, 2 * MOST_PAGES).optional(),
    loads: z
      .union([BYTE, z.array(BYTE).min(1)])
      .describe('a whole number from 0 to 255, or a list of those that may come')
      .optional(),
  })
  .describe('an expected result: returns, verdict, index, spurious, drains-of-all, local-drains, counts-read, loads');

const EXPECT = z
  .strictObject({
    every: EXPECTED.optional(),
    ...Object.fromEntries(PATCHES.map(({ name }) => [name, EXPECTED.optional()])),
  })
  .describe("expected results by form of the check, 'every' for those that are not named");

/** How a file writes what a call names: under its key where the call names several things, else alone. */
export const WRITTEN = {
  start: { key: 'range', schema: RANGE, what: 'the pages', example: 'A..B' },
  index: { key: 'page', schema: PAGE, what: 'the page', example: 'N' },
  sourceIndex: { key: 'from', schema: PAGE, what: 'the page that fills it', example: 'N' },
  value: { key: 'value', schema: BYTE, what: 'the byte that fills it', example: 'N' },
  private: { key: 'as', schema: AS, what: 'the kind of memory', example: 'private' },
  pin: { key: 'as', schema: NAME, what: 'the name of the pin', example: 'NAME' },
  task: { key: 'task', schema: NAME, what: 'a task', example: 'NAME' },
  cpu: { key: 'to', schema: wholeNumber(0, 63), what: 'the CPU that it moves to', example: 'N' },
  process: { key: 'process', schema: NAME, what: 'a process', example: 'NAME' },
  pfn: { key: 'frame', schema: FRAME, what: 'a page frame', example: 'N' },
  batch: { key: 'batch', schema: oneOf(LRU_BATCHES), what: 'a batch', example: 'NAME' },
} as const;
export type WrittenName = keyof typeof WRITTEN;
/** In the order in which a file writes them. The guest_memfd is not here: it is 'in', beside the call. */
const WRITTEN_NAMES = [
  ...(['start', 'index', 'sourceIndex', 'value', 'private'] as const),
  ...(['pin', 'task', 'cpu', 'process', 'pfn', 'batch'] as const),
];

/** What stands in the value of a call, in order. */
export const writtenIn = ({ args }: AnyCall): readonly WrittenName[] =>
  WRITTEN_NAMES.filter((name) => args.includes(name));

/** The calls by their key in a file; several where the value is a word that tells which. */
const keyOf = (name: CallName): string => callNamed(name).written?.key ?? name;
export const CALL_KEYS: readonly string[] = [...new Set(CALL_NAMES.map(keyOf))];
export const callsOfKey = (key: string): readonly CallName[] => CALL_NAMES.filter((name) => keyOf(name) === key);

/** The value of a call, from what the table says that it names. */
function valueOf(kind: AnyCall): z.Shape<unknown> {
  const named = writtenIn(kind).map((name) => WRITTEN[name]);
  const [first, ...more] = named;
  if (first === undefined) return z.literal(true).describe('true');
  if (more.length === 0) return first.schema;
  const what = named.map((one) => one.what);
  const example = named.map((one) => `${one.key}: ${one.example}`).join(', ');
  return z
    .strictObject(Object.fromEntries(named.map(({ key, schema }) => [key, schema])))
    .describe(`${what.slice(0, -1).join(', ')} and ${what.at(-1)}, { ${example} }`);
}

/** The calls whose value is more than what they name. */
const OTHERWISE: Readonly<Record<string, z.Shape<unknown>>> = { convert: CONVERT, ioctl: wholeNumber(0, 0xffff_ffff) };

/** A call's value in a file: what is expected there is its title, what the call does its description. */
function schemaOfKey(key: string): z.Optional<unknown> {
  const kinds = callsOfKey(key).map(callNamed);
  const [word, ...more] = kinds.flatMap(({ written }) => written?.word ?? []);
  const [kind] = kinds;
  if (kind === undefined) throw new Error(`no call '${key}'`);
  const value = OTHERWISE[key] ?? (word === undefined ? valueOf(kind) : oneOf([word, ...more]));
  const about = kinds.map((one) => [one.written?.word, one.about].filter((part) => part !== undefined).join(': '));
  return value.meta({ title: value.description ?? '', description: about.join(' ') }).optional();
}

/** The calls; each entry of a list has exactly one of them. */
const CALLS: Readonly<Record<string, z.Optional<unknown>>> = Object.fromEntries(
  CALL_KEYS.map((key) => [key, schemaOfKey(key)]),
);

const CALL = z
  .strictObject({ ...CALLS, in: NAME.optional(), returns: anyOf(RESULTS).optional(), expect: EXPECT.optional() })
  .describe(`a call: one of ${CALL_KEYS.join(', ')}`);

const CHECKED = z
  .union([z.literal('holds'), z.strictObject({ violates: anyOf(PROPERTY_IDS) })])
  .describe("'holds', or { violates: NAME }");

const WISHES = z
  .array(
    z
      .union([z.enum(EVENTS), z.record(NAME, oneOf(RESULTS))])
      .describe(`one of ${EVENTS.join(', ')}, or { TASK: RESULT }`),
  )
  .min(1)
  .describe(`a list of what happens on some run: ${EVENTS.join(', ')}, or { TASK: RESULT }`);

const FORMS = ['every', ...names([...PATCHES, ...ALTERNATIVES])];

const CHECK = z
  .strictObject({
    features: FEATURES.optional(),
    unfair: z
      .array(z.string().regex(/^(?:[A-Za-z][\w.-]{0,14}|kworker\/\d{1,2})$/))
      .max(64)
      .optional()
      .describe('a list of tasks, or kworkers such as kworker/1, that may never be given their turn'),
    sometimes: z
      .union([WISHES, z.strictObject(Object.fromEntries(FORMS.map((name) => [name, WISHES.optional()])))])
      .optional()
      .describe("what happens on some run; a list, or a list by form of the check, 'every' for those not named"),
    every: CHECKED.optional(),
    mutants: z
      .strictObject(Object.fromEntries(MUTANTS.map(({ name }) => [name, CHECKED.optional()])))
      .optional()
      .describe('mistakes made on purpose by name, each with what it comes to'),
    ...Object.fromEntries([...PATCHES, ...ALTERNATIVES].map(({ name }) => [name, CHECKED.optional()])),
  })
  .describe("what every interleaving comes to, by form of the check, 'every' for those that are not named");

export const SCENARIO = z
  .strictObject({
    $schema: z.string().optional().describe('the address of the schema'),
    scenario: z
      .string()
      .regex(/^[\w.-]{1,40}$/)
      .describe('a name such as SC-02: at most 40 letters, digits, dots, dashes and underscores'),
    title: z
      .string()
      .regex(/^\S(?:.{0,198}\S)?$/)
      .describe('a title in one line of at most 200 characters'),
    about: z.string().optional().describe('a paragraph of text'),
    machine: MACHINE,
    guest_memfd: GUEST_MEMFD.optional(),
    guest_memfds: z
      .record(NAME, GUEST_MEMFD)
      .optional()
      .describe('several guest_memfds by name, { NAME: { pages: N } }'),
    tasks: z.record(NAME, TASK).describe('the tasks by name, { NAME: { cpu: N } }'),
    before: z
      .array(z.record(NAME, CALL).describe('a task and its call, { TASK: { CALL } }'))
      .optional()
      .describe('a list of calls'),
    schedule: z
      .string()
      .optional()
      .describe('whose turn it is: in-order, rr, random:N, pct:D:N, or turns such as T1:@folio_put,T0:all'),
    threads: z
      .record(NAME, z.array(CALL).min(1).describe('a list of at least one call'))
      .describe('the calls of each task, { TASK: [CALL, ...] }'),
    check: CHECK.optional(),
  })
  .describe('a scenario: scenario, title, machine, guest_memfd, tasks, threads');

export type ScenarioFile = z.output<typeof SCENARIO>;
export type CallEntry = z.output<typeof CALL>;
export type ConvertEntry = z.output<typeof CONVERT>;
export type ExpectedEntry = z.output<typeof EXPECTED>;
export type CheckedEntry = z.output<typeof CHECKED>;
export type WishesEntry = z.output<typeof WISHES>;

/** A part of a file that was read already, by its own schema. */
export function checked<T>(schema: z.Shape<T>, part: unknown): T {
  const read = schema.safeParse(part);
  if (!read.success)
    throw new Error(`a part of the file is read twice, and not alike: ${read.error.issues[0]?.message ?? ''}`);
  return read.data;
}

/** JSON Schema 2020-12 of a scenario file, for editors; shipped as schema/scenario.schema.json. */
export const scenarioJsonSchema = (): z.JsonSchema & { readonly $comment: string; readonly title: string } => ({
  $comment: 'Generated from src/scenario/schema.ts; a test keeps the two equal.',
  title: 'A folioscope scenario',
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  ...SCENARIO.json(),
});
