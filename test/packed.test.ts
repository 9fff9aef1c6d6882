// SPDX-License-Identifier: MIT
// docs/new-patch.md, done by a stranger: the packed package in an empty folder, and the form from the page.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from './cli/folioscope.ts';
import { Packed } from './support/packed.ts';

const LIMIT = 120_000;
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const [, shown = ''] = /```ts\n([^]*?)```/.exec(read('docs/new-patch.md')) ?? [];

let packed: Packed;
let folder = '';
const inFolder = (program: string, ...args: readonly string[]) => packed.run(program, ...args);
const folioscope = (...args: readonly string[]) =>
  inFolder(process.execPath, 'node_modules/folioscope/dist/cli/main.js', ...args);

beforeAll(() => {
  packed = new Packed();
  folder = packed.folder;
  writeFileSync(join(folder, 'my-check.ts'), shown);
}, LIMIT);
afterAll(() => packed.remove());

const SC_11 = 'node_modules/folioscope/scenarios/SC-11-vmsplice.yaml';

test('the first form of the page is short', () => {
  expect(read('examples/drain-and-trust.ts')).toBe(`// SPDX-License-Identifier: MIT\n${shown}`);
  expect(shown.split('\n').length).toBeLessThanOrEqual(31);
});

test('every form that the page shows whole is an example that ships', () => {
  const blocks = [...read('docs/new-patch.md').matchAll(/```ts\n([^]*?)```/g)].map(([, block = '']) => block);
  const whole = blocks.filter((block) => block.includes('export default'));
  const examples = readdirSync(join(ROOT, 'examples')).filter((name) => name.endsWith('.ts'));
  expect(whole.map((block) => `// SPDX-License-Identifier: MIT\n${block}`).toSorted()).toEqual(
    examples.map((name) => read(`examples/${name}`)).toSorted(),
  );
  expect(blocks).toHaveLength(whole.length + 1);
});

/** The verdicts of a check by property. */
function verdictsOf(...args: readonly string[]): ReadonlyMap<string, string> {
  const { stdout, stderr } = folioscope('check', ...args, '--json');
  expect(stderr).toBe('');
  const { properties } = JSON.parse(stdout) as {
    readonly properties: readonly { readonly property: string; readonly verdict: string }[];
  };
  return new Map(properties.map(({ property, verdict }) => [property, verdict]));
}

/** An example that ships, in a file of the folder. */
function copied(name: string): string {
  writeFileSync(join(folder, name), read(`examples/${name}`));
  return `./${name}`;
}

test('the right form holds, where it is to refuse and where not', { timeout: LIMIT }, () => {
  for (const scenario of ['SC-02-other-cpu', 'SC-11-vmsplice']) {
    const verdicts = verdictsOf(
      `node_modules/folioscope/scenarios/${scenario}.yaml`,
      '--patch',
      copied('read-again.ts'),
    );
    expect(new Set(verdicts.values())).toEqual(new Set(['holds']));
  }
});

test('a walk of its own needs claimingList: without it I6 is violated', { timeout: LIMIT }, () => {
  const SC_02 = 'node_modules/folioscope/scenarios/SC-02-other-cpu.yaml';
  const text = read('examples/own-walk.ts');
  expect(verdictsOf(SC_02, '--patch', copied('own-walk.ts')).get('I6')).toBe('holds');
  const silent = text
    .replace("k.claimingList('safety-check', batch.folios, 0, batch.count, {}, ", '[')
    .replace(/^ {6}\}\);$/m, '      }].forEach((walk) => walk());');
  writeFileSync(join(folder, 'silent.ts'), silent);
  expect(verdictsOf(SC_02, '--patch', './silent.ts').get('I6')).toBe('violated');
});

