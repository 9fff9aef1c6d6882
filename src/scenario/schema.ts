// SPDX-License-Identifier: MIT
import * as z from 'zod/mini';
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

/**
 * The shape of a scenario file. Every description completes "expected ...", because error messages and
 * editors show it. References between parts of a file are checked in parse.ts.
 */
/** Maximum size of a guest_memfd: 256 MiB. */
const MOST_PAGES = 65_536;

const NAME = z
  .string()
  .check(
    z.regex(/^[A-Za-z][\w.-]{0,14}$/),
    z.describe('a name of at most 15 letters, digits, dots, dashes and underscores that begins with a letter'),
  );

const RANGE = z
  .string()
  .check(z.regex(/^\d{1,9}\.\.\d{1,9}$/), z.describe('a range of pages A..B, which ends before page B'));

/** A number beyond 2^53 is read from YAML as a string of its digits. */
const U64 = z
  .union([
    z.int().check(z.minimum(0)),
    z.string().check(
      z.regex(/^(?:\d{1,20}|0x[\da-fA-F]{1,16})$/),
      z.refine((text) => BigInt(text) < 1n << 64n),
    ),
  ])
  .check(z.describe('an unsigned 64-bit number'));

const wholeNumber = (from: number, to: number) =>
  z.int().check(z.minimum(from), z.maximum(to), z.describe(`a whole number from ${from} to ${to}`));

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values).check(z.describe(`one of ${values.join(', ')}`));

const names = (values: readonly { readonly name: string }[]): [string, ...string[]] => {
  const [first = '', ...rest] = values.map(({ name }) => name);
  return [first, ...rest];
};

const YES_OR_NO = z.boolean().check(z.describe('true or false'));

const FEATURES = z
  .strictObject({
    'batch-size': z.optional(wholeNumber(1, 31)),
    smp: z.optional(YES_OR_NO),
    'drain-all-local-first': z.optional(YES_OR_NO),
    'flush-frees-last-reference': z.optional(YES_OR_NO),
    'unmap-drains-local': z.optional(YES_OR_NO),
    'mlock-batch-holds-reference': z.optional(YES_OR_NO),
  })
  .check(z.describe('features of the kernel that differ from its profile'));

const MACHINE = z
  .strictObject({
    cpus: wholeNumber(1, 64),
    profile: z.optional(oneOf(names(PROFILES))),
    features: z.optional(FEATURES),
    'largest-order': z.optional(wholeNumber(1, 9)),
  })
  .check(z.describe('the machine: cpus, profile, features, largest-order'));

const GUEST_MEMFD = z
  .strictObject({
    pages: wholeNumber(1, MOST_PAGES),
    'init-shared': z.optional(YES_OR_NO),
    'vm-type': z.optional(oneOf(['sw-protected', 'default'])),
  })
  .check(z.describe('a guest_memfd: pages, init-shared, vm-type'));

const TASK = z
  .strictObject({ cpu: wholeNumber(0, 63), process: z.optional(NAME) })
  .check(z.describe('a task: cpu, process'));

export const CONVERT = z
  .strictObject({
    range: z.optional(RANGE),
    to: z.optional(oneOf(['private', 'shared'])),
    offset: z.optional(U64),
    size: z.optional(U64),
    attributes: z.optional(U64),
    flags: z.optional(U64),
    reserved: z
      .optional(z.array(U64).check(z.maxLength(11)))
      .check(z.describe('a list of at most 11 unsigned 64-bit numbers')),
    struct: z.optional(oneOf(['read-only', 'unreadable'])),
    'out-of-memory': z.optional(z.literal(true).check(z.describe('true'))),
  })
  .check(z.describe('a conversion: range and to, or the raw fields of the struct'));

const AS = oneOf(['private', 'shared']);
const BYTE = wholeNumber(0, 255);
const PAGE = wholeNumber(0, MOST_PAGES - 1);

/** Page N of a single guest_memfd is in frame N, unless that frame was in use when the page was allocated. */
const FRAME = wholeNumber(0, 2 ** 20);

/** One value, or the list of all values that are allowed. */
const anyOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z
    .union([z.enum(values), z.array(oneOf(values)).check(z.minLength(1))])
    .check(z.describe(`one of ${values.join(', ')}, or a list of the possible ones`));

