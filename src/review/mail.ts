// SPDX-License-Identifier: MIT
import PostalMime, { type Email } from 'postal-mime';
import { withoutDashEscapes } from './clear-signed.ts';

/** A mail, a diff or a page of an archive, as text. */
export interface Mail {
  /** The file's name, for messages. */
  readonly file: string;
  /** Undefined where the text has no headers: a diff, or what an archive shows. */
  readonly subject: string | undefined;
  readonly from: string | undefined;
  readonly date: string | undefined;
  readonly messageId: string | undefined;
  /** The body, followed by attached patches, without line ends. */
  readonly lines: readonly string[];
  /** Line of the file, from 1, at which the body begins; undefined where the body is encoded. */
  readonly firstLine: number | undefined;
  /** The mail has a page of HTML and no text. */
  readonly isHtml: boolean;
  /** Names of attachments that are no text. */
  readonly unread?: readonly string[];
}

const KNOWN_HEADER = /^(?:from|subject|date|message-id|mime-version|content-type|received|return-path):/i;
const HEADER = /^(?:[!-9;-~]+:|[ \t])/;
/** Between two mails of an mbox: `From ADDRESS Thu May  7 20:22:05 2026`; git writes a commit in place of the address. */
const MBOX = /^From \S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} [ \d]\d [\d:]{8}.*\d{4}.*$/;
const IS_PATCH = /\.(?:patch|diff)$/i;

/** Whether a text begins with the headers of a mail: a block of header lines, with one that every mail has. */
function hasHeaders(lines: readonly string[]): boolean {
  const end = lines.indexOf('');
  const block = lines.slice(0, end === -1 ? lines.length : end);
  return block.every((line) => HEADER.test(line)) && block.some((line) => KNOWN_HEADER.test(line));
}

const linesOf = (text: string): readonly string[] => {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
};

/** A mail in a file. */
interface Piece {
  readonly text: string;
  /** Line of the file at which it begins, from 1. */
  readonly line: number;
}

/** Where mails of an mbox begin, by line of the file; one piece where it is none. */
function pieces(latin1: string): readonly Piece[] {
  const lines = latin1.split('\n');
  if (!MBOX.test(lines[0]?.trimEnd() ?? '')) return [{ text: latin1, line: 1 }];
  const starts = lines.flatMap((line, i) =>
    MBOX.test(line.trimEnd()) && (i === 0 || (lines[i - 1] ?? '').trimEnd() === '') ? [i] : [],
  );
  // mboxrd: one '>' more before every line of a mail that begins like a separator.
  return starts.map((start, i) => ({
    text: lines
      .slice(start + 1, starts[i + 1] ?? lines.length)
      .map((line) => line.replace(/^>(>*From )/, '$1'))
      .join('\n'),
    line: start + 2,
  }));
}

const isText = ({ filename, mimeType }: Email['attachments'][number]): boolean =>
  mimeType.startsWith('text/x-') || mimeType === 'text/plain' || IS_PATCH.test(filename ?? '');

function textOf({ text, attachments }: Email): string {
  const attached = attachments.flatMap((one) => {
    const { mimeType, content } = one;
    if (!isText(one)) return [];
    if (mimeType === 'text/html') return [];
    return [typeof content === 'string' ? content : new TextDecoder().decode(content)];
  });
  return [text ?? '', ...attached].join('\n');
}

/**
 * The mails of a file: one, an mbox with several, or a text without headers, such as a diff or a page of an archive. Quoted-printable,
 * base64 and parts are decoded (RFC 2045 to 2049, by postal-mime), and UTF-16 that says so in its first two bytes.
 * @param bytes the file as it is.
 * @param file its name, for messages.
 */
export async function readMails(bytes: Uint8Array, file = 'standard input'): Promise<readonly Mail[]> {
  const utf16 = utf16In(bytes);
  // One character a byte, so that what each mail says of its own encoding still holds.
  const latin1 = new TextDecoder('latin1').decode(utf16 === undefined ? bytes : new TextEncoder().encode(utf16));
  return Promise.all(pieces(latin1).map(async ({ text, line }) => readMail(bytesOf(text), file, line)));
}

/** A text in UTF-16, as editors and shells of Windows write it; undefined where the mark of the order of bytes is absent. */
function utf16In(bytes: Uint8Array): string | undefined {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return undefined;
}

/**
 * The bytes of a text with one character for each byte, with windows-1252's characters mapped back to latin1's control
 * characters.
 */
function bytesOf(latin1: string): Uint8Array {
  return Uint8Array.from(latin1, (character) => FROM_1252.get(character) ?? character.charCodeAt(0));
}

/** The decoder called latin1 is windows-1252's: its characters beyond one byte, and the bytes that they stand for. */
const FROM_1252: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 32 }, (_, i) => [new TextDecoder('latin1').decode(Uint8Array.of(0x80 + i)), 0x80 + i] as const),
);

async function readMail(bytes: Uint8Array, file: string, line: number): Promise<Mail> {
  const plain = linesOf(new TextDecoder().decode(bytes));
  if (!hasHeaders(plain)) {
    const unknown = { subject: undefined, from: undefined, date: undefined, messageId: undefined };
    return { file, ...unknown, lines: withoutDashEscapes(plain), firstLine: line, isHtml: false };
  }
  const email = await PostalMime.parse(bytes);
  const { subject, from, messageId, headers } = email;
  // As its author's program wrote it: `email.date` is in another form.
  const date = headers.find(({ key }) => key === 'date')?.value;
  const author = from === undefined ? undefined : from.name === '' ? from.address : from.name;
  const lines = linesOf(textOf(email));
  const body = plain.indexOf('') + 1;
  const isPlain = body > 0 && lines.every((one, i) => one.trimEnd() === (plain[body + i] ?? '').trimEnd());
  return {
    file,
    subject,
    from: author,
    date,
    messageId,
    lines: withoutDashEscapes(lines),
    firstLine: isPlain ? line + body : undefined,
    unread: email.attachments.flatMap((one) => (isText(one) ? [] : [one.filename ?? one.mimeType])),
    isHtml: email.html !== undefined && (email.text ?? '').trim() === '',
  };
}
