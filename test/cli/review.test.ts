// SPDX-License-Identifier: MIT
// The mail goes in and the evidence comes out. The mail is made here, of examples/c.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTwoFilesPatch } from 'diff';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folioscope, ROOT } from './folioscope.ts';
import { validatorOf } from './schema.ts';

const SC_02 = 'scenarios/SC-02-other-cpu.yaml';
const PATH = 'virt/kvm/guest_memfd.c';

const textOf = (name: string): string => readFileSync(join(ROOT, `examples/c/${name}.c`), 'utf8');
const mailOf = (before: string, after: string): string =>
  `From: A Developer <a@example.org>
Subject: [PATCH] KVM: guest_memfd: Drain once
Date: Mon, 4 May 2026 10:00:00 +0200

It drains.
---
diff --git a/${PATH} b/${PATH}
${createTwoFilesPatch(`a/${PATH}`, `b/${PATH}`, textOf(before), textOf(after), '', '', { context: 60 })
  .split('\n')
  .slice(1)
  .join('\n')}`;

let folder = '';
let mail = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-review-'));
  mail = join(folder, 'a.mail');
  writeFileSync(mail, mailOf('baseline', 'v6'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('a mail: the verdict first, what it fixes, the shortest run with lines of C, how to get it again', () => {
  const { status, stdout, stderr } = folioscope(['review', mail, '--scenarios', SC_02]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const lines = stdout.split('\n');
  expect(lines[0]).toBe('[PATCH] KVM: guest_memfd: Drain once');
  expect(stdout).toContain('after: HOLDS in 1 scenario\n');
  expect(stdout).toContain('before: VIOLATED in 1 of 1 scenario\n  I2 in SC-02-other-cpu\n');
  expect(stdout).toContain('What becomes worse: nothing in these scenarios\n');
  expect(stdout).toMatch(/^ +guest_memfd\.c:\d+ .*filemap_get_folios/m);
  expect(stdout).toMatch(/^SC-02-other-cpu +I2, 21 +holds, 79$/m);
  expect(lines.filter((line) => line.length > 75 && !line.includes(folder))).toEqual([]);
});

test('the change taken back: 1, and what becomes worse', () => {
  const file = join(folder, 'back.mail');
  writeFileSync(file, mailOf('v6', 'baseline'));
  const { status, stdout } = folioscope(['review', file, '--scenarios', SC_02]);
  expect(status).toBe(1);
  expect(stdout).toContain('after: VIOLATED in 1 of 1 scenario\n');
  expect(stdout).toContain('What becomes worse\n  I2: ');
});

test('as JSON, by its schema', () => {
  const { status, stdout } = folioscope(['review', mail, '--scenarios', SC_02, '--json']);
  expect(status).toBe(0);
  const document: unknown = JSON.parse(stdout);
  const validate = validatorOf('review');
  expect([validate(document), validate.errors]).toEqual([true, null]);
  expect(document).toMatchObject({
    verdict: 'holds',
    function: 'kvm_gmem_is_safe_for_conversion',
    before: {
      verdict: 'violated',
      violations: [{ property: 'I2', scenario: 'SC-02-other-cpu', known: null, steps: 18 }],
    },
    after: { verdict: 'holds', violations: [] },
    changes: [{ property: 'I2', kind: 'fixed', scenarios: ['SC-02-other-cpu'] }],
  });
});

test('a reply quotes the changed lines, with the evidence below', () => {
  const { status, stdout } = folioscope(['review', mail, '--scenarios', SC_02, '--reply']);
  expect(status).toBe(0);
  expect(stdout).toContain('On Mon, 04 May 2026 08:00:00 +0000, A Developer wrote:');
  expect(stdout).toMatch(/^> \+\t+lru_add_drain_all\(\);$/m);
  // The addressee knows no property by its number: each is explained where it first stands.
  const words = stdout.replaceAll(/\s+/g, ' ');
  expect(words).toContain(' no occasion for I2 (no batch-only refusal: ');
  expect(words).toContain('before: VIOLATED in 1 of 1 scenario I2 in SC-02-other-cpu');
  expect(stdout.indexOf('This fixes I2')).toBeGreaterThan(stdout.indexOf('> --- a/virt/kvm/guest_memfd.c'));
});

const BOX = 'From 1 Mon Sep 17 00:00:00 2001\n';

test('a series: a line for each of its changes, then the last one', () => {
  const file = join(folder, 'series.mbox');
  const second = mailOf('v6', 'baseline').replace('Drain once', 'Do not drain');
  writeFileSync(file, `${BOX}${mailOf('baseline', 'v6')}\n${BOX}${second}`);
  const { status, stdout } = folioscope(['review', file, '--scenarios', SC_02]);
  expect(status).toBe(1);
  expect(stdout.split('\n').slice(0, 8)).toEqual([
    '2 changes of the check, one after the other; below, the last one',
    '  HOLDS: [PATCH] KVM: guest_memfd: Drain once',
    '  VIOLATED I2: [PATCH] KVM: guest_memfd: Do not drain',
    '',
    '[PATCH] KVM: guest_memfd: Do not drain',
    'kvm_gmem_is_safe_for_conversion() in virt/kvm/guest_memfd.c',
    '',
    'after: VIOLATED in 1 of 1 scenario',
  ]);
  expect(stdout).not.toContain('What it fixes');
});

describe('a quotation with lines cut out', () => {
  const cut = (text: string): string =>
    text
      .split('\n')
      .map((line) => (line.startsWith('+\t\t\t\tlru_add_drain_all') ? '[...]' : `> ${line}`))
      .join('\n');

  test('is undecided, and the line of the mail stands in the report', () => {
    const file = join(folder, 'cut.mail');
    writeFileSync(file, cut(mailOf('baseline', 'v6').split('\n\n').slice(1).join('\n\n')));
    for (const more of [[], ['--reply']]) {
      const { status, stdout, stderr } = folioscope(['review', file, '--scenarios', SC_02, ...more]);
      expect({ status, stderr }).toEqual({ status: 2, stderr: '' });
      expect(stdout).toContain('before and after: NOT DECIDED, too little is shown\n');
      expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
        /cut\.mail:6: the hunk shows \d+ of the \d+ lines that its header announces after the change/,
      );
      expect(stdout).not.toContain('explored');
    }
    const { status, stdout } = folioscope(['review', file, '--scenarios', SC_02, '--json']);
    expect(status).toBe(2);
    const document: unknown = JSON.parse(stdout);
    const validate = validatorOf('review');
    expect([validate(document), validate.errors]).toEqual([true, null]);
    expect(document).toMatchObject({ verdict: 'undecided', after: { verdict: 'undecided', states: 0 } });
  });

  test('as one patch of a series: the report says which, and judges the other', () => {
    const file = join(folder, 'cut.mbox');
    const short = mailOf('baseline', 'v6')
      .replace('Drain once', 'Drain twice')
      .replace(/^\+\t\t\t\tlru_add.*\n/m, '');
    writeFileSync(file, `${BOX}${short}\n${BOX}${mailOf('baseline', 'v6')}`);
    const { status, stdout } = folioscope(['review', file, '--scenarios', SC_02]);
    expect(status).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /NOT DECIDED \(\S+cut\.mbox:\d+: the hunk shows .* Drain twice HOLDS: \[PATCH\] KVM: guest_memfd: Drain once/,
    );
  });
});

describe('with a tree', () => {
  const treeOf = (name: string, ...folders: readonly string[]): string => {
    const tree = join(folder, name);
    for (const one of ['virt/kvm', ...folders]) mkdirSync(join(tree, one), { recursive: true });
    writeFileSync(join(tree, PATH), textOf('baseline'));
    return tree;
  };

  test('the kernel routines that the verdict rests on are compared, the check aside', () => {
    const tree = treeOf('linux', 'mm');
    // Another text of a routine of the model, and one that no verdict here rests on.
    writeFileSync(
      join(tree, 'mm/folio.c'),
      'void folio_add_lru(struct folio *folio)\n{\n}\n\nvoid folio_rotate(void)\n{\n}\n',
    );
    const args = ['review', mail, '--scenarios', SC_02, '--tree', tree];
    const { status, stdout } = folioscope(args);
    expect(status).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      / In \S+linux 0 of the \d+ kernel routines that this rests on have the text /,
    );
    expect(stdout).toMatch(/^ {2}gone {4}mm\/folio\.c: lru_add_drain_all\(\)$/m);
    expect(stdout).not.toContain('kvm_gmem_is_safe_for_conversion()\n  gone');
    const document = JSON.parse(folioscope([...args, '--json']).stdout) as {
      readonly source: { readonly routines: readonly { readonly routine: string; readonly state: string }[] };
    };
    const validate = validatorOf('review');
    expect([validate(document), validate.errors]).toEqual([true, null]);
    const states = new Map(document.source.routines.map(({ routine, state }) => [routine, state]));
    expect(states.get('folio_batch_release')).toBe('absent');
    expect(states.get('lru_add_drain_all')).toBe('gone');
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/ not in this tree: kernel\/workqueue\.c, with .*flush_work\(\)/);
    expect(states.has('soft_offline_page')).toBe(false);
  });

  test('a hunk that does not apply and that the check does not rest on is told, not fatal', () => {
    const file = join(folder, 'include.mail');
    const include = '@@ -1,1 +1,2 @@\n #include <linux/other.h>\n+#include <linux/swap.h>\n';
    writeFileSync(file, mailOf('baseline', 'v6').replace(/^@@ /m, `${include}@@ `));
    const { status, stdout } = folioscope(['review', file, '--scenarios', SC_02, '--tree', treeOf('include')]);
    expect(status).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      `The hunk @@ -1,1 +1,2 @@ of ${PATH} does not apply to the tree; it is left out, the check does not rest on it.`,
    );
  });

  test('a tree that is no kernel says why nothing is compared', () => {
    const tree = treeOf('no-mm');
    const { status, stdout } = folioscope(['review', mail, '--scenarios', SC_02, '--tree', tree]);
    expect(status).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      `not known whether the model is the kernel of ${tree}: ${tree}: has no mm, expected a kernel tree`,
    );
  });
});

