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
  [
    'a clear-signed mail',
    `${HEADERS}\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${DIFF.replaceAll(/^-/gm, '- -')}- -- \n2.54.0\n-----BEGIN PGP SIGNATURE-----\n\niQ=\n-----END PGP SIGNATURE-----\n`,
  ],
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
    'a.mail: no change of kvm_gmem_is_safe_for_conversion(), it changes lru_add_drain_all(), kvm_gmem_other(), expected one; if the check calls one, give --tree DIR, or a diff that shows the check too (git format-patch -U100); if that is the check, its name with --function',
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
      `${why}${mark === '' ? '' : `${mark} stands for lines left out`}: give the whole mail`,
    );
  });

  test('a mark in place of a line, so that the numbers fit', async () => {
    expect(await whyUnshown(DIFF.replace(/^ \t\t\t\t\*where.*$/m, '...'))).toContain(
      "'...' in line 29 stands for lines",
    );
  });

  test('more lines than announced', async () => {
    expect(await whyUnshown(DIFF.replace('-7,15 +7,19', '-7,12 +7,16'))).toContain(
      'a.mail:11: the hunk goes on behind the 16 lines that its header announces after the change',
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

const inTree = (files: Readonly<Record<string, string>>): Tree =>
  new Tree('linux', async (path) => Promise.resolve(files[path]));
const PATH = 'virt/kvm/guest_memfd.c';
const NAME = 'kvm_gmem_is_safe_for_conversion';
const CHECK_HUNK = DIFF.slice(DIFF.indexOf('@@ -7,15'));

describe('spellings of a diff that can be read safely', () => {
  const utf16 = (text: string): Uint8Array => new Uint8Array(Buffer.from(`\uFEFF${text}`, 'utf16le'));
  const swapped = (text: string): Uint8Array => new Uint8Array(Buffer.from(`\uFEFF${text}`, 'utf16le').swap16());
  const every = (text: string, of: (line: string) => string): string => text.trimEnd().split('\n').map(of).join('\n');

  test.each<readonly [string, string | Uint8Array]>([
    ['UTF-16 as Windows writes it', utf16(DIFF)],
    ['UTF-16 with the other order of bytes', swapped(DIFF)],
    ['indented alike', every(DIFF, (line) => (line === ' ' ? '' : `    ${line}`))],
    ['quoted with bars', every(DIFF, (line) => `| ${line}`.trimEnd())],
    ['a hunk of no file', CHECK_HUNK],
    [
      'a and b swapped, as of git diff -R',
      DIFF.replaceAll(' a/', ' x/').replaceAll(' b/', ' a/').replaceAll(' x/', ' b/'),
    ],
    ["git's other prefixes", DIFF.replaceAll(' a/', ' i/').replaceAll(' b/', ' w/')],
    ['a path cut off behind its prefix', DIFF.replace(/^(\+\+\+ b\/).*/m, '$1')],
    ['no end of the last line', `${DIFF}\\ No newline at end of file\n`],
    [
      'diff -urNp, which cuts names',
      DIFF.replaceAll(' a/', ' linux.orig/')
        .replaceAll(' b/', ' linux/')
        .replace(/(@@ static bool kvm_gmem_is_safe_for_convers).*/, '$1'),
    ],
  ])('%s', async (_, text) => {
    const mails = await readMails(typeof text === 'string' ? bytes(text) : text, 'a.mail');
    const [change, more] = await prepare(mails, OPTIONS);
    expect(more).toBeUndefined();
    expect(change).toMatchObject({ path: PATH, function: NAME, unshown: undefined, shown: 'hunk' });
    expect(textOf(change?.after?.source.lines)).toContain('lru_add_drain_all();\ndrained = true;');
    expect(textOf(change?.before?.source.lines)).not.toContain('drained');
  });
});

test.each([
  [
    'a combined diff',
    'diff --cc a.c\n--- a/a.c\n+++ b/a.c\n@@@ -1,2 -1,2 +1,2 @@@\n',
    'a.mail:1: the combined diff of a merge',
  ],
  ['a context diff', '*** a.c\n--- b.c\n***************\n*** 1,2 ****\n', 'a.mail:3: a context diff'],
  ['a diff without context', '3c3\n< one\n---\n> two\n', 'a.mail:1: a diff without context'],
  ['a range-diff', ' 1:  0123456789ab ! 1:  ba9876543210 drain\n', 'a.mail:1: a range-diff'],
  ['a page of HTML', '<html><body><pre>\ndiff\n', 'a.mail:1: a page of HTML'],
  ['bytes of zero', 'd\0i\0f\0f\0', 'a.mail:1: bytes of zero'],
  [
    'a word diff',
    `--- a/${PATH}\n+++ b/${PATH}\n@@ -1,1 +1,1 @@ static bool ${NAME}(void)\nint [-n-]{+i+};\n`,
    'a.mail:4: a word diff',
  ],
  [
    'a part of HTML alone',
    'From: a@example.org\nSubject: x\nContent-Type: text/html\n\n<html><pre>diff</pre></html>\n',
    'a.mail: the mail has a part of HTML and no text',
  ],
  [
    'wrapped lines',
    DIFF.replace(`static bool ${NAME}(struct inode`, 'static bool\n$&').replace(
      'static bool\nstatic bool ',
      'static bool\n',
    ),
    'a.mail:12: the lines of the diff are wrapped by the mail program',
  ],
])('%s is named, with what to send instead', async (_, text, message) => {
  const file =
    text.startsWith('--- a/') || text.startsWith('diff --git') ? text.replace(/^@@ -10,2[^]*?(?=diff)/m, '') : text;
  const at = file === text ? message : message.replace(':12:', ':8:');
  await expect(prepared(file)).rejects.toThrow(at);
  await expect(prepared(file)).rejects.toThrow(/, expected .*(?:git |diff |archive|UTF-8)/);
});

test("the source of a page of HTML is named where its code can't be read", async () => {
  expect(await whyUnshown(DIFF.replaceAll('&', '&amp;').replaceAll('<', '&lt;'))).toMatch(
    /^a\.mail:\d+: the source of a page of HTML/,
  );
});

describe('with a tree', () => {
  const HELPER = 'bool gmem_idle(struct folio *folio)\n{\n\tlru_add_drain_all();\n\treturn true;\n}\n';
  const adds = (path: string, text: string): string =>
    `--- /dev/null\n+++ b/${path}\n@@ -0,0 +1,5 @@\n${text.trimEnd().replaceAll(/^/gm, '+')}\n`;
  const calls = CHECK_HUNK.replace('lru_add_drain_all()', 'gmem_idle(folio)');
  const diff = `${adds('mm/idle.c', HELPER)}--- a/${PATH}\n+++ b/${PATH}\n${calls}`;

  test('a helper in another file is taken from the mail, or from the mail before', async () => {
    for (const files of [{ [PATH]: FILE }, { [PATH]: FILE, 'mm/idle.c': HELPER }]) {
      const [change] = await prepared(diff, { tree: inTree(files) });
      expect(textOf(change?.after?.source.lines)).toContain('bool gmem_idle(struct folio *folio)\n{\nlru_add');
    }
    const [first, second] = [HEADERS, HEADERS].map((headers) => `From 1 Mon Sep 17 00:00:00 2001\n${headers}\n`);
    const box = `${first}${adds('mm/idle.c', HELPER)}\n${second}--- a/${PATH}\n+++ b/${PATH}\n${calls}`;
    for (const tree of [undefined, inTree({ [PATH]: FILE })]) {
      const [change] = await prepared(box, { tree });
      expect(textOf(change?.after?.source.lines)).toContain('bool gmem_idle(struct folio *folio)\n{\nlru_add');
      expect(change?.unshown).toBeUndefined();
    }
  });

  test("a helper in another file that the diff changes has the tree's lines that the diff does not show", async () => {
    const patch =
      '--- a/mm/idle.c\n+++ b/mm/idle.c\n@@ -4,1 +4,1 @@ bool gmem_idle(struct folio *folio)\n-\treturn true;\n+\treturn false;\n';
    const text = FILE.replace('if (folio_ref_count', 'if (gmem_idle(folio) && folio_ref_count');
    const hunk = CHECK_HUNK.replace('if (folio_ref_count', 'if (gmem_idle(folio) && folio_ref_count');
    const [change] = await prepared(`${patch}--- a/${PATH}\n+++ b/${PATH}\n${hunk}`, {
      tree: inTree({ [PATH]: text, 'mm/idle.c': HELPER }),
    });
    expect(textOf(change?.before?.source.lines)).toContain('return true;\n}\n#include');
    expect(textOf(change?.after?.source.lines)).toContain('return false;\n}\n#include');
  });

  test('a hunk that does not apply is left out where the check does not rest on it', async () => {
    const include = '@@ -1,1 +1,2 @@\n #include <linux/other.h>\n+#include <linux/swap.h>\n';
    const before = (hunk: string): string => `--- a/${PATH}\n+++ b/${PATH}\n${hunk}${CHECK_HUNK}`;
    const [change] = await prepared(before(include), { tree: inTree({ [PATH]: FILE }) });
    expect(change?.notes).toEqual([
      `The hunk @@ -1,1 +1,2 @@ of ${PATH} does not apply to the tree; it is left out, the check does not rest on it.`,
    ]);
    expect(textOf(change?.after?.source.lines)).toContain('drained = true;');
    const helper = include.replace('#include <linux/swap.h>', '#define folio_nr_pages 2');
    await expect(prepared(before(helper), { tree: inTree({ [PATH]: FILE }) })).rejects.toThrow(
      'linux: hunk 1 of 2, @@ -1,1 +1,2 @@, does not apply',
    );
  });

  test('an empty line that an archive has put in is no difference', async () => {
    const text = DIFF.replace('&batch)) {\n', '&batch)) {\n \n').replace('-7,15 +7,19', '-7,16 +7,20');
    const [change] = await prepared(text, { tree: inTree({ [PATH]: FILE }) });
    expect(textOf(change?.after?.source.lines)).toContain('drained = true;');
    expect(change?.notes).toEqual([]);
  });

  test('a function is found by its lines where the diff names none or cuts its name', async () => {
    // Another function stands where the diff's numbers say.
    const shifted = FILE.replace('\n\n', `\n\n${'// one more line\n'.repeat(30)}int other(int a)\n{\n\treturn a;\n}\n`);
    for (const section of ['', 'static bool kvm_gmem_is_safe_for_convers']) {
      const text = DIFF.replace(/(@@ -7.*@@) .*/, `$1 ${section}`);
      const [change] = await prepared(text, { tree: inTree({ [PATH]: shifted }) });
      expect(change).toMatchObject({ function: NAME, shown: 'whole' });
    }
  });

  test('a function that the change removes is removed with a tree and without', async () => {
    const removed = `--- a/${PATH}\n+++ b/${PATH}\n@@ -1,${FILE.trimEnd().split('\n').length} +1,2 @@\n${FILE.trimEnd()
      .split('\n')
      .map((line, i) => (i < 2 ? ` ${line}` : `-${line}`))
      .join('\n')}\n`;
    for (const tree of [undefined, inTree({ [PATH]: FILE })]) {
      const [change] = await prepared(removed, { tree });
      expect(change).toMatchObject({ function: NAME, after: undefined, unshown: undefined });
      expect(change?.before?.completed).toEqual([]);
    }
  });
});

test('a function that moves to another file is one change', async () => {
  const lines = FILE.trimEnd().split('\n');
  const to = `--- /dev/null\n+++ b/virt/kvm/other.c\n@@ -0,0 +1,${lines.length} @@\n${lines.map((line) => `+${line}`).join('\n')}\n`;
  const from = `--- a/${PATH}\n+++ /dev/null\n@@ -1,${lines.length} +0,0 @@\n${lines.map((line) => `-${line}`).join('\n')}\n`;
  const [change, more] = await prepared(`${to.replace('fine = true', 'fine = !0')}${from}`);
  expect(more).toBeUndefined();
  expect(change).toMatchObject({ path: 'virt/kvm/other.c', unshown: undefined });
  expect(textOf(change?.before?.source.lines)).toContain('fine = true');
  expect(textOf(change?.after?.source.lines)).toContain('fine = !0');
});

test('lines that a hunk without context leaves out are told', async () => {
  const text = `--- a/${PATH}\n+++ b/${PATH}\n@@ -13,0 +14 @@ static bool ${NAME}(struct inode *inode\n+\tlru_add_drain_all();\n`;
  expect(await whyUnshown(text)).toContain(`a.mail:3: the diff has no line of ${NAME}() before the change`);
});

test('of a reply with a diff of its own the report says that the quoted one is left out', async () => {
  const quoted = DIFF.trimEnd().replaceAll(/^/gm, '> ');
  const [change, more] = await prepared(
    `${quoted}\n\nRather so:\n\n${DIFF.replace('bool drained = false', 'bool drained = 0')}`,
  );
  expect(more).toBeUndefined();
  expect(textOf(change?.after?.source.lines)).toContain('bool drained = 0');
  expect(change?.notes).toEqual(['a.mail:11: another diff of the check, quoted more often, is left out.']);
});

test('one short patch of a series leaves the others to be judged, and is named', async () => {
  const [first, second] = [HEADERS, HEADERS].map((headers) => `From 1 Mon Sep 17 00:00:00 2001\n${headers}\n`);
  const short = `--- a/${PATH}\n+++ b/${PATH}\n@@ -23,3 +23,2 @@ static bool ${NAME}(struct inode *inode\n \t\t\t}\n-\n \t\t}\n`;
  const changes = await prepared(`${first}${DIFF}\n${second}${short}`);
  expect(changes.map(({ unshown }) => unshown !== undefined)).toEqual([false, true]);
  expect(changes[1]?.unshown).toContain('the diff shows no loop over folios');
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

describe('a patch that changes what the check uses, and not the check', () => {
  const lines = FILE.replace('folio_nr_pages(folio) + 1)', 'folio_nr_pages(folio) + OWN || !gmem_again(folio))')
    .replace(
      'static bool kvm',
      '#define OWN 1\n\nstatic bool gmem_again(struct folio *folio)\n{\n\tlru_add_drain_all();\n\treturn folio_ref_count(folio) == OWN + 1;\n}\n\nstatic bool kvm',
    )
    .trimEnd()
    .split('\n');
  const whole = `${lines.join('\n')}\n`;
  /** A diff from one text to another of as many lines, with lines of context around. */
  const diffTo = (text: string, from: readonly string[], context: number): string => {
    const now = text.split('\n');
    const at = from.findIndex((line, i) => line !== now[i]);
    const [first, last] = [Math.max(0, at - context), Math.min(from.length - 1, at + context)];
    const section = from.slice(0, first).findLast((line) => line.startsWith('static')) ?? '';
    const rows = from
      .slice(first, last + 1)
      .flatMap((line, i) => (first + i === at ? [`-${line}`, `+${now[at] ?? ''}`] : [` ${line}`]));
    const count = last - first + 1;
    return `--- a/${PATH}\n+++ b/${PATH}\n@@ -${first + 1},${count} +${first + 1},${count} @@ ${section}\n${rows.join('\n')}\n`;
  };
  const trusting = whole.replace('return folio_ref_count(folio) == OWN + 1;', 'return true;');
  const two = whole.replace('#define OWN 1', '#define OWN 2');
  const unsafe = whole.replace('fine = true', 'fine = !0');
  const mail = (subject: string, diff: string): string =>
    `From 1 Mon Sep 17 00:00:00 2001\n${HEADERS.replace('drain first', subject)}\n${diff}\n`;
  const after = (change: Awaited<ReturnType<typeof prepared>>[number] | undefined): string =>
    textOf(change?.after?.source.lines);

  test.each([
    ['a helper', trusting, 'return true;', 'gmem_again'],
    ['a constant', two, '#define OWN 2', 'OWN'],
  ])('%s, with the check in the context, or from a tree', async (_, text, word, name) => {
    for (const tree of [undefined, inTree({ [PATH]: whole })]) {
      const [change, more] = await prepared(diffTo(text, lines, tree === undefined ? 100 : 3), { tree });
      expect(more).toBeUndefined();
      expect(change).toMatchObject({ function: NAME, through: [name], unshown: undefined });
      expect(after(change)).toContain(word);
      expect(textOf(change?.before?.source.lines)).not.toContain(word);
    }
  });

  test('as a later patch of a series, with the check shown by an earlier one', async () => {
    const from = unsafe.trimEnd().split('\n');
    const box = (context: number): string =>
      `${mail('one', diffTo(unsafe, lines, 100))}${mail('two', diffTo(unsafe.replace('== OWN + 1', '== OWN + 7'), from, context))}`;
    for (const context of [3, 100])
      for (const tree of [undefined, inTree({ [PATH]: whole })]) {
        const changes = await prepared(box(context), { tree });
        expect(changes.map(({ through }) => through)).toEqual([[], ['gmem_again']]);
        expect(after(changes[1])).toContain('== OWN + 7;');
        expect(after(changes[1])).toContain('fine = !0');
      }
  });

  test('whose definition is not shown whole: undecided, with the place', async () => {
    const first = `--- a/${PATH}\n+++ b/${PATH}\n@@ -9,${lines.length - 9} +9,${lines.length - 9} @@\n${lines
      .slice(9)
      .flatMap((line) => (line.includes('int n;') ? [`-${line}`, `+${line} `] : [` ${line}`]))
      .join('\n')}\n`;
    const [, second] = await prepared(
      `${mail('one', first.replace(/^@@ .*/m, `@@ -10,${lines.length - 9} +10,${lines.length - 9} @@`))}${mail('two', diffTo(trusting, lines, 1))}`,
    );
    expect(second).toMatchObject({ through: ['gmem_again'], after: undefined });
    expect(second?.unshown).toMatch(
      /^a\.mail:\d+: the diff changes gmem_again, which the check uses, and does not show it whole, expected its definition/,
    );
  });

  test('a patch that the check does not use is named as such', async () => {
    const other = `--- a/${PATH}\n+++ b/${PATH}\n@@ -90,3 +90,3 @@ static int gmem_other(int a)\n {\n-\treturn a;\n+\treturn -a;\n }\n`;
    const changes = await prepared(`${mail('one', diffTo(unsafe, lines, 100))}${mail('two', other)}`);
    expect(changes.map(({ passedBehind }) => passedBehind)).toEqual([
      [{ patch: '[PATCH] KVM: guest_memfd: two', what: 'does not touch the check' }],
    ]);
  });

  test('alone and without the check: what to give', async () => {
    await expect(prepared(diffTo(trusting, lines, 1))).rejects.toThrow(
      'it changes gmem_again(), expected one; if the check calls it, give --tree DIR, or a diff that shows the check too',
    );
  });

  test('two diffs in one mail: one after the other, or alternatives', async () => {
    const from = unsafe.trimEnd().split('\n');
    const [first, second] = [diffTo(unsafe, lines, 100), diffTo(unsafe.replace('== OWN + 1', '== OWN + 7'), from, 100)];
    const series = await prepared(`${HEADERS}\n${first}-- \n2.39\n\nAnd on top:\n\n${second}`);
    expect(series.map(({ isAlternative, place }) => [isAlternative, place])).toEqual([
      [false, 'a.mail:10'],
      [false, 'a.mail:54'],
    ]);
    const other = diffTo(whole.replace('fine = true', 'fine = 1'), lines, 100);
    for (const tree of [undefined, inTree({ [PATH]: whole }), inTree({ [PATH]: unsafe })]) {
      const either = await prepared(`${HEADERS}\n${first}-- \n2.39\n\nOr rather:\n\n${other}`, { tree });
      expect(either.map(({ isAlternative }) => isAlternative)).toEqual([true, true]);
      expect(either.map(after)).toEqual([expect.stringContaining('fine = !0'), expect.stringContaining('fine = 1')]);
    }
    expect(await prepared(`${HEADERS}\n${first}-- \n2.39\n\nThe same:\n\n${first}`)).toHaveLength(1);
  });
});

test('no-break spaces are read as blanks, and named with their place', async () => {
  const [change] = await prepared(DIFF.replaceAll('\t', '\u00A0'));
  expect(change?.notes).toEqual([
    expect.stringMatching(/^a\.mail:\d+: U\+00A0, a no-break space, is read as a blank\.$/),
  ]);
  expect(textOf(change?.after?.source.lines)).toContain('lru_add_drain_all();');
  expect(textOf(change?.after?.source.lines)).not.toContain('\u00A0');
});

test('a diff without hunks, and an attachment that is no text, are named', async () => {
  await expect(prepared(`${HEADERS}\ndiff --git a/a.c b/a.c\n[...]\n`)).rejects.toThrow(
    "a.mail:8: a diff begins here, but shows no hunk, expected lines from '@@ -' on",
  );
  const parts = HEADERS.replace('text/plain; charset=utf-8', 'multipart/mixed; boundary=x');
  const zip =
    '--x\nContent-Type: application/zip; name=p.zip\nContent-Disposition: attachment; filename=p.zip\nContent-Transfer-Encoding: base64\n\nUEsDBA==\n--x--\n';
  await expect(prepared(`${parts}\n${zip}`)).rejects.toThrow('a.mail: no diff in it, the attachment p.zip is not read');
});
