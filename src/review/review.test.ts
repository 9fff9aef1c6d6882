// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { complete } from './complete.ts';
import { diffsIn } from './diff.ts';
import { changedFunctions, shownOn } from './fragment.ts';
import { readMails } from './mail.ts';
import { prepare, type PrepareOptions } from './prepare.ts';
import { unquoted } from './quoted.ts';
import { Tree } from './tree.ts';

const FILE = `#include <linux/fs.h>

static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start,
\t\t\t\t\t    size_t count, pgoff_t *where)
{
\tstruct address_space *mapping = inode->i_mapping;
\tpgoff_t end = start + count - 1;
\tstruct folio_batch batch;
\tbool fine = true;
\tint n;

\tfolio_batch_init(&batch);
\twhile (fine && filemap_get_folios(mapping, &start, end, &batch)) {
\t\tfor (n = 0; n < folio_batch_count(&batch); ++n) {
\t\t\tstruct folio *folio = batch.folios[n];

\t\t\tif (folio_ref_count(folio) != folio_nr_pages(folio) + 1) {
\t\t\t\tfine = false;
\t\t\t\t*where = folio->index;
\t\t\t\tbreak;
\t\t\t}
\t\t}
\t\tfolio_batch_release(&batch);
\t\tcond_resched();
\t}
\treturn fine;
}
`;

const DIFF = `diff --git a/mm/swap.c b/mm/swap.c
--- a/mm/swap.c
+++ b/mm/swap.c
@@ -10,2 +10,3 @@ void lru_add_drain_all(void)
 }
 #endif
+EXPORT_SYMBOL_FOR_KVM(lru_add_drain_all);
diff --git a/virt/kvm/guest_memfd.c b/virt/kvm/guest_memfd.c
--- a/virt/kvm/guest_memfd.c
+++ b/virt/kvm/guest_memfd.c
@@ -7,15 +7,19 @@ static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start,
 \tpgoff_t end = start + count - 1;
 \tstruct folio_batch batch;
 \tbool fine = true;
-\tint n;
+\tbool drained = false;
+\tint n;
 
 \tfolio_batch_init(&batch);
 \twhile (fine && filemap_get_folios(mapping, &start, end, &batch)) {
 \t\tfor (n = 0; n < folio_batch_count(&batch); ++n) {
 \t\t\tstruct folio *folio = batch.folios[n];
 
+\t\t\tif (!drained)
+\t\t\t\tlru_add_drain_all();
+\t\t\tdrained = true;
 \t\t\tif (folio_ref_count(folio) != folio_nr_pages(folio) + 1) {
 \t\t\t\tfine = false;
 \t\t\t\t*where = folio->index;
 \t\t\t\tbreak;
 \t\t\t}
`;

const HEADERS = `From: =?utf-8?q?J=C3=A4n_Doe?= <jan@example.org>
Subject: [PATCH] KVM: guest_memfd: drain first
Date: Mon, 4 May 2026 10:00:00 +0200
Message-ID: <1@example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
`;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const OPTIONS: PrepareOptions = { file: 'a.mail', known: new Set(['lru_add_drain_all']) };
const prepared = async (text: string, options: Partial<PrepareOptions> = {}) =>
  prepare(await readMails(bytes(text), 'a.mail'), { ...OPTIONS, ...options });
const textOf = (lines: readonly { readonly text: string }[] | undefined): string =>
  (lines ?? [])
    .map(({ text }) => text.replaceAll(/\s+/g, ' ').trim())
    .filter(Boolean)
    .join('\n');