test('a look that the form says itself is one', { timeout: LIMIT }, () => {
  const [, block = ''] = /```ts\n(k\.step\('decide'[^]*?)```/.exec(read('docs/new-patch.md')) ?? [];
  const form = (
    decide: string,
  ): string => `import { clamped, forEachFolio, LOOK, safetyCheck } from 'folioscope/kernel';
export default {
  name: 'own-sign',
  summary: 'refuses every page by a sign of its own',
  check: safetyCheck((k, args) => forEachFolio(k, args, clamped, ({ folio: of, safe }) => {
    ${decide}
  })),
};
`;
  const SC_02 = 'node_modules/folioscope/scenarios/SC-02-other-cpu.yaml';
  writeFileSync(join(folder, 'shown.ts'), form(block));
  writeFileSync(join(folder, 'blind.ts'), form(block.replace(/^.*LOOK.*\n/m, '')));
  // Only a batch holds the page: what the form shows is judged, and it is wrong; what it does not show is not.
  expect(verdictsOf(SC_02, '--patch', './shown.ts').get('I2')).toBe('violated');
  expect(verdictsOf(SC_02, '--patch', './blind.ts').get('I2')).toBe('undecided');
});

test('run refutes the form', { timeout: LIMIT }, () => {
  const { status, stdout, stderr } = folioscope('run', SC_11, '--patch', './my-check.ts', '--steps', 'none');
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  expect(stdout).toContain('NOT AS EXPECTED: refused at index 5, justified');
});

test('check refutes it on the smallest run', { timeout: LIMIT }, () => {
  const { status, stdout, stderr } = folioscope('check', SC_11, '--patch', './my-check.ts', '--json');
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ patch: 'drain-and-trust', verdict: 'violated', property: 'I1' });
});

test('its types are those of the package', { timeout: LIMIT }, () => {
  const options = ['--noEmit', '--strict', '--module', 'node20', '--skipLibCheck', '--types', ''];
  const compiler = join(ROOT, 'node_modules/ts7/bin/tsc');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const { status, stdout } = inFolder(process.execPath, compiler, ...options, 'my-check.ts');
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
});