const EXPECTED = z
  .strictObject({
    returns: z.optional(anyOf(RESULTS)),
    verdict: z.optional(anyOf(['safe', 'refused'])),
    index: z.optional(wholeNumber(0, MOST_PAGES - 1)),
    spurious: z.optional(YES_OR_NO),
    'drains-of-all': z.optional(wholeNumber(0, 1024)),
    'local-drains': z.optional(wholeNumber(0, 1024)),
    'counts-read': z.optional(wholeNumber(0, 2 * MOST_PAGES)),
    loads: z.optional(
      z
        .union([BYTE, z.array(BYTE).check(z.minLength(1))])
        .check(z.describe('a whole number from 0 to 255, or a list of the possible ones')),
    ),
  })
  .check(
    z.describe(
      'an expected result: returns, verdict, index, spurious, drains-of-all, local-drains, counts-read, loads',
    ),
  );

const EXPECT = z
  .strictObject({
    every: z.optional(EXPECTED),
    named: z.optional(EXPECTED),
    ...Object.fromEntries(PATCHES.map(({ name }) => [name, z.optional(EXPECTED)])),
  })
  .check(
    z.describe(
      "expected results by form of the check; 'named' stands for the other named forms, 'every' for all other forms",
    ),
  );

/** How a file writes the arguments of a call: each under its key if the call has several, otherwise alone. */
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
/** In the order of a file. The guest_memfd is not in this list: a file writes it as 'in', beside the call. */
const WRITTEN_NAMES = [
  ...(['start', 'index', 'sourceIndex', 'value', 'private'] as const),
  ...(['pin', 'task', 'cpu', 'process', 'pfn', 'batch'] as const),
];

/** Arguments that a file writes in the value of a call, in order. */
export const writtenIn = ({ args }: AnyCall): readonly WrittenName[] =>
  WRITTEN_NAMES.filter((name) => args.includes(name));

/** Key of a call in a file; calls that a word in the value distinguishes have the same key. */
const keyOf = (name: CallName): string => callNamed(name).written?.key ?? name;
export const CALL_KEYS: readonly string[] = [...new Set(CALL_NAMES.map(keyOf))];
export const callsOfKey = (key: string): readonly CallName[] => CALL_NAMES.filter((name) => keyOf(name) === key);

/** Schema of a call's value, from the arguments that the table of calls lists. */
function valueOf(kind: AnyCall): z.ZodMiniType {
  const named = writtenIn(kind).map((name) => WRITTEN[name]);
  const [first, ...more] = named;
  if (first === undefined) return z.literal(true).check(z.describe('true'));
  if (more.length === 0) return first.schema;
  const what = named.map((one) => one.what);
  const example = named.map((one) => `${one.key}: ${one.example}`).join(', ');
  return z
    .strictObject(Object.fromEntries(named.map(({ key, schema }) => [key, schema])))
    .check(z.describe(`${what.slice(0, -1).join(', ')} and ${what.at(-1)}, { ${example} }`));
}

/** Schemas of the calls whose value has more than their arguments. */
const SPECIAL_VALUES: Readonly<Record<string, z.ZodMiniType>> = {
  convert: CONVERT,
  ioctl: wholeNumber(0, 0xffff_ffff),
};

/** Schema of a call's value in a file: its title says what is expected, its description what the call does. */
function schemaOfKey(key: string): z.ZodMiniOptional<z.ZodMiniType> {
  const kinds = callsOfKey(key).map(callNamed);
  const [word, ...more] = kinds.flatMap(({ written }) => written?.word ?? []);
  const [kind] = kinds;
  if (kind === undefined) throw new Error(`no call '${key}'`);
  const value = SPECIAL_VALUES[key] ?? (word === undefined ? valueOf(kind) : oneOf([word, ...more]));
  const about = kinds.map((one) => [one.written?.word, one.about].filter((part) => part !== undefined).join(': '));
  const { description: title = '' } = z.globalRegistry.get(value) ?? {};
  return z.optional(value.check(z.meta({ title, description: about.join(' ') })));
}

/** The calls; each entry of a list has exactly one of them. */
const CALLS: Readonly<Record<string, z.ZodMiniOptional<z.ZodMiniType>>> = Object.fromEntries(
  CALL_KEYS.map((key) => [key, schemaOfKey(key)]),
);

const CALL = z
  .strictObject({ ...CALLS, in: z.optional(NAME), returns: z.optional(anyOf(RESULTS)), expect: z.optional(EXPECT) })
  .check(z.describe(`a call: one of ${CALL_KEYS.join(', ')}`));

const CHECKED = z
  .union([z.literal('holds'), z.strictObject({ violates: anyOf(PROPERTY_IDS) })])
  .check(z.describe("'holds', or { violates: NAME }"));

