// SPDX-License-Identifier: MIT
import type { FolioStory } from '../../../src/explain/index.ts';
import { float64, Growing, uint16, uint32, uint8 } from './columns.ts';
import type { Row } from './fold.ts';
import { ABSENT, codeOfFolio } from './states.ts';

/** All changes of what lanes show, one after the other, in columns. */
export interface Changes {
  readonly times: Float64Array;
  /** Number of the row, over all inodes. */
  readonly rows: Uint32Array;
  /** State of the row from then on: a code of states.ts. */
  readonly codes: Uint8Array;
}

/** Changes of the number of folios in a CPU's batch. */
export interface FillChanges {
  readonly times: Float64Array;
  /** 0 and 1: a waiting folio is added or removed; 2 and 3: a folio that may wait. */
  readonly kinds: Uint8Array;
}

/** One life of a folio, for searches. */
interface Lives {
  readonly rows: Uint32Array;
  readonly from: Float64Array;
  readonly pfns: Float64Array;
  /** Number of the adding task in `tasks`; 0: unknown. */
  readonly tasks: Uint16Array;
}

export interface RowOf extends Row {
  /** Place of its inode in `inodes`. */
  readonly inode: number;
  /** Its number in {@link Changes}. */
  readonly number: number;
}

/** Lives of folios, packed. */
export interface Packed {
  readonly inodes: readonly { readonly dev: string; readonly ino: bigint }[];
  /** By rising inode, then index. */
  readonly rows: readonly RowOf[];
  readonly changes: Changes;
  readonly fills: ReadonlyMap<number, FillChanges>;
  readonly flushes: ReadonlyMap<
    number,
    readonly { readonly from: number; readonly to: number; readonly folios: number }[]
  >;
  readonly lives: Lives;
  /** Names of tasks by their number in {@link Lives}. */
  readonly tasks: readonly { readonly pid: number; readonly name: string | undefined }[];
}

/** Largest number of tasks that a search distinguishes. */
const MOST_TASKS = 65_535;

interface RowMade {
  readonly number: number;
  readonly inode: number;
  readonly index: number;
  pages: number;
  history: number;
}

/** Mixes a number into a hash (FNV-1a, by words). */
const mixed = (hash: number, value: number): number => Math.imul(hash ^ value, 0x01_00_01_93) >>> 0;

