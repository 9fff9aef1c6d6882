// SPDX-License-Identifier: MIT
// Mails with patches of the check as people, programs and archives leave them: each is judged, or refused in one line with its place.
import { readdirSync, readFileSync } from 'node:fs';
import { createTwoFilesPatch } from 'diff';
import { CHECK_FUNCTION, type CFront, type CSource, TABLE } from '../src/cfront/index.ts';
import { InputError } from '../src/ledger/index.ts';
import { prepare, readMails, Tree } from '../src/review/index.ts';
import { Dice, type Fate, fateOfSource } from './c-mutations.ts';

const EXAMPLES = new URL('../examples/c/', import.meta.url);
const PATH = 'virt/kvm/guest_memfd.c';
const FORMS: readonly string[] = ['', 'wrong/'].flatMap((folder) =>
  readdirSync(new URL(folder, EXAMPLES))
    .filter((name) => name.endsWith('.c'))
    .map((name) => readFileSync(new URL(folder + name, EXAMPLES), 'utf8')),
);

const HEADERS = `From: =?utf-8?q?J=C3=A4n_Doe?= <jan@example.org>
Subject: [PATCH v2 3/7] KVM: guest_memfd: another check
Date: Mon, 4 May 2026 10:00:00 +0200
Message-ID: <1@example.org>
MIME-Version: 1.0
`;
const PARTS = `Content-Type: multipart/mixed; boundary="=-=-="

--=-=-=
Content-Type: text/plain; charset=utf-8

See below.
--=-=-=
Content-Type: text/x-patch; name=0003.patch
Content-Transfer-Encoding: base64

`;

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64').replaceAll(/.{76}/g, '$&\n');
const quotedPrintable = (text: string): string =>
  latin1(text)
    .replaceAll(/[=\t\u0080-\u00ff]/g, (byte) => `=${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
    .replaceAll(/[^\n]{60}(?=[^\n]{8})/g, (piece) => (/=.?$/.test(piece) ? piece : `${piece}=\n`));
const lines = (text: string, of: (line: string, i: number) => string): string => text.split('\n').map(of).join('\n');

/** Ways in which a diff comes: as the bytes of a file, one character a byte. */
const SPELLINGS: readonly ((diff: string) => string)[] = [
  latin1,
  (diff) => `${HEADERS}Content-Type: text/plain; charset=utf-8\n\nIt drains.\n---\n${latin1(diff)}-- \n2.54.0\n`,
  (diff) => `${HEADERS}Content-Transfer-Encoding: quoted-printable\n\n${quotedPrintable(diff)}`,
  (diff) => `${HEADERS}Content-Transfer-Encoding: base64\n\n${base64(diff)}\n`,
  (diff) => `${HEADERS}${PARTS}${base64(diff)}\n--=-=-=--\n`,
  (diff) =>
    `From 0123456789abcdef Mon Sep 17 00:00:00 2001\n${HEADERS}\n${latin1(diff)}\n\nFrom 1 Mon Sep 17 00:00:00 2001\n${HEADERS}\nThanks.\n`,
  (diff) => lines(latin1(diff), (line) => `> ${line}`.trimEnd()),
  (diff) => lines(latin1(diff), (line) => `>> > ${line}`),
  (diff) => lines(latin1(diff), (line, i) => (i % 9 === 8 ? `> ${line}\n\nWhy so?\n` : `> ${line}`)),
  (diff) => lines(latin1(diff), (line) => line.replace(/^([ +-]?)\s+/, '$1')),
  (diff) => latin1(diff).replaceAll('\n', '\r\n'),
];

const JUNK = [
  '@@ -1,3 +1,4 @@',
  '@@ -99999999999,3 +1,99999 @@ static bool f(void)',
  'diff --git a/x.c b/x.c',
  '--- /dev/null',
  '+++ b/virt/kvm/guest_memfd.c',
  '> > >',
  '+\tlru_add_drain_all();',
  '-\treturn safe;',
  ' }',
  '{',
  '+EXPORT_SYMBOL_GPL(lru_add_drain);',
  'From: x',
  'From 1 Mon Sep 17 00:00:00 2001',
  'Content-Type: text/html; charset=nothing',
  'Content-Transfer-Encoding: base64',
  '\u0000',
  '\u00ff\u00fe',
  '-- ',
  '',
  '\\ No newline at end of file',
];
const WORDS = [
  '(',
  ')',
  '{',
  '}',
  ';',
  '*',
  '&',
  '0',
  '->',
  'if',
  'return',
  'goto out;',
  'x',
  '"',
  '/*',
  '=',
  '\t',
  '>',
  '+',
  '-',
  '\r',
];

/** A file with a mail, and with what it is to be read. */
export interface Slipped {
  readonly bytes: Uint8Array;
  /** The kernel's file before the change, for half of them. */
  readonly tree: string | undefined;
}

/** A mail with some slips in it, which depend on the seed alone. */
export function mutatedMail(seed: number): Slipped {
  const dice = new Dice(seed);
  const below = (most: number): number => dice.below(most);
  const any = <T>(of: readonly T[], otherwise: T): T => of[below(of.length)] ?? otherwise;
  const [before, after] = [any(FORMS, ''), any(FORMS, '')];
  const context = any([3, 3, 10, 40], 3);
  const plain = createTwoFilesPatch(`a/${PATH}`, `b/${PATH}`, before, after, '', '', { context });
  // git names the function behind a hunk's header.
  const head = `static bool ${CHECK_FUNCTION}(struct inode *inode, pgoff_t start,`;
  const diff = plain.replaceAll(/^Index.*\n|^=+\n/gm, '').replaceAll(/^(@@ .* @@)$/gm, `$1 ${head}`);
  const spelled = any(SPELLINGS, latin1);
  // A slip before it is sent, or on its way.
  const own = below(2) === 0;
  const text = own ? spelled(slipped(diff, below)) : slipped(spelled(diff), below);
  return { bytes: Buffer.from(text, 'latin1'), tree: below(2) === 0 ? undefined : before };
}

function slipped(text: string, below: (most: number) => number): string {
  const all = text.split('\n');
  for (let slips = 1 + below(3); slips > 0; slips--) {
    const [at, other] = [below(all.length), below(all.length)];
    const line = all[at] ?? '';
    const column = below(line.length + 1);
    switch (below(12)) {
      case 0:
        all.splice(at, 1 + below(3));
        break;
      case 1:
        all.splice(at, 0, JUNK[below(JUNK.length)] ?? '');
        break;
      case 2:
        all[at] = all[other] ?? '';
        break;
      case 3:
        [all[at], all[other]] = [all[other] ?? '', line];
        break;
      case 4:
        all[at] = `${line.slice(0, column)}${WORDS[below(WORDS.length)] ?? ''}${line.slice(column)}`;
        break;
      case 5:
        all[at] = line.slice(0, column) + line.slice(column + 1 + below(4));
        break;
      case 6:
        all[at] = line.replaceAll(/\d/g, () => String(below(10)));
        break;
      case 7:
        all[at] = line.replace(/^[>\s]+/, '');
        break;
      case 8:
        all[at] = `${['> ', '+', '-', ' ', '\t', '>'][below(6)] ?? ''}${line}`;
        break;
      case 9:
        all.splice(at, 2, `${line}${all[at + 1] ?? ''}`);
        break;
      case 10:
        all[at] = `${line.slice(0, column)}\n${line.slice(column)}`;
        break;
      default:
        if (below(10) === 0) all.length = at;
        else all.splice(at, 0, ...all.slice(other, other + below(20)));
    }
  }
  return all.join('\n');
}

const OPTIONS = { file: 'slip.mail', known: new Set([...TABLE.steps.keys(), ...TABLE.words.keys()]) };
/** A refusal of a mail: the file, then where in it or of which file of the kernel. */
const LINE = /^(?:slip\.mail(?::\d+)?|linux): [^\n]+$/;

/** Reads a mail, and translates the check on both sides. */
export async function fateOfMail(front: CFront, { bytes, tree }: Slipped): Promise<Fate> {
  const files =
    tree === undefined
      ? undefined
      : new Tree('linux', async (path) => Promise.resolve(path === PATH ? tree : undefined));
  const sources: { readonly source: CSource; readonly name: string }[] = [];
  try {
    for (const change of await prepare(await readMails(bytes, 'slip.mail'), { ...OPTIONS, tree: files }))
      for (const side of [change.before, change.after])
        if (side !== undefined) sources.push({ source: side.source, name: change.function });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isTold = error instanceof InputError && LINE.test(message) && message.includes('expected');
    if (isTold) return { kind: 'refused' };
    return { kind: 'defect', why: error instanceof Error ? (error.stack ?? message) : message };
  }
  let kind: 'form' | 'refused' | 'refused later' = 'form';
  for (const { source, name } of sources) {
    const fate = fateOfSource(front, source, name);
    if (fate.kind === 'defect') return fate;
    if (fate.kind !== 'form') ({ kind } = fate);
  }
  return { kind };
}