describe('docs/library.md', () => {
  const [, program = ''] = /```js\n([^]*?)```/.exec(read('docs/library.md')) ?? [];
  const [, output = ''] = /```\n(baseline[^]*?)```/.exec(read('docs/library.md')) ?? [];

  test.each([[[]], [['--disallow-code-generation-from-strings']]])(
    'its program checks a scenario in ten lines: node %j',
    { timeout: LIMIT },
    (flags) => {
      expect(program.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(11);
      writeFileSync(join(folder, 'check.mjs'), program);
      const { status, stdout, stderr } = inFolder(process.execPath, ...flags, 'check.mjs');
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout.startsWith(output)).toBe(true);
      expect(stdout.includes('interpreted: ')).toBe(flags.length > 0);
    },
  );

  test('every import that it names is there', { timeout: LIMIT }, () => {
    const rooms = [...read('docs/library.md').matchAll(/`(folioscope\/[a-z]+)`/g)].map(([, room = '']) => room);
    expect(rooms.length).toBeGreaterThan(8);
    writeFileSync(join(folder, 'all.mjs'), rooms.map((room) => `await import('${room}');\n`).join(''));
    const { status, stderr } = inFolder(process.execPath, 'all.mjs');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

/** The routines that a form's text stands in. */
const CHECK = 'ioctl > kvm_gmem_ioctl > __kvm_gmem_set_attributes > kvm_gmem_is_safe_for_conversion';

/** A form whose check is these words, and otherwise that of the baseline. */
const checking = (
  words: string,
): string => `import { clamped, compareCount, folio, FOLIO, folio_ref_count, forEachFolio, INDEX, lru_cache_disable, safetyCheck } from 'folioscope/kernel';
import { bool, int, one, sharedScalar } from 'folioscope/lang'; const elsewhere = sharedScalar('elsewhere', int(2));
const check = safetyCheck((k, args) => {
  ${words}
  forEachFolio(k, args, clamped, (judgement) => compareCount(k, judgement));
});
export default { name: 'bad', summary: '', check };
`;

test.each([
  ['const x: = 3', /^folioscope: \.\/bad\.ts:1:10: .*\n$/],
  [
    'export const patch = 1;',
    'folioscope: ./bad.ts: no default export, expected a form of the check, { name, summary, check }\n',
  ],
  [
    "import { safetyCheck } from 'folioscope/kernel';\nexport default { name: 'v6', summary: '', check: safetyCheck(() => {}) };",
    "folioscope: ./bad.ts:2: name: 'v6' is one of folioscope's own forms, expected another name\n",
  ],
  [
    "import { nothing } from 'folioscope/kernels';\nexport default nothing;",
    "folioscope: ./bad.ts: cannot be loaded: there is no 'folioscope/kernels' here, expected folioscope/kernel or folioscope/lang\n",
  ],
  [
    "import { folio, safetyCheck } from 'folioscope/kernel';\nconst check = safetyCheck((k) => k.if(folio.refcount.at(0).eq(1), () => {}));\nexport default { name: 'x', summary: '', check };",
    /^folioscope: \.\/bad\.ts:2: no kernel can be built with it: a condition outside a step touches shared memory .*\n$/,
  ],
  [
    checking('').replace("summary: ''", "summary: '', mutant: { name: 'gup-no-barrier' }"),
    'folioscope: ./bad.ts:7: mutant: no field of a form, expected name, summary, check, guestFaultPutsAtOnce, skipsLru, freezes, mostDrains, mostReads, ownReferences, statics, exports, parts\n',
  ],
  [
    checking('').replace("summary: ''", "summary: '', mostDrains: { local: 1 }"),
    /^folioscope: \.\/bad\.ts:7: mostDrains: expected \{ local: N, all: N \}.*\n$/,
  ],
  [
    checking('').replace("summary: ''", "summary: '', parts: ['mlok']"),
    /^folioscope: \.\/bad\.ts:7: parts: expected a list of mlock, .*\n$/,
  ],
  [
    'export default await new Promise(() => {});',
    'folioscope: ./bad.ts: cannot be loaded: it ends the process, or waits for ever, before its default export is there\n',
  ],
  [
    checking("k.let('n', int(2), 0).add(3);"),
    `folioscope: ./bad.ts: bad fails where one page is converted: n := 3, allowed is 0 to 2, in the text of ${CHECK}, behind step 'folios_put'\n`,
  ],
  [
    checking("k.let('n', int(2), 3);"),
    `folioscope: ./bad.ts:4: no kernel can be built with it: n := 3, allowed is 0 to 2, in the text of ${CHECK}\n`,
  ],
  [
    checking("const n = k.let('n', int(2), 1); k.step('mine', () => n.add(n)); n.add(1);"),
    `folioscope: ./bad.ts: bad fails where one page is converted: n := 3, allowed is 0 to 2, in the text of ${CHECK}, behind step 'mine'\n`,
  ],
  [
    checking("k.step('mine', () => elsewhere.set(1));"),
    `folioscope: ./bad.ts:4: no kernel can be built with it: 'elsewhere' is no variable of this program, in step 'mine' of ${CHECK}\n`,
  ],
  [
    checking("k.claiming('walker', k.local('of', one(FOLIO)), { amount: elsewhere }, () => k.step('mine', () => {}));"),
    `folioscope: ./bad.ts:4: no kernel can be built with it: 'elsewhere' is no variable of this program, in a claim in the text of ${CHECK}\n`,
  ],
  [
    checking('k.call(lru_cache_disable, {});'),
    `folioscope: ./bad.ts:4: no kernel can be built with it: 'lru_disable_count' is left out of this program: lru_disable_count := 1, allowed is 0 to 0, in step 'atomic_inc' of ${CHECK} > lru_cache_disable; expected parts: ['lru_disable'] among the form's fields\n`,
  ],
  [
    checking("k.step('mine', () => folio.frozen.at(0, 0).set(true));"),
    `folioscope: ./bad.ts:4: no kernel can be built with it: 'folio.frozen' is left out of this program: it has no freeze, in step 'mine' of ${CHECK}; expected freezes: true among the form's fields\n`,
  ],
  [
    checking("if (k.local('x', bool).not()) k.step('mine', () => {});"),
    "folioscope: ./bad.ts:4: no kernel can be built with it: JavaScript's if sees every value of the kernel language as true: expected k.if between steps, k.when inside one\n",
  ],
  [
    checking('while (args.nr) args.nr.plus(1);'),
    "folioscope: ./bad.ts:4: no kernel can be built with it: JavaScript's while sees every value of the kernel language as true: expected k.while\n",
  ],
  [
    checking("if (args.nr > 1) k.step('mine', () => {});"),
    "folioscope: ./bad.ts:4: no kernel can be built with it: JavaScript's operators and templates take no value of the kernel language: expected .plus(), .minus(), .eq(), .lt() and their like\n",
  ],
  [
    checking('for (;;) args.nr.plus(1);'),
    "folioscope: ./bad.ts:4: no kernel can be built with it: a JavaScript loop has turned 1000000 times and does not end: the kernel's loops are k.loop, k.while and k.for\n",
  ],
  [
    'for (let i = 0; ; i++) {\n}\nexport default 1;',
    "folioscope: ./bad.ts:1: cannot be loaded: a JavaScript loop has turned 1000000 times and does not end: the kernel's loops are k.loop, k.while and k.for\n",
  ],
  [
    checking("k.step('mine', () => k.assert('never', args.safe));"),
    "folioscope: ./bad.ts:4: no kernel can be built with it: 'assert' says nothing in a form of the check: expected the scenario's own 'check', or a step that sets 'safe'\n",
  ],
  [
    checking("k.step('mine', () => args.safe.set(folio.refcount.at(k.local('on', one(INDEX))).eq(2)));"),
    "folioscope: ./bad.ts:4: no kernel can be built with it: an index of 'folio.refcount' takes a value of kind 'folio', not one of kind 'index'\n",
  ],
  [
    checking("k.call(folio_ref_count, { folio: k.local('on', one(INDEX)), count: k.local('n', int(9)) });"),
    "folioscope: ./bad.ts:4: no kernel can be built with it: an index of 'folio.refcount' takes a value of kind 'folio', not one of kind 'index'\n",
  ],
  [
    checking("k.if(k.local('of', one(FOLIO)).eq(k.local('on', one(INDEX))), () => {});"),
    "folioscope: ./bad.ts:4: no kernel can be built with it: a comparison with a value of kind 'folio' takes a value of kind 'folio', not one of kind 'index'\n",
  ],
  [
    checking("k.let('n', int(9), k.local('of', one(FOLIO)));"),
    "folioscope: ./bad.ts:4: no kernel can be built with it: 'n' takes a value of kind 'int', not one of kind 'folio'\n",
  ],
  [
    checking('k.if(args.nr, () => {});'),
    "folioscope: ./bad.ts:4: no kernel can be built with it: 'if' takes a value of kind 'bool', not one of kind 'int'\n",
  ],
  [
    checking('k.call(lru_cache_disable);'),
    "folioscope: ./bad.ts:4: no kernel can be built with it: 'lru_cache_disable' is called without arguments, expected k.call(lru_cache_disable, { ... })\n",
  ],
  [
    checking("k.call(folio_ref_count, { folio: k.local('of', one(FOLIO)) });"),
    "folioscope: ./bad.ts:4: no kernel can be built with it: 'folio_ref_count' is called without 'count'\n",
  ],
  [
    checking("k.local('n', int('3'));"),
    'folioscope: ./bad.ts:4: no kernel can be built with it: int("3"): expected a whole number from 0 on, such as int(3)\n',
  ],
  [
    checking("k.local('n', int(3.5));"),
    'folioscope: ./bad.ts:4: no kernel can be built with it: int(3.5): expected a whole number from 0 on, such as int(3)\n',
  ],
  [
    checking("k.let('n', int(3), 1.5);"),
    'folioscope: ./bad.ts:4: no kernel can be built with it: expected a value of the kernel language or a whole number, not 1.5\n',
  ],
  [
    checking('args.safe = false;'),
    "folioscope: ./bad.ts:4: no kernel can be built with it: 'safe' is a place, expected safe.set(...) instead of =\n",
  ],
  [
    checking('forEachFolio(k, args, clamped, (judgement) => { judgement.safe = false; });'),
    "folioscope: ./bad.ts:4: no kernel can be built with it: 'safe' is a place, expected safe.set(...) instead of =\n",
  ],
  [
    "export default {\n  name: 'empty',\n  summary: '',\n  check: () => {},\n};",
    'folioscope: ./bad.ts:4: check: expected safetyCheck((k, args) => { ... }), not the text itself\n',
  ],
  [
    checking("setTimeout(() => k.step('late', () => {}), 0);"),
    'folioscope: ./bad.ts:4: fails later: a part of the text comes from a timer or a promise, after the text was recorded; expected a form that is recorded at once\n',
  ],
  [
    checking('void Promise.resolve().then(() => args.safe.set(false));'),
    'folioscope: ./bad.ts:4: fails later: a place is written where no text is recorded: outside a routine, in a timer or a promise; expected a form that is recorded at once\n',
  ],
  [
    checking("void Promise.reject('no reason');"),
    'folioscope: ./bad.ts: fails later: no reason; expected a form that is recorded at once\n',
  ],
  [
    checking('k.loop(() => args.safe.set(true));'),
    "folioscope: ./bad.ts: bad fails where one page is converted: 'convert' goes round without taking a step\n",
  ],
])('a mistake is one line and exit code 65: %j', { timeout: LIMIT }, (text, message) => {
  writeFileSync(join(folder, 'bad.ts'), text);
  const { status, stdout, stderr } = folioscope('run', SC_11, '--patch', './bad.ts');
  expect({ status, stdout }).toEqual({ status: 65, stdout: '' });
  expect(stderr).toMatch(message);
});

test.each([
  // What a model of the second says is for the checker to tell that it is written for.
  [
    "if ((k.sizes['pin'] ?? 0) > 0) throw new Error('not\\nso many');",
    /^:4: bad fails: not so many; expected a form that does not, correct it\n$/,
    ['run', 'check', 'export --promela'],
  ],
  [
    "const n = k.let('n', int(2), k.sizes['pin'] ?? 0); n.add(2);",
    /^: bad fails: n := 3, allowed is 0 to 2, in the text of .*ioctl > .*; expected a form that does not, correct it\n$/,
    ['run --runs 2', 'check'],
  ],
  [
    "const n = k.let('n', int(3), 0); k.step('mine', () => n.set(folio.refcount.at(0).plus((k.sizes['pin'] ?? 0) + 1)));",
    /^: bad fails: n := 4, allowed is 0 to 3, in step 'mine' of .*ioctl > .*; expected a form that does not, correct it\n$/,
    ['run', 'check', 'check --exact', 'check --workers 2'],
  ],
])('so is one that shows only in larger kernels: %s', { timeout: LIMIT }, (text, told, commands) => {
  writeFileSync(join(folder, 'bad.ts'), checking(text));
  for (const command of commands) {
    const { status, stdout, stderr } = folioscope(...command.split(' '), SC_11, '--patch', './bad.ts');
    expect([command, status, stdout]).toEqual([command, 65, '']);
    expect(stderr.replace('folioscope: ./bad.ts', '')).toMatch(told);
  }
});

test('without the optional packages: tables are written, and SQL says what is missing', () => {
  const recording = 'node_modules/folioscope/examples/two-cpu.dat';
  expect(folioscope('export', recording, '--parquet', 'tables')).toMatchObject({ status: 0, stderr: '' });
  const { status: exported, stdout: line } = folioscope('export', recording, '--perfetto', 'two-cpu.pftrace');
  expect([exported, line]).toEqual([0, expect.stringMatching(/^401 events in \d+ packets {2}two-cpu\.pftrace\n$/)]);
  const { status, stdout, stderr } = folioscope('query', 'tables', 'SELECT count(*) FROM events');
  expect({ status, stdout }).toEqual({ status: 69, stdout: '' });
  expect(stderr).toMatch(
    /^folioscope: the optional package @duckdb\/node-api, which answers SQL, is missing; to get it: npm install @duckdb\/node-api@[\d.r-]+\n$/,
  );
});
