// SPDX-License-Identifier: MIT

const SPACE = 0x20;
const TAB = 0x09;
const NEWLINE = 0x0a;
const BRACKET = 0x5b;
const LATIN1 = new TextDecoder('latin1');
/** Largest number of remembered addresses. */
const MAX_KNOWN = 1 << 14;

/**
 * Names of the kernel's functions, from the text of /proc/kallsyms: `ADDRESS TYPE NAME`, followed by `\t[MODULE]` for
 * those of modules. The kernel's own come first and by rising address, so binary search in the text itself finds them;
 * modules are unordered and are scanned. An index over the whole would cost more than all look-ups.
 */
export class KernelSymbols {
  readonly #text: Uint8Array;
  /** Position of the first line of a module. */
  readonly #modules: number;
  readonly #firstAddress: bigint;
  readonly #lastAddress: bigint;
  readonly #known = new Map<bigint, string | undefined>();

  constructor(text: Uint8Array) {
    const nul = text.indexOf(0);
    this.#text = nul < 0 ? text : text.subarray(0, nul);
    this.#modules = this.#halve(this.#text.length, (line) => this.#isOfModule(line)).after;
    this.#firstAddress = this.#address(0);
    this.#lastAddress = this.#address(this.#lineBefore(this.#modules));
  }

  /** The function that contains `address`; undefined if none is known. */
  name(address: bigint): string | undefined {
    if (this.#known.has(address)) return this.#known.get(address);
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    const name = this.#find(address);
    this.#known.set(address, name);
    return name;
  }

  #find(address: bigint): string | undefined {
    // All addresses are equal if the recorder was not allowed to see them.
    if (this.#firstAddress === this.#lastAddress || address < this.#firstAddress) return undefined;
    if (address > this.#lastAddress) return this.#findInModules(address);
    const { before } = this.#halve(this.#modules, (line) => this.#address(line) > address);
    return before < 0 ? undefined : this.#nameAt(before);
  }

  #findInModules(address: bigint): string | undefined {
    let best = -1;
    let bestAddress = this.#lastAddress;
    for (let line = this.#modules; line < this.#text.length; line = this.#lineAfter(line)) {
      const here = this.#address(line);
      if (here > address || here <= bestAddress) continue;
      best = line;
      bestAddress = here;
    }
    return best < 0 ? undefined : this.#nameAt(best);
  }

  /** The last line for which `isBehind` is false and the first one for which it is true, in `[0, end)`. */
  #halve(end: number, isBehind: (line: number) => boolean): { readonly before: number; readonly after: number } {
    let before = -1;
    let low = 0;
    let after = end;
    while (low < after) {
      const line = this.#lineStart(Math.floor((low + after) / 2));
      if (isBehind(line)) {
        after = line;
      } else {
        before = line;
        low = this.#lineAfter(line);
      }
    }
    return { before, after: Math.min(after, end) };
  }

  #lineStart(at: number): number {
    let start = at;
    while (start > 0 && this.#text[start - 1] !== NEWLINE) start--;
    return start;
  }

  #lineBefore(line: number): number {
    return line === 0 ? 0 : this.#lineStart(line - 1);
  }

  #lineAfter(line: number): number {
    const newline = this.#text.indexOf(NEWLINE, line);
    return newline < 0 ? this.#text.length : newline + 1;
  }

  #isOfModule(line: number): boolean {
    const end = this.#lineAfter(line);
    for (let at = line; at < end; at++) if (this.#text[at] === BRACKET) return true;
    return false;
  }

  #address(line: number): bigint {
    const digits = LATIN1.decode(this.#text.subarray(line, line + 16));
    return BigInt(`0x${/^[0-9a-f]+/i.exec(digits)?.[0] ?? '0'}`);
  }

  #nameAt(line: number): string | undefined {
    const type = this.#text.indexOf(SPACE, line);
    const start = type < 0 ? -1 : this.#text.indexOf(SPACE, type + 1) + 1;
    if (start <= 0) return undefined;
    let end = start;
    while (end < this.#text.length && this.#text[end] !== NEWLINE && this.#text[end] !== TAB) end++;
    return LATIN1.decode(this.#text.subarray(start, end));
  }
}
