// SPDX-License-Identifier: MIT
// The command as a user runs it: output, exit codes, one line for every mistake.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { COMMAND, folioscope, ROOT } from './folioscope.ts';
import { validatorOf } from './schema.ts';

const SC_02 = 'scenarios/SC-02-other-cpu.yaml';
const THREE_FORMS = ['run', SC_02, '--patch', 'baseline,local-drain,v6'];

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-run-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A small scenario in which form v6 refuses nothing and baseline does, and whoever reads it may expect more. */
const scenario = (expectation = ''): string => `scenario: T
title: A page on another CPU
machine: { cpus: 2 }
guest_memfd: { pages: 1 }
tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
before: [{ T1: { touch: 0..1 } }]
threads:
  T0:
    - convert: { range: 0..1, to: private }
${expectation}`;

function write(name: string, text: string | Uint8Array): string {
  writeFileSync(join(folder, name), text);
  return name;
}

const run = (...args: readonly string[]) => folioscope(['run', ...args], { cwd: folder });

/** The command as a shell takes it. */
const command = (args: readonly string[]): string =>
  [process.execPath, ...COMMAND, ...args].map((word) => `'${word}'`).join(' ');

const inBash = (text: string) => spawnSync('bash', ['-c', text], { cwd: ROOT, encoding: 'utf8' });

describe('the report', () => {
  test('of SC-02 under three forms', async () => {
    const { status, stdout, stderr } = folioscope(THREE_FORMS);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    await expect(stdout).toMatchFileSnapshot('../golden/run-SC-02.txt');
  });

  test('of SC-02 under three forms, as JSON', async () => {
    const { status, stdout, stderr } = folioscope([...THREE_FORMS, '--json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    await expect(stdout).toMatchFileSnapshot('../golden/run-SC-02.json');
  });

  test('has no steps where none are asked for, and all where all are', () => {
    expect(folioscope([...THREE_FORMS, '--steps', 'none']).stdout).not.toContain('folio_add_lru');
    expect(folioscope([...THREE_FORMS, '--steps', 'all']).stdout).toContain('- folio_get: folio.refcount[0] 2 -> 3');
  });

  test('of several scenarios is a line each', () => {
    const { status, stdout } = folioscope(['run', SC_02, 'scenarios/SC-03-migrated.yaml', '--patch', 'v8']);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: `ok         SC-02: A page faulted on another CPU
ok         SC-03: The converting task faulted the page before it migrated
2 scenarios: 2 ok
`,
    });
  });

  test('of a directory has every scenario in it, and the bad ones on standard error', () => {
    write('b.yaml', scenario());
    write('a.json', JSON.stringify({ scenario: 'A' }));
    write('notes.txt', 'no scenario');
    expect(run('.', '--patch', 'v6')).toEqual({
      status: 65,
      stdout: 'ok         T: A page on another CPU\n1 scenario: 1 ok\n',
      stderr: expect.stringMatching(/^folioscope: a\.json:1:1: title: missing, expected a title [^\n]*\n$/),
    });
  });

  test('reads a scenario from a pipe', () => {
    write('a.yaml', scenario());
    const { status, stdout } = inBash(`${command(['run', '/dev/stdin', '--patch', 'v6'])} < <(cat '${folder}/a.yaml')`);
    expect(status).toBe(0);
    expect(stdout).toContain('safe, 1 drain of all CPUs');
  });
});

test.each([
  ['run', 'recorded % 2 === 0'],
  ['check', 'recorded % 2 === 0'],
  ['check', 'recorded < 4 || recorded % 2 === 0'],
])("%s refuses a form whose text depends on JavaScript's own state: %s", (name, drains) => {
  write('a.yaml', scenario());
  write(
    'recorded.mjs',
    `import { clamped, compareCount, forEachFolio, lru_add_drain_all, safetyCheck } from 'folioscope/kernel';
let recorded = 0;
export default {
  name: 'recorded',
  summary: 'drains in some recordings of its text',
  check: safetyCheck((k, args) => {
    recorded++;
    forEachFolio(k, args, clamped, (judgement) => {
      if (${drains}) k.call(lru_add_drain_all, {});
      compareCount(k, judgement);
    });
  }),
};
`,
  );
  const patch = join(folder, 'recorded.mjs');
  const { status, stderr } = folioscope([name, join(folder, 'a.yaml'), '--patch', patch]);
  expect(status).toBe(65);
  expect(stderr).toBe(
    `folioscope: ${patch}: the form's text differs from one recording to the next, expected state in k.let or in shared memory, not in JavaScript\n`,
  );
});