const WISHES = z
  .array(
    z
      .union([z.enum(EVENTS), z.record(NAME, oneOf(RESULTS))])
      .check(z.describe(`one of ${EVENTS.join(', ')}, or { TASK: RESULT }`)),
  )
  .check(z.minLength(1), z.describe(`a list of what happens on some run: ${EVENTS.join(', ')}, or { TASK: RESULT }`));

const FORMS = ['every', ...names([...PATCHES, ...ALTERNATIVES])];

const CHECK = z
  .strictObject({
    features: z.optional(FEATURES),
    unfair: z
      .optional(
        z.array(z.string().check(z.regex(/^(?:[A-Za-z][\w.-]{0,14}|kworker\/\d{1,2})$/))).check(z.maxLength(64)),
      )
      .check(z.describe('a list of tasks, or kworkers such as kworker/1, that may never get a turn')),
    sometimes: z
      .optional(z.union([WISHES, z.strictObject(Object.fromEntries(FORMS.map((name) => [name, z.optional(WISHES)])))]))
      .check(
        z.describe(
          "what happens on some run: a list, or a list by form of the check; 'every' stands for all other forms",
        ),
      ),
    every: z.optional(CHECKED),
    mutants: z
      .optional(z.strictObject(Object.fromEntries(MUTANTS.map(({ name }) => [name, z.optional(CHECKED)]))))
      .check(z.describe('deliberately wrong forms by name, each with its expected verdict')),
    ...Object.fromEntries([...PATCHES, ...ALTERNATIVES].map(({ name }) => [name, z.optional(CHECKED)])),
  })
  .check(
    z.describe("the expected verdict over all interleavings, by form of the check; 'every' stands for all other forms"),
  );

export const SCENARIO = z
  .strictObject({
    $schema: z.optional(z.string()).check(z.describe('the address of the schema')),
    scenario: z
      .string()
      .check(
        z.regex(/^[\w.-]{1,40}$/),
        z.describe('a name such as SC-02: at most 40 letters, digits, dots, dashes and underscores'),
      ),
    title: z
      .string()
      .check(z.regex(/^\S(?:.{0,198}\S)?$/), z.describe('a title in one line of at most 200 characters')),
    about: z.optional(z.string()).check(z.describe('a paragraph of text')),
    machine: MACHINE,
    guest_memfd: z.optional(GUEST_MEMFD),
    guest_memfds: z
      .optional(z.record(NAME, GUEST_MEMFD))
      .check(z.describe('several guest_memfds by name, { NAME: { pages: N } }')),
    tasks: z.record(NAME, TASK).check(z.describe('the tasks by name, { NAME: { cpu: N } }')),
    before: z
      .optional(z.array(z.record(NAME, CALL).check(z.describe('a task and its call, { TASK: { CALL } }'))))
      .check(z.describe('a list of calls')),
    schedule: z
      .optional(z.string())
      .check(
        z.describe('the order of the turns: in-order, rr, random:N, pct:D:N, or turns such as T1:@folio_put,T0:all'),
      ),
    threads: z
      .record(NAME, z.array(CALL).check(z.minLength(1), z.describe('a list of at least one call')))
      .check(z.describe('the calls of each task, { TASK: [CALL, ...] }')),
    check: z.optional(CHECK),
  })
  .check(z.describe('a scenario: scenario, title, machine, guest_memfd, tasks, threads'));

export type ScenarioFile = z.output<typeof SCENARIO>;
export type CallEntry = z.output<typeof CALL>;
export type ConvertEntry = z.output<typeof CONVERT>;
export type ExpectedEntry = z.output<typeof EXPECTED>;
export type CheckedEntry = z.output<typeof CHECKED>;
export type WishesEntry = z.output<typeof WISHES>;

/** A part of a parsed file, checked by its own schema. */
export function checked<T>(schema: z.ZodMiniType<T>, part: unknown): T {
  const read = schema.safeParse(part);
  if (!read.success) throw new Error(`a part of the file is read twice, and not alike: ${read.error.message}`);
  return read.data;
}

/** JSON Schema 2020-12 of a scenario file, for editors; shipped as schema/scenario.schema.json. */
export const scenarioJsonSchema = (): z.core.JSONSchema.JSONSchema => ({
  $comment: 'Generated from src/scenario/schema.ts; a test keeps the two equal.',
  title: 'A folioscope scenario',
  ...z.toJSONSchema(SCENARIO, { io: 'input' }),
});
