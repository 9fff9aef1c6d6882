// SPDX-License-Identifier: MIT
import { closeSync, openSync, readSync } from 'node:fs';
import { hasPageFlag, type PageSize, pfnInPagemap } from '../abi/index.ts';
import { type Pfn, pfn } from '../ledger/index.ts';
import { codeOf } from './error-code.ts';
import { UnavailableError } from './unavailable.ts';

const ENTRY_BYTES = 8;
/** Pages of a process that are looked at in one read. */
const AT_ONCE = 512;

/** A mapped page as procfs shows it. */
export interface MappedPage {
  /** Its position in the requested range, from 0. */
  readonly nth: number;
  readonly pfn: Pfn;
  /** Of /proc/kpageflags. */
  readonly flags: bigint;
  /** Number of its mappings, of /proc/kpagecount; undefined if not requested. */
  readonly mapped: number | undefined;
}

/**
 * Reads /proc/PID/pagemap, /proc/kpageflags and /proc/kpagecount. Everything that a look needs is allocated and touched before
 * it: a page fault of this process would change the batch under inspection.
 */
export class PageReader {
  readonly #pageSize: PageSize;
  readonly #pagemap: number;
  readonly #flags: number;
  readonly #counts: number;
  readonly #entries = new BigUint64Array(AT_ONCE);
  readonly #bytes = new Uint8Array(this.#entries.buffer);
  readonly #cell = new BigUint64Array(1);
  readonly #cellBytes = new Uint8Array(this.#cell.buffer);

  /** @throws UnavailableError if this user may not see page frames. @param pid a process, or `self`. */
  constructor(pid: number | 'self', pageSize: PageSize) {
    this.#pageSize = pageSize;
    this.#pagemap = opened(`/proc/${pid}/pagemap`);
    this.#flags = opened('/proc/kpageflags', () => closeSync(this.#pagemap));
    this.#counts = opened('/proc/kpagecount', () => {
      closeSync(this.#pagemap);
      closeSync(this.#flags);
    });
    this.#entries.fill(0n);
  }

  /** Bit n of the result: page n of a range is mapped and waits in a batch. At most 53 pages. */
  waitingMask(address: number, pages: number): number {
    let mask = 0;
    for (let nth = 0; nth < pages; nth++) {
      const frame = this.#frame(address + nth * this.#pageSize);
      if (frame !== undefined && !hasPageFlag(this.#at(this.#flags, frame), 'LRU')) mask += 2 ** nth;
    }
    return mask;
  }

  #frame(address: number): number | undefined {
    return pfnInPagemap(this.#at(this.#pagemap, address / this.#pageSize));
  }

  #at(fd: number, nth: number): bigint {
    readSync(fd, this.#cellBytes, 0, ENTRY_BYTES, nth * ENTRY_BYTES);
    return this.#cell[0] ?? 0n;
  }

  /**
   * The mapped pages of a range.
   * @throws UnavailableError if page frames are hidden from this user.
   */
  mapped(address: number, pages: number): readonly MappedPage[] {
    const found: MappedPage[] = [];
    for (let from = 0; from < pages; from += AT_ONCE) {
      const count = Math.min(AT_ONCE, pages - from);
      const place = (address / this.#pageSize + from) * ENTRY_BYTES;
      const read = readSync(this.#pagemap, this.#bytes, 0, count * ENTRY_BYTES, place);
      for (let nth = 0; nth < read / ENTRY_BYTES; nth++) {
        const frame = pfnInPagemap(this.#entries[nth] ?? 0n);
        if (frame === undefined) continue;
        if (frame === 0) throw hidden();
        found.push({
          nth: from + nth,
          pfn: pfn(frame),
          flags: this.#at(this.#flags, frame),
          mapped: Number(this.#at(this.#counts, frame)),
        });
      }
    }
    return found;
  }

  close(): void {
    for (const fd of [this.#pagemap, this.#flags, this.#counts]) closeSync(fd);
  }
}

const hidden = (): UnavailableError =>
  new UnavailableError('page frame numbers are hidden from this user', 'run as root (CAP_SYS_ADMIN)');

function opened(path: string, undo?: () => void): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    undo?.();
    const code = codeOf(error);
    if (code === 'ENOENT' && path.startsWith('/proc/kpage'))
      throw new UnavailableError(`there is no ${path}`, 'a kernel with CONFIG_PROC_PAGE_MONITOR');
    if (code === 'EACCES' || code === 'EPERM')
      throw new UnavailableError(`${path} is closed to this user`, 'run as root (CAP_SYS_ADMIN)');
    throw new UnavailableError(`${path} cannot be read (${code})`, 'a process that still runs');
  }
}
