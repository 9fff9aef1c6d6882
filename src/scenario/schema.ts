// SPDX-License-Identifier: MIT
import { ALTERNATIVES, LRU_BATCHES, MUTANTS, PATCHES, PROFILES, RESULTS } from '../kernel/index.ts';
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

const CONVERT = z
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

const PIN = z
  .strictObject({ page: PAGE, as: NAME })
  .describe('the page and the name of the pin, { page: N, as: NAME }');

const POPULATE = z
  .strictObject({ page: PAGE, from: PAGE, as: NAME })
  .describe('the page, the page that fills it and the name of the pin meanwhile, { page: N, from: N, as: NAME }');

const GUEST_TOUCH = z
  .strictObject({ range: RANGE, as: AS })
  .describe("the pages and the guest's idea of them, { range: A..B, as: private }");

const STORE = z
  .strictObject({ page: PAGE, value: BYTE })
  .describe('the page and what it is filled with, { page: N, value: N }');

const GUEST_LOAD = z
  .strictObject({ page: PAGE, as: AS })
  .describe("the page and the guest's idea of it, { page: N, as: private }");

const GUEST_STORE = z
  .strictObject({ page: PAGE, value: BYTE, as: AS })
  .describe("the page, what it is filled with and the guest's idea of it, { page: N, value: N, as: private }");

const MIGRATE = z
  .strictObject({ task: NAME, to: wholeNumber(0, 63) })
  .describe('a task and the CPU that the scheduler moves it to, { task: NAME, to: N }');

/** Page N of the only guest_memfd is at frame N, unless that frame was taken when the page came. */
const FRAME = wholeNumber(0, 2 ** 20);

/** A value, or a list of those that may come. */
const anyOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z
    .union([z.enum(values), z.array(z.enum(values)).min(1)])
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

/** The calls; each entry of a list has exactly one of them. */
const CALLS = {
  touch: RANGE.optional(),
  fallocate: RANGE.optional(),
  'fallocate-large': RANGE.optional(),
  convert: CONVERT.optional(),
  vmsplice: PIN.optional(),
  'pin-user-pages': PIN.optional(),
  'pin-longterm': PIN.optional(),
  unpin: NAME.optional(),
  populate: POPULATE.optional(),
  'migrate-to': wholeNumber(0, 63).optional(),
  migrate: MIGRATE.optional(),
  'punch-hole': RANGE.optional(),
  'guest-touch': GUEST_TOUCH.optional(),
  load: PAGE.optional(),
  store: STORE.optional(),
  'guest-load': GUEST_LOAD.optional(),
  'guest-store': GUEST_STORE.optional(),
  bind: RANGE.optional(),
  'delete-memslot': RANGE.optional(),
  release: z
    .literal(true)
    .describe('true: the last reference to the file goes, so nobody maps or asks it any more')
    .optional(),
  mlock: RANGE.optional(),
  munlock: RANGE.optional(),
  mincore: RANGE.optional(),
  mbind: RANGE.optional(),
  'numa-hint-fault': RANGE.optional(),
  'madvise-pageout': RANGE.optional(),
  'madvise-dontneed': RANGE.optional(),
  write: RANGE.optional(),
  mmap: RANGE.optional(),
  munmap: RANGE.optional(),
  fork: NAME.optional(),
  exit: z.literal(true).describe('true').optional(),
  'page-idle': FRAME.optional(),
  damon: FRAME.optional(),
  'soft-offline': FRAME.optional(),
  'memory-failure': FRAME.optional(),
  'cpu-down': wholeNumber(0, 63).optional(),
  'cpu-up': wholeNumber(0, 63).optional(),
  'use-other-memory': oneOf(LRU_BATCHES).optional(),
  'lru-cache': oneOf(['disable', 'enable']).optional(),
  drain: oneOf(['local', 'all']).optional(),
  ioctl: wholeNumber(0, 0xffff_ffff).optional(),
} as const;
export const CALL_NAMES = Object.keys(CALLS);

const CALL = z
  .strictObject({ ...CALLS, in: NAME.optional(), returns: anyOf(RESULTS).optional(), expect: EXPECT.optional() })
  .describe(`a call: one of ${CALL_NAMES.join(', ')}`);

const CHECKED = z
  .union([z.literal('holds'), z.strictObject({ violates: anyOf(PROPERTY_IDS) })])
  .describe("'holds', or { violates: NAME }");

const WISHES = z
  .array(z.union([z.enum(EVENTS), z.record(NAME, z.enum(RESULTS))]))
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
export type ExpectedEntry = z.output<typeof EXPECTED>;
export type CheckedEntry = z.output<typeof CHECKED>;
export type WishesEntry = z.output<typeof WISHES>;

/** JSON Schema 2020-12 of a scenario file, for editors; shipped as schema/scenario.schema.json. */
export const scenarioJsonSchema = (): z.JsonSchema & { readonly $comment: string; readonly title: string } => ({
  $comment: 'Generated from src/scenario/schema.ts; a test keeps the two equal.',
  title: 'A folioscope scenario',
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  ...SCENARIO.json(),
});
