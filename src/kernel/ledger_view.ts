// SPDX-License-Identifier: GPL-2.0-only
import { type ClaimHeld, columnOf, type Interpreter, type Taken, type Variable } from '../lang/index.ts';
import { cpu, type Holder, HOLDER_KINDS, type HolderKind, referencesOf } from '../ledger/index.ts';
import { iPages } from './filemap.ts';
import { cpuFbatches } from './cpu_fbatches.ts';
import { pins } from './gup.ts';
import { hwpoison } from './hwpoison.ts';
import { mlockFbatch } from './mlock.ts';
import { FAULT } from './observations.ts';
import { folio } from './page_ref.ts';
import { pte } from './zap.ts';

/** The holders of every folio that has any, by folio number: a view of the state, without state of its own. */
export type Holders = ReadonlyMap<number, readonly Holder[]>;

/** A folio whose count differs from the sum of its holders. */
export interface Imbalance {
  readonly folio: number;
  readonly count: number;
  readonly held: number;
}

/** Shared memory with elements that name folios, each with references. */
export interface Holding {
  readonly of: { readonly variable: Variable };
  readonly kind: HolderKind;
  /** Number of references of one element; 1 if absent. */
  readonly references?: 'mlock_references' | { readonly variable: Variable };
  /** The first index is the holder's CPU. */
  readonly perCpu?: true;
}

/** All holders that are not running tasks; a task's position says what it holds (`claiming`). */
export const HOLDING: readonly Holding[] = [
  { of: iPages, kind: 'page-cache' },
  { of: pte, kind: 'user-mapping' },
  { of: cpuFbatches.lruAdd.folios, kind: 'lru-add-batch', perCpu: true },
  { of: cpuFbatches.others.folios, kind: 'lru-batch', perCpu: true },
  { of: mlockFbatch.folios, kind: 'mlock-batch', perCpu: true, references: 'mlock_references' },
  { of: hwpoison.kept, kind: 'walker' },
  { of: pins.folio, kind: 'gup', references: pins.references },
];

const kindOf = (label: string): HolderKind => {
  const kind = label === FAULT ? 'lookup' : HOLDER_KINDS.find((known) => known === label);
  if (kind === undefined) throw new Error(`a routine claims '${label}', which is no kind of holder`);
  return kind;
};

/**
 * The holders of each reference, from batch slots, page tables, the page cache, pins, and each task's position. It is
 * updated step by step, at a cost that does not depend on the size of memory. After a change of memory by other means
 * than the interpreter's steps, a new one must be made.
 */
export class LiveLedger {
  readonly #interpreter: Interpreter;
  readonly #taskName: (task: number) => string;
  readonly #counts: ArrayLike<number>;
  /** By folio, then by what distinguishes its holders. */
  readonly #holders = new Map<number, Map<string, Holder>>();
  readonly #held: Int32Array;
  readonly #claims: (readonly ClaimHeld[])[] = [];
  readonly #sources = new Map<Variable, { readonly holding: Holding; readonly source: Source }>();

  constructor(interpreter: Interpreter, taskName: (task: number) => string) {
    this.#interpreter = interpreter;
    this.#taskName = taskName;
    this.#counts = columnOf(interpreter.memory, folio.refcount);
    this.#held = new Int32Array(this.#counts.length);
    for (const holding of HOLDING) {
      const source = new Source(interpreter, holding);
      this.#sources.set(holding.of.variable, { holding, source });
      if (typeof holding.references === 'object') this.#sources.set(holding.references.variable, { holding, source });
      for (let row = 0; row < source.rows; row++) this.#changed(holding, source, row);
    }
    for (let task = 0; task < interpreter.memory.code.length; task++) this.#moved(task);
  }