describe('a form that does not show when it looks', () => {
  const reason = 'this form does not say when it looks at a page';
  const blind = (): readonly string[] => {
    write(
      'blind.mjs',
      `import { safetyCheck } from 'folioscope/kernel';
export default {
  name: 'blind',
  summary: 'refuses without a look',
  check: safetyCheck((k, { start, safe, err_index }) => {
    k.step('decide', () => safe.set(false));
    err_index.set(start);
  }),
};
`,
    );
    return ['--patch', join(folder, 'blind.mjs'), '--steps', 'none'];
  };

  test('is told so in the report, in the line of several, and by the exit code', () => {
    const { status, stdout } = folioscope(['run', SC_02, ...blind()]);
    expect(status).toBe(1);
    expect(stdout.replaceAll(/\n {9}/g, ' ')).toContain(`\n  blind  refused at index 0 (${reason})\n`);
    expect(stdout).toContain('\nnothing expected, a conversion refused in blind\n');
    const several = folioscope(['run', SC_02, SC_02, ...blind()]);
    expect(several.status).toBe(1);
    expect(several.stdout).toMatch(/^refused {4}SC-02/);
  });

  test('and in JSON as its schema has it', () => {
    const { status, stdout } = folioscope(['run', SC_02, ...blind(), '--json']);
    expect(status).toBe(1);
    const validate = validatorOf('run');
    const document: unknown = JSON.parse(stdout);
    validate(document);
    expect(validate.errors).toBe(null);
    const conversion = { verdict: 'refused', index: 0, reason };
    expect(document).toMatchObject({ scenarios: [{ patches: [{ calls: [{}, { conversion }] }] }] });
  });

  test('is undecided where it is expected that the refusal is spurious', () => {
    write('a.yaml', scenario('      expect: { every: { verdict: refused, spurious: true } }\n'));
    const file = join(folder, 'a.yaml');
    const text = folioscope(['run', file, ...blind()]);
    expect(text.status).toBe(2);
    expect(text.stdout).toContain('\nundecided in blind\n');
    const several = folioscope(['run', file, file, ...blind()]);
    expect(several.status).toBe(2);
    expect(several.stdout).toContain('2 scenarios: 0 ok, 2 undecided\n');
    const document = JSON.parse(folioscope(['run', file, ...blind(), '--json']).stdout) as {
      readonly scenarios: readonly { readonly patches: readonly object[] }[];
    };
    expect(document.scenarios[0]?.patches[0]).not.toHaveProperty('asExpected');
  });
});

describe('JSON', () => {
  const validate = validatorOf('run');

  test.each([
    ['SC-04-forty-folios.yaml', []],
    ['SC-11-vmsplice.yaml', []],
    ['SC-36-unwritable-struct.yaml', ['--steps', 'none']],
    ['argument-errors.yaml', ['--patch', 'v6']],
  ])('of %s is what its schema says', (file, options) => {
    const { status, stdout } = folioscope(['run', `scenarios/${file}`, '--json', ...options]);
    validate(JSON.parse(stdout));
    expect(validate.errors).toBeNull();
    expect(status).toBe(0);
  });

  test('is one document for several files', () => {
    write('one.yaml', scenario());
    write('two.yaml', scenario());
    const { status, stdout } = run('one.yaml', 'two.yaml', '--json', '--steps', 'none', '--patch', 'baseline');
    const document = JSON.parse(stdout) as { scenarios: { file: string }[] };
    expect(validate(document)).toBe(true);
    expect(document.scenarios.map(({ file }) => file)).toEqual(['one.yaml', 'two.yaml']);
    expect(status).toBe(1);
  });
});

test('a form in TypeScript loads from a package too, where Node itself strips no types', () => {
  const at = join(folder, 'node_modules', 'forms');
  mkdirSync(at, { recursive: true });
  const example = new URL('../../examples/own-walk.ts', import.meta.url);
  writeFileSync(join(at, 'own-walk.ts'), readFileSync(example));
  write('a.yaml', scenario());
  const { status, stderr } = run('a.yaml', '--patch', './node_modules/forms/own-walk.ts', '--steps', 'none');
  expect([status, stderr]).toEqual([1, '']);
});

