// SPDX-License-Identifier: MIT
// The quality gates catch what they are there to catch: each is run as a command on a small house with one fault.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { lacking } from './needs.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
let house = '';

beforeEach(() => {
  house = mkdtempSync(join(tmpdir(), 'folioscope-house-'));
});
afterEach(() => {
  rmSync(house, { recursive: true });
  vi.unstubAllEnvs();
});

function write(file: string, text: string): void {
  const path = join(house, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function node(args: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...variables },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

describe('check-directions', () => {
  const check = () => {
    for (const file of readdirSync(join(house, 'src'), { recursive: true, encoding: 'utf8' }))
      if (file.endsWith('.ts')) write(join('src', dirname(file), 'README.md'), '# a room');
    return node(['scripts/check-directions.mjs', house]);
  };

  test.each([
    ['ledger', "import { k } from '../kernel/index.ts';", 'ledger may not import kernel (it may import: nothing)'],
    ['kernel', "import { m } from '../machine/index.ts';", 'kernel may not import machine'],
    ['kernel', "import type { M } from '../machine/index.ts';", 'kernel may not import machine'],
    ['kernel', "export * from '../machine/index.ts';", 'kernel may not import machine'],
    ['kernel', "export const m = import('../machine/index.ts');", 'kernel may not import machine'],
    ['kernel', "export type M = import('../machine/index.ts').M;", 'kernel may not import machine'],
    ['kernel', "import {\n  a,\n  type B,\n} from '../machine/index.ts';", 'kernel may not import machine'],
    ['kernel', "import '../machine/index.ts';", 'kernel may not import machine'],
    ['machine', "import { e } from '../explain/index.ts';", 'machine may not import explain'],
    ['check', "import { k } from '../kernel/index.ts';", 'check may not import kernel (it may import: lang)'],
    ['trace', "import { m } from '../machine/index.ts';", 'trace may not import machine'],
    ['kernel', "import { l } from '../ledger/units.ts';", 'ledger is imported through its index.ts'],
    ['kernel', "import { l } from '../lang/compile/index.ts';", 'lang is imported through its index.ts'],
    ['explain', "import { readFileSync } from 'node:fs';", 'explain may not import node:fs'],
    ['ledger', "import { z } from 'zod';", 'ledger may not import packages (zod)'],
    ['scenario', "import { z } from 'zod';", 'zod is imported as zod/mini or zod/locales, not zod'],
    ['scenario', "import type { z } from 'zod/v4';", 'zod is imported as zod/mini or zod/locales, not zod/v4'],
    ['kernel', "import { x } from 'folioscope/ledger';", 'rooms are imported by path'],
    ['report', "import { explain } from '../explain/index.ts';", 'report may not import explain'],
    ['report', "import { record } from '../live/index.ts';", 'report may not import live'],
    ['explain', "import { record } from '../live/index.ts';", 'explain may not import live'],
    ['verify', "import type { Native } from '../live/index.ts';", 'verify may not import live'],
    ['cli', "import { f } from '../../test/needs.ts';", 'is in no room of src/'],
    ['attic', 'export const a = 1;', 'stands in no room'],
  ])('%s: %s', (room, code, complaint) => {
    write(`src/${room}/file.ts`, `// SPDX-License-Identifier: MIT\n${code}\n`);
    const { status, stdout } = check();
    expect(lines(stdout)).toEqual([expect.stringContaining(complaint)]);
    expect(stdout).toMatch(/^src\/\w+\/file\.ts:\d+: /);
    expect(status).toBe(1);
  });

  test('resolves specifiers of nested files', () => {
    write('src/trace/dat/a.ts', "import { l } from '../../ledger/index.ts';\nimport { t } from '../ledger/x.ts';\n");
    expect(check()).toMatchObject({ status: 0, stdout: '' });
    write('src/trace/dat/b.ts', "import { m } from '../../machine/index.ts';\n");
    expect(check()).toMatchObject({ status: 1, stdout: expect.stringMatching(/^src\/trace\/dat\/b\.ts:1: trace may/) });
  });

  test.each([
    ['values', "export { b } from './b.ts';", "import { a } from './a.ts';"],
    ['types only', "import type { B } from './b.ts';", "export type B = import('./a.ts').A;"],
    ['a file', "import { a } from './a.ts';", ''],
  ])('circles are named: %s', (_, a, b) => {
    write('src/lang/a.ts', a);
    write('src/lang/b.ts', b);
    write('src/lang/c.ts', "import { a } from './a.ts';\nimport { b } from './b.ts';");
    const way = b === '' ? 'src/lang/a.ts -> src/lang/a.ts' : 'src/lang/a.ts -> src/lang/b.ts -> src/lang/a.ts';
    expect(check()).toMatchObject({ status: 1, stdout: `src/lang/a.ts:1: imports itself: ${way}\n` });
  });

  test('a circle that stays is one that is there', () => {
    const folio = ['generation', 'inodes', 'waiting-times'].map((name) => `src/explain/${name}.ts`);
    for (const file of folio) write(file, '');
    expect(check()).toMatchObject({ status: 1, stdout: `the table: there is no circle of ${folio.join(', ')}\n` });
  });

  test('folders of a room import those before them', () => {
    write('src/lang/text/a.ts', "import { p } from '../program/p.ts';");
    write('src/lang/program/p.ts', "import { c } from '../text/c.ts';\nimport { own } from './own.ts';");
    write('src/lang/index.ts', "export { a } from './text/a.ts';");
    expect(check()).toMatchObject({ status: 1, stdout: 'src/lang/text/a.ts:1: text/ may not import program/\n' });
  });

  test('every folder says what it is for', () => {
    write('src/lang/text/a.ts', '');
    const { status, stdout } = node(['scripts/check-directions.mjs', house]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: 'src/lang/text/README.md: says nothing of the folder\n' });
  });

  test('names every number that src/abi/ knows already, with its line', () => {
    const twice: readonly (readonly [room: string, code: string, complaint: string])[] = [
      ['explain', 'const CONVERT = 0xc080aed2n;', '0xc080aed2n is KVM_SET_MEMORY_ATTRIBUTES2'],
      ['explain', 'const convert = 3_229_658_834;', '3_229_658_834 is KVM_SET_MEMORY_ATTRIBUTES2'],
      ['machine', 'const other = 0xAE01;', '0xAE01 is KVM_CREATE_VM'],
      ['report', "const names = new Map([[-11, 'EAGAIN']]);", '11 is the number of EAGAIN'],
      ['report', "const names = { 'EAGAIN': -11 };", '11 is the number of EAGAIN'],
      ['report', "names[22] = 'EINVAL';", '22 is the number of EINVAL'],
      ['explain', 'if (returned === -25) stop();', '25 is the number of ENOTTY'],
      ['cli', 'const KVM_MEM_GUEST_MEMFD = 1n << 2n;', "KVM_MEM_GUEST_MEMFD is abi's"],
      ['trace', 'const PAGE_BYTES = 4096;', '4096 is a page size'],
      ['trace', 'const pageSize: number = 0x10000;', '0x10000 is a page size'],
      ['trace', 'const PAGE_SHIFT = 12;', '12 is a page size'],
      ['trace', 'const index = offset / 4096;', '4096 is a page size'],
      ['trace', 'const index = offset >>> 12;', '12 is a page size'],
      ['trace', 'const index = (offset & ~0xfff);', '0xfff is a page size'],
    ];
    for (const [i, [room, code]] of twice.entries())
      write(`src/${room}/${10 + i}.ts`, `// SPDX-License-Identifier: MIT\n${code}\n`);
    const { status, stdout } = check();
    for (const [i, [room, , complaint]] of twice.entries())
      expect(lines(stdout)).toContainEqual(expect.stringContaining(`src/${room}/${10 + i}.ts:2: ${complaint}`));
    expect(lines(stdout)).toHaveLength(twice.length);
    expect(status).toBe(1);
  });

  test('numbers that only look like those of the interface are none', () => {
    write(
      'src/check/a.ts',
      `// 0xc080aed2 is told of, 4096 bytes a page
      const MOST_KEPT = 4096, hash = 0xc2b2ae35, [lru, order] = [11, 12];
      const bits = value >>> 16, words = bits & 0xffff, EINTR = [], errors = { EAGAIN: 'again', fields: 22 };
      const PAGE_HEAD_BYTES = 16, pageReferences = 4096, result = codes.indexOf('EAGAIN', 12);`,
    );
    write('src/check/a.test.ts', 'const EAGAIN = -11;');
    expect(check()).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('says nothing of what is allowed', () => {
    write('src/kernel/a.ts', "import { l } from '../ledger/index.ts';\nimport { x } from './b.ts';\n");
    write('src/report/a.ts', "import type { E } from '../explain/index.ts';\nimport * as z from 'zod/mini';\n");
    write('src/report/b.ts', "import { parse } from 'yaml';\n");
    write('src/report/a.test.ts', "import { z } from 'zod';\n");
    write('src/cli/main.ts', "import 'node:fs';\nconst e = await import('../explain/index.ts');\n");
    write('src/kernel/a.test.ts', "import 'node:fs';\nimport { e } from '../explain/inner.ts';\n");
    write('src/lang/a.ts', "// import { k } from '../kernel/index.ts';\n/**\n * import('../kernel/index.ts')\n */\n");
    write('test/a.ts', "import { e } from '../src/explain/inner.ts';\n");
    expect(check()).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});

describe('check-spdx', () => {
  const check = () => node(['scripts/check-spdx.mjs', house]);

  test('names every file with the wrong licence or none', () => {
    write('src/kernel/gup.ts', '// SPDX-License-Identifier: MIT\n');
    write('src/trace/a.ts', '// SPDX-License-Identifier: GPL-2.0-only\n');
    write('scripts/b.mjs', 'export {};\n');
    write('test/c.ts', '\n// SPDX-License-Identifier: MIT\n');
    const { status, stdout } = check();
    expect(lines(stdout)).toEqual([
      'scripts/b.mjs:1: must begin with "// SPDX-License-Identifier: MIT"',
      'src/kernel/gup.ts:1: must begin with "// SPDX-License-Identifier: GPL-2.0-only"',
      'src/trace/a.ts:1: must begin with "// SPDX-License-Identifier: MIT"',
      'test/c.ts:1: must begin with "// SPDX-License-Identifier: MIT"',
    ]);
    expect(status).toBe(1);
  });

  test('says nothing of right ones, nor of what is not ours', () => {
    write('src/kernel/gup.ts', '// SPDX-License-Identifier: GPL-2.0-only\n');
    write('src/cli/main.ts', '#!/usr/bin/env node\n// SPDX-License-Identifier: MIT\n');
    write('node_modules/x/index.mjs', '');
    write('dist/index.d.ts', '');
    expect(check()).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});

describe('the linter', () => {
  const rulesBroken = (file: string): string[] => {
    for (const name of ['.oxlintrc.json', 'tsconfig.json']) copyFileSync(join(ROOT, name), join(house, name));
    symlinkSync(join(ROOT, 'node_modules'), join(house, 'node_modules'));
    const { stdout } = spawnSync(process.execPath, ['node_modules/.bin/oxlint', '--format=json', file], {
      cwd: house,
      encoding: 'utf8',
    });
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string }[] };
    return [...new Set(diagnostics.map(({ code }) => code.replace(/^.*\((.*)\)$/, '$1')))].toSorted();
  };
  const faults = `
    import { b } from './b.ts';
    export const later = async (): Promise<void> => { await Promise.resolve(b); };
    export function a(x: any, kind: 'one' | 'two', list: readonly number[], count: number | undefined): number {
      later();
      switch (kind) { case 'one': break; }
      const text = JSON.parse('1') as string;
      if (count) console.log(text, x.y, process.pid, Date.now());
      return list[0]!;
    }`;

  test('sees untyped values, casts, forgotten promises, circles, and the machine in the core', () => {
    write('src/machine/b.ts', "import { a } from './a.ts';\nexport const b = a;\n");
    write('src/machine/a.ts', faults);
    expect(rulesBroken('src/machine/a.ts')).toEqual([
      'no-console',
      'no-cycle',
      'no-explicit-any',
      'no-floating-promises',
      'no-non-null-assertion',
      'no-restricted-globals',
      'no-unsafe-member-access',
      'no-unsafe-type-assertion',
      'strict-boolean-expressions',
      'switch-exhaustiveness-check',
    ]);
  });

  test('lets decoders cast and hot loops index', () => {
    write('src/trace/b.ts', 'export const b = 1;\n');
    write('src/trace/a.ts', faults);
    expect(rulesBroken('src/trace/a.ts')).toEqual([
      'no-console',
      'no-explicit-any',
      'no-floating-promises',
      'no-restricted-globals',
      'no-unsafe-member-access',
      'strict-boolean-expressions',
      'switch-exhaustiveness-check',
    ]);
  });
});

describe('count-reporter', () => {
  const vitest = (...files: string[]) => {
    const counts = join(house, 'counts.json');
    const { status } = node(
      [
        join(ROOT, 'node_modules/vitest/vitest.mjs'),
        'run',
        `--root=${house}`,
        `--config=${join(house, 'vitest.config.mjs')}`,
        `--reporter=${join(ROOT, 'scripts/count-reporter.mjs')}`,
        ...files,
      ],
      { FOLIOSCOPE_TEST_COUNTS: counts },
    );
    return { status, ...(JSON.parse(readFileSync(counts, 'utf8')) as object) };
  };
  const importing = `import { beforeAll, describe, test } from ${JSON.stringify(join(ROOT, 'node_modules/vitest/dist/index.js'))};`;

  test('counts tests, skips with their reasons, and files that have no failed test of their own', () => {
    write('vitest.config.mjs', 'export default {};');
    write(
      'a.test.ts',
      `${importing}
       test('good', () => {});
       test('bad', () => { throw new Error('no'); });
       describe('group', () => test('left out', ({ skip }) => skip('needs a thing')));`,
    );
    write('loads-not.test.ts', "import './nowhere.ts';");
    write('hook.test.ts', `${importing} beforeAll(() => { throw new Error('no'); }); test('never', () => {});`);
    expect(vitest('a.test.ts')).toEqual({
      status: 1,
      passed: 1,
      failed: 1,
      skipped: 1,
      skips: [{ test: 'group > left out', reason: 'needs a thing' }],
    });
    expect(vitest('loads-not.test.ts')).toMatchObject({ status: 1, passed: 0, failed: 1 });
    expect(vitest('hook.test.ts')).toMatchObject({ status: 1, passed: 0, failed: 1 });
  });
});

describe('verify', () => {
  test('closes with the counts, from any directory', () => {
    const { status, stdout } = spawnSync(process.execPath, [join(ROOT, 'scripts/verify.mjs'), '--only', 'spdx'], {
      cwd: tmpdir(),
      encoding: 'utf8',
    });
    expect(lines(stdout).at(-1)).toBe(status === 0 ? '1 passed, 0 failed' : '0 passed, 1 failed');
  });

  test('names the stages when asked for one that is none', () => {
    const { status, stdout, stderr } = node(['scripts/verify.mjs', '--only', 'lint,nothing']);
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toMatch(/^usage: .* one of format, lint, types, .*tests, newest\n$/);
  });
});

describe('lacking', () => {
  test('gives the reason for which a command is missing, and none for one that is there', () => {
    vi.stubEnv('FOLIOSCOPE_MISSING', '{"trace-cmd-of-nobody":"Debian package x: not installed"}');
    expect(lacking('node')).toBeUndefined();
    expect(lacking('trace-cmd-of-nobody')).toBe('Debian package x: not installed');
    expect(lacking('another-of-nobody')).toBe('this machine lacks another-of-nobody');
  });
});
