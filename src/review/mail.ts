// SPDX-License-Identifier: MIT
import PostalMime, { type Email } from 'postal-mime';

/** A mail, a diff or a page of an archive, as text. */
export interface Mail {
  /** Undefined if the text has no headers: a diff, or a page of an archive. */
  readonly subject: string | undefined;
  readonly from: string | undefined;
  readonly date: string | undefined;
  readonly messageId: string | undefined;
  /** The body, followed by attached patches, without line ends. */
  readonly lines: readonly string[];
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

/** The mails of an mbox; one piece if the text is not an mbox. */
function pieces(latin1: string): readonly string[] {
  const lines = latin1.split('\n');
  if (!MBOX.test(lines[0]?.trimEnd() ?? '')) return [latin1];
  const starts = lines.flatMap((line, i) =>
    MBOX.test(line.trimEnd()) && (i === 0 || (lines[i - 1] ?? '').trimEnd() === '') ? [i] : [],
  );
  // mboxrd: one more '>' before every line of a mail that begins like a separator.
  return starts.map((start, i) =>
    lines
      .slice(start + 1, starts[i + 1] ?? lines.length)
      .map((line) => line.replace(/^>(>*From )/, '$1'))
      .join('\n'),
  );
}

function textOf({ text, attachments }: Email): string {
  const attached = attachments.flatMap(({ filename, mimeType, content }) => {
    if (!(mimeType.startsWith('text/x-') || mimeType === 'text/plain' || IS_PATCH.test(filename ?? ''))) return [];
    if (mimeType === 'text/html') return [];
    return [typeof content === 'string' ? content : new TextDecoder().decode(content)];
  });
  return [text ?? '', ...attached].join('\n');
}

/**
 * The mails of a file: one, an mbox with several, or a text without headers, such as a diff or a page of an archive. Quoted-printable,
 * base64 and parts are decoded (RFC 2045 to 2049, by postal-mime).
 * @param bytes the file as it is.
 */
export async function readMails(bytes: Uint8Array): Promise<readonly Mail[]> {
  // One character for each byte, so that each mail's own encoding stays valid.
  const latin1 = new TextDecoder('latin1').decode(bytes);
  return Promise.all(pieces(latin1).map(async (piece) => readMail(bytesOf(piece))));
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

async function readMail(bytes: Uint8Array): Promise<Mail> {
  const plain = linesOf(new TextDecoder().decode(bytes));
  if (!hasHeaders(plain)) {
    return { subject: undefined, from: undefined, date: undefined, messageId: undefined, lines: plain };
  }
  const email = await PostalMime.parse(bytes);
  const { subject, from, date, messageId } = email;
  const author = from === undefined ? undefined : from.name === '' ? from.address : from.name;
  return { subject, from: author, date, messageId, lines: linesOf(textOf(email)) };
}
