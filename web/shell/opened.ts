// SPDX-License-Identifier: MIT
import type { OpenedFile } from '../view/index.ts';

/** Bytes of a base64 text, in pieces: a recording may be longer than one string of bytes can be. */
function bytesOf(text: string): Blob {
  const clean = text.trim();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const length = 4 * 256 * 1024;
  for (let from = 0; from < clean.length; from += length) {
    const binary = atob(clean.slice(from, from + length));
    pieces.push(Uint8Array.from(binary, (letter) => letter.codePointAt(0) ?? 0));
  }
  return new Blob(pieces);
}

const together = ([first, ...beside]: readonly OpenedFile[]): OpenedFile | undefined =>
  first === undefined ? undefined : { ...first, beside };

/** The files appended to a page that is one file. */
function filesBehind(): readonly OpenedFile[] {
  const scripts = document.querySelectorAll<HTMLScriptElement>('script.folioscope-opened');
  return [...scripts].map((script) => ({
    name: script.dataset['name'] ?? '',
    content: bytesOf(script.textContent),
  }));
}

/** Names of the files that the command line has opened; undefined if it does not serve this page. */
function namesServed(): readonly string[] | undefined {
  const text = document.querySelector<HTMLMetaElement>('meta[name="folioscope-opened"]')?.content;
  if (text === undefined) return undefined;
  const names: unknown = JSON.parse(text);
  return Array.isArray(names) ? names.map(String) : [];
}

/** Tells the command line's server that the page is open, for as long as it is. */
export function sayAlive(): void {
  // The browser reopens the connection if it breaks, and closes it with the page.
  if (namesServed() !== undefined) new EventSource('alive').addEventListener('error', () => undefined);
}

/** Files that the page was opened with: appended to it in one file, or from the command line's server. */
export async function openedWithPage(): Promise<OpenedFile | undefined> {
  const served = await Promise.all(
    (namesServed() ?? []).map(async (name, number): Promise<OpenedFile> => {
      const response = await fetch(`opened/${number}`);
      if (!response.ok) throw new Error(`${name}: the server says: ${(await response.text()).trim()}`);
      return { name, content: await response.blob() };
    }),
  );
  return together(served.length > 0 ? served : filesBehind());
}