/** Octets as quoted-printable has them, lines broken where they are long. */
const quotedPrintable = (text: string): string =>
  [...bytes(text)]
    .map((byte) =>
      byte === 10
        ? '\n'
        : byte === 0x3d || byte > 126 || byte < 32
          ? `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
          : String.fromCharCode(byte),
    )
    .join('')
    .replaceAll(/([^\n]{60}(?:=[0-9A-F]{2})?)(?=[^\n]{4})/g, (piece) =>
      /=[0-9A-F]?$/.test(piece) ? piece : `${piece}=\n`,
    );

const SPELLINGS: readonly (readonly [string, string])[] = [
  ['a diff', DIFF],
  ['a mail', `${HEADERS}\nWe drain.\n---\n${DIFF}-- \n2.54.0\n`],
  ['a mail as quoted-printable', `${HEADERS}Content-Transfer-Encoding: quoted-printable\n\n${quotedPrintable(DIFF)}`],
  ['a mail as base64', `${HEADERS}Content-Transfer-Encoding: base64\n\n${btoa(DIFF)}\n`],
  ['an mbox', `From 0123456789abcdef Mon Sep 17 00:00:00 2001\n${HEADERS}\n${DIFF}\n`],
  ['lines that end with a carriage return', `${HEADERS}\n${DIFF}`.replaceAll('\n', '\r\n')],
  [
    'a reply',
    DIFF.split('\n')
      .map((line) => `> ${line}`.trimEnd())
      .join('\n'),
  ],
  [
    'a reply to a reply',
    DIFF.split('\n')
      .map((line) => `> > ${line}`)
      .join('\n'),
  ],
  [
    'a reply without blanks',
    DIFF.split('\n')
      .map((line) => `>>${line}`)
      .join('\n'),
  ],
  [
    'a reply with remarks between the lines',
    DIFF.split('\n')
      .flatMap((line, i) => (i % 7 === 6 ? [`> ${line}`, '', 'Why so?', ''] : [`> ${line}`]))
      .join('\n'),
  ],
  [
    'an archive that ate blanks',
    DIFF.split('\n')
      .map((line) => `> ${line.replace(/^([+-]?)\s+/, '$1 ').replace(/^ /, '')}`.trimEnd())
      .join('\n'),
  ],
];

test.each(SPELLINGS)('%s: the function before and after, and what is exported', async (_, text) => {
  const [change, more] = await prepared(text);
  expect(more).toBeUndefined();
  expect(change).toMatchObject({
    path: 'virt/kvm/guest_memfd.c',
    function: 'kvm_gmem_is_safe_for_conversion',
    shown: 'hunk',
    exports: ['lru_add_drain_all'],
  });
  const after = textOf(change?.after?.source.lines);
  expect(after).toContain('if (!drained)\nlru_add_drain_all();\ndrained = true;\nif (folio_ref_count(folio)');
  expect(textOf(change?.before?.source.lines)).not.toContain('drained');
  expect(change?.after?.completed).toEqual([
    'static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start, size_t count, pgoff_t *where)',
    '{',
    'struct address_space *mapping = inode->i_mapping;',
    '}',
    'folio_batch_release(&batch);',
    'cond_resched();',
    '}',
    'return fine;',
    '}',
  ]);
});

test("a mail's author and subject are decoded", async () => {
  const [mail] = await readMails(bytes(`${HEADERS}\n${DIFF}`));
  expect(mail).toMatchObject({ from: 'Jän Doe', subject: '[PATCH] KVM: guest_memfd: drain first' });
});

test('lines have the numbers that the file has on each side', async () => {
  const [change] = await prepared(DIFF);
  const of = (side: 'before' | 'after', word: string): unknown =>
    change?.[side]?.source.lines.find(({ text }) => text.includes(word))?.from;
  expect(of('before', 'int n;')).toEqual({ file: 'virt/kvm/guest_memfd.c', line: 10 });
  expect(of('after', 'bool drained')).toEqual({ file: 'virt/kvm/guest_memfd.c', line: 10 });
  expect(of('after', 'return fine')).toBe('completed');
});

test('with a tree the function is whole, whether the diff is applied there or not', async () => {
  const files = (text: string) =>
    new Tree('linux', async (path) => Promise.resolve(path === 'virt/kvm/guest_memfd.c' ? text : undefined));
  const [before] = await prepared(DIFF, { tree: files(FILE) });
  expect(before).toMatchObject({ shown: 'whole', before: { completed: [] }, after: { completed: [] } });
  const after = before?.after?.source.lines.map(({ text }) => text).join('\n') ?? '';
  expect(after).toContain('\t\t\t\tlru_add_drain_all();\n');
  const [again] = await prepared(DIFF, { tree: files(after) });
  expect(again?.before?.source.lines.map(({ text }) => text).join('\n')).toBe(FILE);
  await expect(prepared(DIFF, { tree: files(FILE.replace('bool fine = true', 'bool fine = 1')) })).rejects.toThrow(
    'linux: hunk 1 of 1, @@ -7,15 +7,19 @@, does not apply to virt/kvm/guest_memfd.c, expected the sources that the diff is against',
  );
});

test('a function that the change renames is the same before and after', async () => {
  const name = 'kvm_gmem_is_safe_for_conversion';
  const diff = `--- a/virt/kvm/guest_memfd.c
+++ b/virt/kvm/guest_memfd.c
@@ -1,29 +1,30 @@
${FILE.trimEnd()
  .split('\n')
  .flatMap((line) => {
    if (line.startsWith(`static bool ${name}`)) return [`-${line}`, `+${line.replace(name, 'gmem_idle')}`];
    return line.includes('folio_batch_init') ? ['+\tlru_add_drain_all();', ` ${line}`] : [` ${line}`];
  })
  .join('\n')}
`.replace('-1,29 +1,30', `-1,${FILE.trimEnd().split('\n').length} +1,${FILE.trimEnd().split('\n').length + 1}`);
  for (const of of [name, 'gmem_idle']) {
    const [change, more] = await prepared(diff, { function: of });
    expect(more).toBeUndefined();
    expect(change).toMatchObject({
      function: name,
      change: { renamed: 'gmem_idle' },
      before: { function: name, completed: [] },
      after: { function: 'gmem_idle', completed: [] },
    });
    expect(textOf(change?.after?.source.lines)).toContain('static bool gmem_idle(');
    expect(textOf(change?.before?.source.lines)).not.toContain('lru_add_drain_all');
  }
});

test('a hunk that reaches beyond the end of the file does not apply', async () => {
  const tree = new Tree('linux', async () => Promise.resolve(FILE.split('\n').slice(0, 9).join('\n')));
  await expect(prepared(DIFF, { tree })).rejects.toThrow('linux: hunk 1 of 1, @@ -7,15 +7,19 @@, does not apply');
});

test('a hunk of a line beyond all files is one that does not apply', async () => {
  const tree = new Tree('linux', async () => Promise.resolve(FILE));
  const far = DIFF.replace('-7,15 +7,19', '-99999999999,15 +99999999999,19').replace(
    'bool fine = true',
    'bool fine = 1',
  );
  await expect(prepared(far, { tree })).rejects.toThrow(
    'linux: hunk 1 of 1, @@ -99999999999,15 +99999999999,19 @@, does not apply',
  );
});

test('a diff that names no function is found in the tree', async () => {
  const plain = DIFF.replaceAll(/^(@@ .* @@) .*$/gm, '$1');
  await expect(prepared(plain)).rejects.toThrow(
    "a.mail:4: no hunk names the function that it changes, as of diff -u, expected it there (git diff, or diff -up), or the kernel's sources with --tree DIR",
  );
  const tree = new Tree('linux', async (path) => Promise.resolve(path === 'virt/kvm/guest_memfd.c' ? FILE : undefined));
  const [change] = await prepared(plain, { tree });
  expect(change).toMatchObject({ shown: 'whole', function: 'kvm_gmem_is_safe_for_conversion' });
});

test.each([
  ['Hello.\n', "a.mail: no diff in it, expected a mail or a file with lines from 'diff --git' or '--- FILE' on"],
  [
    DIFF.replaceAll('kvm_gmem_is_safe_for_conversion', 'kvm_gmem_other'),
    "a.mail: no change of kvm_gmem_is_safe_for_conversion(), it changes lru_add_drain_all(), kvm_gmem_other(); expected one, or the check's name with --function",
  ],
])('a text without a change of the check is refused in one line', async (text, message) => {
  await expect(prepared(text)).rejects.toThrow(message);
});

/** Why a mail shows too little, in one line. */
const whyUnshown = async (text: string): Promise<string | undefined> => (await prepared(text))[0]?.unshown;

test.each([
  [
    DIFF.replaceAll(/^ \twhile.*\n/gm, '').replace('-7,15 +7,19', '-7,14 +7,18'),
    'a.mail: virt/kvm/guest_memfd.c:7: the diff shows no loop over folios in kvm_gmem_is_safe_for_conversion(), expected the lines from its declarations to the end of the loop: give --tree DIR, or a diff with more context (git format-patch -U40)',
  ],
  [
    DIFF.replaceAll('folio_nr_pages(folio) + 1', 'folio_nr_pages(folio) + own'),
    "a.mail: virt/kvm/guest_memfd.c:7: the diff does not show where kvm_gmem_is_safe_for_conversion() declares 'own', expected its declarations: give --tree DIR, or a diff with more context (git format-patch -U40)",
  ],
  [
    // As git makes it with fewer lines of context.
    DIFF.replace(/ \t\t\t\t\*where[^]*/, '').replace('-7,15 +7,19', '-7,12 +7,16'),
    'a.mail: virt/kvm/guest_memfd.c:7: the diff ends inside the block that kvm_gmem_is_safe_for_conversion() opens in line 17, expected the lines to the end of that block: give --tree DIR, or a diff with more context (git format-patch -U40)',
  ],
])('what is missing is told in one line', async (text, message) => {
  expect(await whyUnshown(text)).toBe(message);
});

describe('a quotation with lines cut out is never judged', () => {
  const quoted = (text: string): string =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => (line.startsWith('[') ? line : `> ${line}`))
      .join('\n');

  test.each([
    ['at its end', / \t\t\t\tfine = false[^]*/, '[snip]\n', '15 of the 19', '11 of 15', "; '[snip]' in line 28"],
    [
      'in the middle',
      /\+\t\t\tif [^]*drained = true;\n/,
      '[...]\n',
      '16 of the 19',
      '15 of 15',
      "; '[...]' in line 24",
    ],
    ['without a mark', /\+\t\t\tif [^]*drained = true;\n/, '', '16 of the 19', '15 of 15', ''],
    ['one line of the context', / \t\t\t\t\*where.*\n/, '', '18 of the 19', '14 of 15', ''],
  ])('%s', async (_, what, instead, after, before, mark) => {
    const why = `a.mail:11: the hunk shows ${after} lines that its header announces after the change, ${before} before it`;
    const text = quoted(DIFF.replace(what, instead));
    expect(await whyUnshown(text)).toBe(
      `${why}${mark === '' ? '' : `${mark} stands for lines left out`}: give the whole mail, or --tree DIR with it`,
    );
  });

  test('a mark in place of a line, so that the numbers fit', async () => {
    expect(await whyUnshown(DIFF.replace(/^ \t\t\t\t\*where.*$/m, '...'))).toContain(
      "'...' in line 29 stands for lines",
    );
  });

  test('more lines than announced', async () => {
    expect(await whyUnshown(DIFF.replace('-7,15 +7,19', '-7,12 +7,16'))).toContain(
      'a.mail:11: the hunk shows 16 of the 16 lines',
    );
  });

  test('a helper of which lines are cut out', async () => {
    const helper =
      '@@ -1,1 +1,6 @@\n #include <linux/fs.h>\n+static void drain(void)\n+{\n+\tlru_add_drain_all();\n+}\n';
    const text = DIFF.replace('@@ -7,15', `${helper}@@ -7,15`).replace('\t\t\t\tlru_add_drain_all', '\t\t\t\tdrain');
    expect(await whyUnshown(text)).toContain('a.mail:11: the hunk shows 5 of the 6 lines');
    expect(await whyUnshown(text.replace('+1,6', '+1,5'))).toBeUndefined();
  });

  test('context at the end that all forms share is completed, and the report says so', async () => {
    const text = `--- a/virt/kvm/guest_memfd.c
+++ b/virt/kvm/guest_memfd.c
@@ -12,13 +12,14 @@ static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start,
 
 \tfolio_batch_init(&batch);
 \twhile (fine && filemap_get_folios(mapping, &start, end, &batch)) {
 \t\tfor (n = 0; n < folio_batch_count(&batch); ++n) {
 \t\t\tstruct folio *folio = batch.folios[n];
 
-\t\t\tif (folio_ref_count(folio) != folio_nr_pages(folio) + 1) {
+\t\t\tlru_add_drain_all();
+\t\t\tif (folio_ref_count(folio) != 1 + folio_nr_pages(folio)) {
 \t\t\t\tfine = false;
 \t\t\t\t*where = folio->index;
 \t\t\t\tbreak;
 \t\t\t}
 \t\t}
 \t\tfolio_batch_release(&batch);
`;
    const [whole] = await prepared(text);
    const [cut] = await prepared(text.replace(/ \t\t\}\n \t\tfolio_batch_release.*\n/, ''));
    const code = (change: typeof cut): string => textOf(change?.after?.source.lines);
    expect(whole?.notes).toEqual([]);
    expect(cut?.notes).toEqual([
      'a.mail:3: the hunk shows 12 of the 14 lines that its header announces after the change, 11 of 13 before it: the last 2 lines of context are taken as all forms of this check have them.',
    ]);
    expect(code(cut)).toBe(code(whole).replace('(&batch);\n}', '(&batch);\ncond_resched();\n}'));
  });
});

test('a context line that begins with a sign is told by the numbers of its hunk', () => {
  const eaten = `--- a/x.c\n+++ b/x.c\n@@ -1,3 +1,4 @@ int f(void)\n++i;\n+ go();\n-1;\nreturn i;`;
  const [file] = diffsIn(unquoted(eaten.split('\n')));
  expect(file?.hunks[0]?.lines.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
    'context ++i;',
    'added  go();',
    'context -1;',
    'context return i;',
  ]);
});

test('declarations that a hunk does not show are completed by their use', () => {
  const hunk = DIFF.replace(/ \tpgoff_t end[^]*?\tfolio_batch_init[^\n]*\n/, '').replace(
    '-7,16 +7,20',
    '-14,10 +15,13',
  );
  const file = diffsIn(unquoted(hunk.split('\n'))).find(({ path }) => path.endsWith('guest_memfd.c'));
  const [change] = file === undefined ? [] : changedFunctions(file);
  const shown = change === undefined ? undefined : shownOn('before', change);
  if (shown?.kind !== 'fragment') throw new Error('nothing is shown');
  expect(complete(shown.of, 'kvm_gmem_is_safe_for_conversion').completed.slice(2, 8)).toEqual([
    'bool fine = true;',
    'struct address_space *mapping = inode->i_mapping;',
    'pgoff_t end = start + nr_pages - 1;',
    'struct folio_batch batch;',
    'int n;',
    'folio_batch_init(&batch);',
  ]);
});