describe('exit codes', () => {
  const as = (of: string): string => `      expect: { every: { verdict: ${of} } }\n`;

  test.each([
    ['nothing expected, nothing refused', '', 'v6', 0],
    ['nothing expected, a conversion refused', '', 'baseline', 1],
    ['a refusal expected, and refused', as('refused'), 'baseline', 0],
    ['a success expected, but refused', as('safe'), 'baseline', 1],
    ['a refusal expected, but safe', as('refused'), 'v6', 1],
    ['something expected of another form only', '      expect: { v6: { verdict: safe } }\n', 'baseline', 1],
  ])('%s', (_, expectation, patch, status) => {
    const file = write('a.yaml', scenario(expectation));
    expect(run(file, '--patch', patch)).toMatchObject({ status, stderr: '' });
  });

  test('a result that is not as expected is told in the report and in the line', () => {
    const file = write('a.yaml', scenario('      expect: { every: { verdict: safe, drains-of-all: 2 } }\n'));
    const { stdout } = run(file, '--patch', 'v6');
    expect(stdout).toContain(
      '      NOT AS EXPECTED: safe, 2 drains of all CPUs (drains of all CPUs 1,\n      expected 2)\n',
    );
    expect(stdout).toContain('\nNOT as expected in v6\n');
    expect(run(file, file, '--patch', 'v6').stdout).toContain(
      '\n             v6: convert 0..1 to private: drains of all CPUs 1, expected 2\n',
    );
  });

  test("--profile replaces the scenario's", () => {
    write('a.yaml', scenario());
    expect(run('a.yaml', '--profile', 'linux-6.8', '--steps', 'none', '--patch', 'v6').stdout).toContain(
      '\nkernel: linux-6.8 on 2 CPUs\n',
    );
    expect(run('a.yaml', '--profile', 'uniprocessor')).toEqual({
      status: 65,
      stdout: '',
      stderr: 'folioscope: a.yaml:3:18: machine.cpus: 2 CPUs on a kernel without SMP (uniprocessor), expected 1\n',
    });
  });
});

describe('mistakes', () => {
  const usage = (stderr: string) => ({ status: 64, stdout: '', stderr: `folioscope: ${stderr}\n` });
  const input = (stderr: string) => ({ status: 65, stdout: '', stderr: `folioscope: ${stderr}\n` });

  test('of the command line are usage errors in one line', () => {
    expect(folioscope([])).toEqual(usage('no command given, see folioscope --help'));
    expect(folioscope(['rum'])).toEqual(usage("unknown command 'rum' (Did you mean run?)"));
    expect(folioscope(['run'])).toEqual(usage("missing required argument 'scenario'"));
    expect(folioscope(['run', '--pach', 'v6', SC_02])).toEqual(
      usage("unknown option '--pach' (Did you mean --patch?)"),
    );
    expect(folioscope(['run', SC_02, '--patch', 'v6,v7'])).toEqual(
      usage(
        "option '--patch <names>' argument 'v6,v7' is invalid. There is no 'v7', expected baseline, local-drain, v6, v8, drain-for-folio, drain-all-per-folio, drain-all-first, lru-cache-disable, isolate, pg-lru, try-again, ref-freeze, known-references, skip-lru, or a file such as ./my-check.c or ./my-check.ts.",
      ),
    );
    expect(folioscope(['run', SC_02, '--profile', 'linux-1'])).toEqual(
      usage(
        "option '--profile <name>' argument 'linux-1' is invalid. There is no 'linux-1', expected linux-7.3, linux-6.18, linux-6.8, uniprocessor, large-folios.",
      ),
    );
    expect(folioscope(['run', SC_02, '--steps', 'some'])).toEqual(
      usage("option '--steps <how>' argument 'some' is invalid. Allowed choices are none, folded, all."),
    );
    expect(folioscope(['completion', 'csh'])).toEqual(
      usage("command-argument value 'csh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish."),
    );
  });

  test('of the file system are told with path and reason', () => {
    expect(run('nowhere.yaml')).toEqual(input('nowhere.yaml: cannot be read: no such file or directory'));
    mkdirSync(join(folder, 'empty'));
    expect(run('empty')).toEqual(input('empty: a directory without scenarios, expected *.yaml, *.yml, *.json'));
    write('plain', '');
    expect(run('plain/a.yaml')).toEqual(
      input('plain/a.yaml: cannot be read: a component of the path is not a directory'),
    );
  });

  test('of files that are no scenario', () => {
    expect(run(write('empty.yaml', ''))).toEqual(input('empty.yaml:1:1: empty, expected a scenario'));
    expect(run(write('binary.yaml', Uint8Array.of(0xff, 0xfe, 0)))).toEqual(
      input('binary.yaml: not UTF-8 text, expected a scenario in YAML or JSON'),
    );
    expect(run(write('large.yaml', `# ${'x'.repeat(1024 * 1024)}`))).toEqual(
      input('large.yaml: larger than 1 MiB, expected a scenario in YAML or JSON'),
    );
  });
});

describe('the terminal', () => {
  test('a reader that stops early is no error', () => {
    const { status, stdout, stderr } = inBash(
      `${command([...THREE_FORMS, '--json'])} | head -1; exit "\${PIPESTATUS[0]}"`,
    );
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '{\n', stderr: '' });
  });

  test('help shows every command with examples, and the version is the package', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(folioscope(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
    const { status, stdout } = folioscope(['--help']);
    expect(status).toBe(0);
    for (const name of ['run', 'explain', 'completion']) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    for (const name of ['run', 'completion'])
      expect(folioscope([name, '--help'])).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/\nExamples:\n {2}folioscope /),
      });
  });
});