  /**
   * Records every step after it was taken.
   * @returns folios that the step touched and whose count is not the sum of their holders (invariant I6).
   */
  took({ task, writes }: Taken): readonly Imbalance[] {
    const touched = new Set<number>();
    for (const { variable, index, before, after } of writes) {
      const known = this.#sources.get(variable);
      if (known !== undefined) {
        const { holding, source } = known;
        for (const of of this.#changed(holding, source, source.rowOf(index))) touched.add(of);
        if (variable === holding.of.variable) touched.add(before).add(after);
      } else if (variable === folio.refcount.variable) touched.add(index[0] ?? 0);
    }
    for (const of of this.#moved(task)) touched.add(of);
    return [...touched].flatMap((of) => this.#imbalance(of));
  }

  /** Records that a task has begun a call: from then on it has a position. */
  began(task: number): void {
    this.#moved(task);
  }

  /** The holders of a folio. */
  of(number: number): readonly Holder[] {
    return [...(this.#holders.get(number)?.values() ?? [])].toSorted(inOrder);
  }

  /** All holders, by folio number. */
  get all(): Holders {
    const held = [...this.#holders].filter(([, holders]) => holders.size > 0);
    return new Map(held.map(([of]) => [of, this.of(of)]));
  }

  #imbalance(of: number): readonly Imbalance[] {
    const [count, held] = [this.#counts[of], this.#held[of]];
    return count === undefined || held === undefined || count === held ? [] : [{ folio: of, count, held }];
  }

  /** Folios that the row held before and holds now. */
  #changed({ kind, perCpu }: Holding, source: Source, row: number): readonly number[] {
    const before = source.known(row);
    const after = source.read(row);
    const where = perCpu === true ? cpu(source.cpuOf(row)) : undefined;
    const holder = where === undefined ? { kind } : { kind, cpu: where };
    this.#add(before.folio, { ...holder, references: -before.references });
    this.#add(after.folio, { ...holder, references: after.references });
    return [before.folio, after.folio];
  }

  /** Folios for which the task's claims have changed. */
  #moved(task: number): readonly number[] {
    const before = this.#claims[task] ?? [];
    const after = this.#interpreter.claims(task);
    if (before.length === 0 && after.length === 0) return [];
    this.#claims[task] = after;
    // Most of a long list is unchanged from step to step; entries leave or join it at one place.
    let from = 0;
    while (isSameClaim(before[from], after[from])) from++;
    let same = 0;
    const most = Math.min(before.length, after.length) - from;
    while (same < most && isSameClaim(before[before.length - 1 - same], after[after.length - 1 - same])) same++;
    const touched: number[] = [];
    for (const [claims, sign] of [[before, -1] as const, [after, 1] as const])
      for (const claim of claims.slice(from, claims.length - same)) {
        this.#claim(claim, sign);
        touched.push(claim.of);
      }
    return touched;
  }

  #claim({ task, label, of, amount, on }: ClaimHeld, sign: 1 | -1): void {
    const holder = { kind: kindOf(label), references: sign * amount, task: this.#taskName(task) };
    this.#add(of, on === undefined ? holder : { ...holder, cpu: cpu(on) });
  }

  #add(of: number, holder: Holder): void {
    if (of >= this.#counts.length || holder.references === 0) return;
    this.#held[of] = (this.#held[of] ?? 0) + holder.references;
    const holders = this.#holders.get(of) ?? new Map<string, Holder>();
    this.#holders.set(of, holders);
    const key = `${holder.kind} ${holder.cpu ?? ''} ${holder.task ?? ''}`;
    const references = holder.references + (holders.get(key)?.references ?? 0);
    if (references === 0) holders.delete(key);
    else holders.set(key, { ...holder, references });
  }
}

const isSameClaim = (a: ClaimHeld | undefined, b: ClaimHeld | undefined): boolean =>
  a !== undefined && b !== undefined && a.of === b.of && a.label === b.label && a.amount === b.amount && a.on === b.on;

/** One {@link Holding} of a machine, and the last known content of each of its rows. */
class Source {
  readonly rows: number;
  readonly #extents: readonly number[];
  readonly #folios: ArrayLike<number>;
  readonly #references: ArrayLike<number> | number;
  readonly #knownFolios: Int32Array;
  readonly #knownReferences: Int32Array;

  constructor({ memory, program: { sizes } }: Interpreter, { of, references }: Holding) {
    this.#folios = columnOf(memory, of);
    this.rows = this.#folios.length;
    this.#extents = of.variable.domains.map(({ name }) => sizes[name] ?? 0);
    if (typeof references === 'object') this.#references = columnOf(memory, references);
    else this.#references = references === undefined ? 1 : (sizes[references] ?? 0);
    this.#knownFolios = new Int32Array(this.rows);
    this.#knownReferences = new Int32Array(this.rows);
  }

  rowOf(index: readonly number[]): number {
    return index.reduce((row, element, i) => row * (this.#extents[i] ?? 1) + element, 0);
  }

  cpuOf(row: number): number {
    return Math.floor((row * (this.#extents[0] ?? 1)) / this.rows);
  }

  known(row: number): { readonly folio: number; readonly references: number } {
    return { folio: this.#knownFolios[row] ?? 0, references: this.#knownReferences[row] ?? 0 };
  }

  /** The present content of the row, which is remembered. */
  read(row: number): { readonly folio: number; readonly references: number } {
    const of = this.#folios[row] ?? 0;
    const references = typeof this.#references === 'number' ? this.#references : (this.#references[row] ?? 0);
    this.#knownFolios[row] = of;
    this.#knownReferences[row] = references;
    return { folio: of, references };
  }
}

/**
 * The holders of each reference, as a view of one state.
 * @example
 * import { HOLDING, holdersOf, imbalances, LiveLedger, writeLedger } from 'folioscope/kernel';
 * import { Interpreter } from 'folioscope/lang';
 * import { cpu, folioIndex, order, pfn } from 'folioscope/ledger';
 * import { createMachine } from 'folioscope/machine';
 * const machine = createMachine({ cpus: 1, tasks: [{ name: 'vmm', cpu: 0 }], guestMemfds: [{ pages: 1 }] });
 * const holders = [
 *   { kind: 'page-cache', references: 1 },
 *   { kind: 'lru-add-batch', cpu: cpu(0), references: 1 },
 * ] as const;
 * const folio = { index: folioIndex(0), pfn: pfn(0), order: order(0), strength: 'derived', holders } as const;
 * writeLedger(machine, [folio], 0); // => 1
 * const interpreter = new Interpreter(machine.program, machine.memory);
 * const nameOf = (task: number) => `task ${task}`;
 * holdersOf(interpreter, nameOf).get(0); // => holders
 * imbalances(interpreter, holdersOf(interpreter, nameOf)); // => []
 * new LiveLedger(interpreter, nameOf).of(0); // => holders
 * HOLDING.map(({ kind }) => kind).includes('gup'); // => true
 */
export const holdersOf = (interpreter: Interpreter, taskName: (task: number) => string): Holders =>
  new LiveLedger(interpreter, taskName).all;

/** By kind, then CPU, then task. */
function inOrder(a: Holder, b: Holder): number {
  if (a.kind !== b.kind) return HOLDER_KINDS.indexOf(a.kind) - HOLDER_KINDS.indexOf(b.kind);
  if (a.cpu !== b.cpu) return (a.cpu ?? -1) - (b.cpu ?? -1);
  return (a.task ?? '') < (b.task ?? '') ? -1 : 1;
}

/** Folios whose count differs from the sum of their holders (invariant I6); empty in a sound state. */
export function imbalances(interpreter: Interpreter, holders: Holders): readonly Imbalance[] {
  const counts = columnOf(interpreter.memory, folio.refcount);
  return [...counts].flatMap((count, of) => {
    const held = referencesOf(holders.get(of) ?? []);
    return held === count ? [] : [{ folio: of, count, held }];
  });
}