/** Packs the lives of folios into columns: a life takes some forty bytes. */
export class Builder {
  readonly #begin: bigint;
  /** Times at which readers compare folios: markers and calls, as far as they are known. */
  readonly #inodes: { dev: string; ino: bigint; rows: Map<number, RowMade> }[] = [];
  readonly #rows: RowMade[] = [];
  readonly #times = new Growing(float64);
  readonly #rowOf = new Growing(uint32);
  readonly #codes = new Growing(uint8);
  readonly #fills = new Map<number, { times: Growing<Float64Array>; kinds: Growing<Uint8Array> }>();
  readonly #flushes = new Map<number, Map<bigint, { from: number; to: number; folios: number }>>();
  readonly #lives = {
    rows: new Growing(uint32),
    from: new Growing(float64),
    pfns: new Growing(float64),
    tasks: new Growing(uint16),
  };
  readonly #tasks: { pid: number; name: string | undefined }[] = [{ pid: -1, name: undefined }];
  readonly #taskNumbers = new Map<string, number>();

  /** @param begin time of the recording's first event. */
  constructor(begin: bigint) {
    this.#begin = begin;
  }

  folio(story: FolioStory): void {
    const { spans, flush, pfn, task } = story;
    const row = this.#row(story);
    for (const { from, to, folio } of spans) {
      const at = this.#offset(from);
      const code = codeOfFolio(folio);
      this.#change(at, row.number, code);
      row.history = mixed(row.history, code);
      for (const { kind, cpu } of folio.holders)
        if (kind === 'lru-add-batch' && cpu !== undefined)
          this.#waits(cpu, at, to === undefined ? undefined : this.#offset(to), folio.strength !== 'unknown');
    }
    const last = spans.at(-1);
    if (last?.to !== undefined) this.#change(this.#offset(last.to), row.number, ABSENT);
    if (last !== undefined) row.history = mixed(row.history, last.to === undefined ? 1 : 2);
    if (flush !== undefined) this.#flushed(flush);
    const [first] = spans;
    if (first === undefined) return;
    this.#lives.rows.push(row.number);
    this.#lives.from.push(this.#offset(first.from));
    this.#lives.pfns.push(pfn);
    this.#lives.tasks.push(task === undefined ? 0 : this.#taskNumber(task));
  }

  finish(): Packed {
    const rows = this.#rows
      .map(({ number, inode, index, pages, history }) => ({ number, inode, index, pages, history }))
      .toSorted((a, b) => a.inode - b.inode || a.index - b.index);
    return {
      inodes: this.#inodes.map(({ dev, ino }) => ({ dev, ino })),
      rows,
      changes: { times: this.#times.take(), rows: this.#rowOf.take(), codes: this.#codes.take() },
      fills: new Map(
        [...this.#fills].map(([cpu, { times, kinds }]) => [cpu, { times: times.take(), kinds: kinds.take() }]),
      ),
      flushes: new Map(
        [...this.#flushes].map(([cpu, all]) => [cpu, [...all.values()].toSorted((a, b) => a.from - b.from)]),
      ),
      lives: {
        rows: this.#lives.rows.take(),
        from: this.#lives.from.take(),
        pfns: this.#lives.pfns.take(),
        tasks: this.#lives.tasks.take(),
      },
      tasks: this.#tasks,
    };
  }

  #offset(at: bigint): number {
    const offset = Number(at - this.#begin);
    return offset > 0 ? offset : 0;
  }

  #row({ dev, ino, index, order }: FolioStory): RowMade {
    let inode = this.#inodes.findIndex((one) => one.ino === ino && one.dev === dev);
    if (inode < 0) inode = this.#inodes.push({ dev, ino, rows: new Map() }) - 1;
    const rows = this.#inodes[inode]?.rows;
    const known = rows?.get(index);
    if (known !== undefined) {
      known.pages = Math.max(known.pages, 2 ** order);
      return known;
    }
    const made = { number: this.#rows.length, inode, index, pages: 2 ** order, history: 0x81_1c_9d_c5 };
    this.#rows.push(made);
    rows?.set(index, made);
    return made;
  }

  #change(at: number, row: number, code: number): void {
    this.#times.push(at);
    this.#rowOf.push(row);
    this.#codes.push(code);
  }

  #waits(cpu: number, from: number, to: number | undefined, isSure: boolean): void {
    const fill = this.#fills.get(cpu) ?? { times: new Growing(float64), kinds: new Growing(uint8) };
    this.#fills.set(cpu, fill);
    const kind = isSure ? 0 : 2;
    fill.times.push(from);
    fill.kinds.push(kind);
    if (to === undefined) return;
    fill.times.push(to);
    fill.kinds.push(kind + 1);
  }

  #flushed({ cpu, first, last }: NonNullable<FolioStory['flush']>): void {
    const ofCpu = this.#flushes.get(cpu) ?? new Map<bigint, { from: number; to: number; folios: number }>();
    this.#flushes.set(cpu, ofCpu);
    const known = ofCpu.get(first);
    if (known === undefined) ofCpu.set(first, { from: this.#offset(first), to: this.#offset(last), folios: 1 });
    else {
      known.folios++;
      known.to = Math.max(known.to, this.#offset(last));
    }
  }

  #taskNumber({ pid, name }: NonNullable<FolioStory['task']>): number {
    const key = `${pid} ${name ?? ''}`;
    const known = this.#taskNumbers.get(key);
    if (known !== undefined) return known;
    if (this.#tasks.length > MOST_TASKS) return 0;
    const number = this.#tasks.push({ pid, name }) - 1;
    this.#taskNumbers.set(key, number);
    return number;
  }
}