test('from a pipe', () => {
  const command = spawnSync(
    'sh',
    ['-c', `cat "$1" | node dist/cli/main.js review - --scenarios ${SC_02} | head -1`, 'sh', mail],
    { cwd: ROOT, encoding: 'utf8' },
  );
  expect(command.stdout).toBe('[PATCH] KVM: guest_memfd: Drain once\n');
});

test.each([
  [['review', 'README.md'], 65, /^folioscope: README\.md: no diff in it, expected .*\n$/],
  [['review', 'no.mail'], 65, /^folioscope: no\.mail: cannot be read: no such file or directory\n$/],
  [['review', 'README.md', '--reply', '--json'], 64, /^folioscope: --reply or --json, not both\n$/],
])('%j is told in one line', (args, code, message) => {
  const { status, stdout, stderr } = folioscope(args);
  expect({ status, stdout }).toEqual({ status: code, stdout: '' });
  expect(stderr).toMatch(message);
});

test('C that cannot be translated: 2, with the place in the file of the patch', () => {
  const file = join(folder, 'other.mail');
  writeFileSync(file, mailOf('baseline', 'v6').replaceAll('lru_add_drain_all()', 'lru_add_drain_most()'));
  const { status, stdout } = folioscope(['review', file, '--scenarios', SC_02]);
  expect(status).toBe(2);
  expect(stdout).toMatch(/after: NOT DECIDED, its C cannot be translated\n {2}virt\/kvm\/guest_memfd\.c:\d+:\d+: /);
});
