// SPDX-License-Identifier: MIT
import { HEAPS } from '../lang/index.ts';
import { allocate } from './allocate.ts';
import { BARRIER_WORDS } from './barrier.ts';
import { Checkpoint, CheckpointError, UnwrittenError } from './checkpoint.ts';
import type { Exploration, Move, Progress, Reach, Reason } from './model.ts';
import { type Common, type Order, Part, PULSE_WORDS, type Reply } from './part.ts';
import { comesBefore, compare, type Fault, type Wrong } from './fault.ts';
import type { Piece } from './state_memory.ts';
import { COLLECTED, putRow, Rows, spareOf, STRIDE, wordsOfRows } from './rows.ts';
import type { Arrival, Space } from './space.ts';

const DAMAGED = 'the checkpoint does not hold the states that it says: start again with an empty directory';

/** Largest number of words of collected successors when states are spilled: 256 MB. */
const MOST_COLLECTED = 2 ** 26;

/** Largest probability of an omission with which the verdict may be "holds". */
const MOST_OMISSION = 0.01;

/** Most states of a level: parts count them by signed 32-bit numbers, and each may count beyond the end. */
const MOST_IN_LEVEL = 2 ** 31 - 2 ** 20;

/** A level that is found and not yet expanded. */
interface Begun {
  readonly level: Piece[];
  readonly depth: number;
  readonly exhausted: Reason | undefined;
}

/** Work for these parts at once. Their replies return in the same order. */
export interface Round {
  readonly order: Order;
  readonly parts: readonly number[];
}

/** Visits every state once, nearest first, so that a counterexample is shortest. */
export function search(space: Space, reach: Reach): Exploration {
  const pieces = searching(space, reach);
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}

/** The same in pieces. */
export function* searching(space: Space, reach: Reach): Generator<Progress, Exploration> {
  const coordinator = new Search(space, reach, 1, false);
  const part = new Part(space.compiled, coordinator.common, 0);
  const rounds = coordinator.run();
  for (let replies: readonly Reply[] = []; ; ) {
    const next = rounds.next(replies);
    if (next.done === true) return next.value;
    if ('order' in next.value) replies = [part.do(next.value.order)];
    else yield next.value;
  }
}

/**
 * Leads parts through a search, level by level. It touches no state itself, and its decisions do not depend on which
 * part did which share. So counts, depth and counterexample are the same with any number of parts.
 */
export class Search {
  readonly common: Common;
  readonly #space: Space;
  readonly #reach: Reach;
  readonly #all: readonly number[];
  readonly #rows: readonly Rows[];
  /** By part: the bytes that it stores. */
  readonly #kept: number[] = [];
  #states = 0;
  #transitions = 0;
  #depth = 0;
  #wrong: Wrong | undefined;
  #lnComplete = 0;
  /** The violation lies behind restored states; no trace can be built. */
  #isFar = false;

  constructor(space: Space, reach: Reach, parts: number, shared: boolean) {
    if (reach.lossy !== undefined && (parts > 1 || shared || reach.checkpoint !== undefined))
      throw new Error('hashes instead of states are for one thread, without checkpoints');
    if (reach.spill !== undefined && (parts > 1 || shared || reach.lossy !== undefined))
      throw new Error('states are put aside by one thread, without hashes');
    const { words: length, most } = space.compiled;
    // Spilled states are read once for each batch of successors, so large batches are better. Otherwise batches take as
    // much as helps, less if memory is saved, and an eighth of what is allowed.
    const { mostBytes = Number.POSITIVE_INFINITY } = reach;
    const collected =
      reach.spill === undefined
        ? Math.min(COLLECTED, mostBytes / 32 / parts)
        : Math.max(COLLECTED, Math.min(MOST_COLLECTED, (reach.mostBytes ?? 0) / 16));
    this.#space = space;
    this.#reach = reach;
    this.#all = [...Array(parts).keys()];
    this.common = {
      rows: Array.from({ length: parts }, () => ({
        words: allocate(wordsOfRows(length, most, collected), shared),
        ends: allocate(HEAPS, shared),
      })),
      cursor: allocate(1, shared),
      barrier: allocate(BARRIER_WORDS, shared),
      pulse: allocate(parts * PULSE_WORDS, shared),
      judged: space.properties.length + space.reached.length > 0,
      shared,
      lossy: reach.lossy,
      spill: reach.spill,
      mostStates: reach.mostStates,
    };
    this.#rows = this.common.rows.map(({ words, ends }) => new Rows(words, ends, spareOf(length, most)));
  }

  *run(): Generator<Round | Progress, Exploration, readonly Reply[]> {
    const checkpoint = this.#checkpoint();
    const begun = checkpoint && (yield* this.#goOn(checkpoint));
    const isNew = begun === undefined;
    let { level, depth, exhausted } = begun ?? (yield* this.#begin());
    const goesOn = (): boolean => level.length > 0 && (this.#reach.whole === true || this.#wrong === undefined);
    // A checkpoint already holds the level with which it began.
    if (isNew) exhausted ??= this.#keep(checkpoint, level);
    while (exhausted === undefined && goesOn()) {
      const total = sizeOf(level);
      const next: Piece[] = [];
      const { cursor } = this.common;
      cursor[0] = 0;
      for (let batch = 0; exhausted === undefined && cursor[0] < total; batch++) {
        const limits = { depth: depth + 1, room: this.#reach.mostStates - this.#states, bytes: this.#bytesForEach };
        const order: Order = { kind: 'advance', level: batch === 0 ? level : undefined, ...limits };
        const replies = yield { order, parts: this.#all };
        for (const { transitions, fault } of replies) {
          this.#transitions += transitions;
          this.#notice(fault, depth);
        }
        exhausted = replies.every(({ isInserted }) => isInserted)
          ? this.#count(this.#all, replies, next, depth + 1)
          : yield* this.#insert(next, depth + 1);
        const now = this.#progress(Math.max(0, total - cursor[0]) + sizeOf(next), depth + 1);
        this.#reach.progress?.(now);
        yield now;
        if (exhausted === undefined && now.queue > 0 && this.#reach.interrupted?.()) exhausted = 'interrupted';
      }
      level = next;
      depth++;
      if (sizeOf(level) > MOST_IN_LEVEL) exhausted ??= 'memory';
      if (exhausted === undefined) {
        const unwritten = this.#keep(checkpoint, level);
        // A finished search needs no checkpoint.
        if (goesOn()) exhausted = unwritten;
      }
    }
    if (exhausted !== undefined && exhausted !== 'checkpoint') written(() => checkpoint?.flush());
    return yield* this.#answer(exhausted);
  }

  /** Its progress, in words. */
  get account(): string {
    const mebibytes = Math.round(this.#bytes / 2 ** 20);
    const threads = this.#all.length === 1 ? '1 thread' : `${this.#all.length} threads`;
    return `${this.#states} states, ${this.#transitions} transitions, depth ${this.#depth}, ${mebibytes} MiB, ${threads}`;
  }

  /** The result if the search is interrupted and the parts reply no more: for a violation, without its run. */
  leftOff(): Exploration {
    return this.#answerWith('interrupted', undefined);
  }

  *#begin(): Generator<Round, Begun, readonly Reply[]> {
    yield { order: { kind: 'begin', state: this.#space.initial }, parts: [0] };
    const level: Piece[] = [];
    return { exhausted: yield* this.#insert(level, 0), level, depth: 0 };
  }

  #checkpoint(): Checkpoint | undefined {
    const { checkpoint: store } = this.#reach;
    if (store === undefined) return undefined;
    const { fingerprint, compiled } = this.#space;
    if (fingerprint === undefined)
      throw new Error('a model written by hand has no checkpoints: two of them cannot be distinguished');
    return new Checkpoint(store, fingerprint(), compiled.words);
  }

  /** Hands a complete level to the checkpoint. @returns why the search must end. */
  #keep(checkpoint: Checkpoint | undefined, level: readonly Piece[]): Reason | undefined {
    const { words } = this.#space.compiled;
    const parts = level.map(({ states, count }) => states.subarray(0, count * words));
    const { reached, taken } = this.#space;
    const boundary = { transitions: this.#transitions, wrong: this.#wrong, reached, taken };
    return written(() => checkpoint?.add(parts, sizeOf(level), boundary)) ? undefined : 'checkpoint';
  }

  /** Adds the levels of a checkpoint as if they had just been found. @returns undefined if there is none. */
  *#goOn(checkpoint: Checkpoint): Generator<Round | Progress, Begun | undefined, readonly Reply[]> {
    const known = checkpoint.open();
    if (known === undefined) return undefined;
    this.#transitions = known.transitions;
    this.#wrong = known.wrong;
    this.#space.reached.set(known.reached);
    this.#space.taken.set(known.taken);
    const { words } = this.#space.compiled;
    const [rows] = this.#rows;
    if (rows === undefined) throw new Error('a search without a part');
    let depth = 0;
    let level: Piece[] = [];
    let exhausted: Reason | undefined;
    const clear = (of: 'same' | 'next'): Round => ({ order: { kind: 'clear', level: of }, parts: this.#all });
    yield clear('next');
    let missing = known.levels[0] ?? 0;
    for (const states of checkpoint.states())
      for (let at = 0; at < states.length; ) {
        if (missing === 0) {
          if (sizeOf(level) !== known.levels[depth]) throw new CheckpointError(DAMAGED);
          missing = known.levels[++depth] ?? 0;
          level = [];
          if (missing === 0) throw new CheckpointError(DAMAGED);
          yield clear('next');
        }
        for (let i = 0; missing > 0 && at < states.length && (i % STRIDE !== 0 || !rows.isFull); i++) {
          putRow(states.subarray(at, at + words), rows.words, rows.ends);
          at += words;
          missing--;
        }
        exhausted = yield* this.#insert(level, depth);
        const now = this.#progress(sizeOf(level), depth);
        this.#reach.progress?.(now);
        yield now;
        if (this.#reach.interrupted?.()) exhausted ??= 'interrupted';
        if (exhausted !== undefined) {
          const { wrong } = known;
          this.#isFar = wrong !== undefined && wrong.length - (wrong.kind === 'assert' ? 1 : 0) > depth;
          return { level, depth, exhausted };
        }
        yield clear('same');
      }
    if (missing > 0 || depth !== known.levels.length - 1 || sizeOf(level) !== known.levels[depth])
      throw new CheckpointError(DAMAGED);
    return { level, depth, exhausted };
  }

  /** Adds the collected successors of the parts to a level. */
  *#insert(level: Piece[], depth: number): Generator<Round, Reason | undefined, readonly Reply[]> {
    const bytes = this.#bytesForEach;
    const collected = this.#rows.reduce((sum, rows) => sum + rows.size, 0) / (this.#space.compiled.words + 1);
    let exhausted: Reason | undefined;
    // If there may be more of them than are allowed, one part after the other adds up to the limit.
    const apart = collected > this.#reach.mostStates - this.#states;
    for (const parts of apart ? this.#all.map((part) => [part]) : [this.#all]) {
      const order: Order = { kind: 'insert', depth, room: this.#reach.mostStates - this.#states, bytes };
      exhausted = this.#count(parts, yield { order, parts }, level, depth) ?? exhausted;
    }
    return exhausted;
  }

  /** Records what the parts have added. @returns why they have not added all. */
  #count(parts: readonly number[], replies: readonly Reply[], level: Piece[], depth: number): Reason | undefined {
    let exhausted: Reason | undefined;
    for (const [i, { pieces, added, found, bytes, ...reply }] of replies.entries()) {
      level.push(...pieces);
      this.#states += added;
      this.#notice(found, depth);
      this.#kept[parts[i] ?? 0] = bytes;
      this.#lnComplete = reply.lnComplete;
      exhausted ??= reply.exhausted;
    }
    if (level.length > 0) this.#depth = depth;
    return exhausted;
  }

  #notice(fault: Fault | undefined, depth: number): void {
    if (fault === undefined) return;
    const wrong = { ...fault, length: fault.kind === 'assert' ? depth + 1 : depth };
    const known = this.#wrong;
    if (known === undefined || wrong.length < known.length) this.#wrong = wrong;
    else if (wrong.length === known.length && (wrong.kind !== 'deadlock' || known.kind === 'deadlock'))
      if (known.kind === 'deadlock' || comesBefore(wrong, known)) this.#wrong = wrong;
  }

  #progress(queue: number, depth: number): Progress {
    return { states: this.#states, transitions: this.#transitions, depth, queue, bytes: this.#bytes };
  }

  /** Bytes that each part may take in addition to the room for all successors. */
  get #bytesForEach(): number {
    const rows = this.common.rows.reduce((sum, { words }) => sum + words.byteLength, 0);
    const bytes = this.#kept.reduce((sum, kept) => sum + kept, rows);
    return ((this.#reach.mostBytes ?? Number.POSITIVE_INFINITY) - bytes) / this.#all.length;
  }

  get #bytes(): number {
    // With a spill store, rows are filled completely before anything goes to the store.
    const isWhole = this.#reach.spill !== undefined;
    const words = this.#rows.reduce((sum, rows) => sum + (isWhole ? rows.words.length : rows.touched), 0);
    const rows = words * Int32Array.BYTES_PER_ELEMENT;
    return this.#kept.reduce((sum, bytes) => sum + bytes, rows);
  }

  *#answer(reason: Reason | undefined): Generator<Round, Exploration, readonly Reply[]> {
    const wrong = this.#wrong;
    const isReported = wrong !== undefined && this.#reach.lossy === undefined && !this.#isFar;
    return this.#answerWith(reason, isReported ? yield* this.#movesTo(wrong) : undefined);
  }

  #answerWith(end: Reason | undefined, counterexample: readonly Move[] | undefined): Exploration {
    const wrong = this.#wrong;
    const bytes = this.#bytes;
    const omission = this.#reach.lossy && -Math.expm1(this.#lnComplete);
    const isLikely = wrong === undefined && (omission ?? 0) > MOST_OMISSION;
    const reason = end ?? (isLikely ? 'omission' : undefined);
    return {
      verdict: wrong !== undefined ? 'violated' : reason === undefined ? 'holds' : 'undecided',
      property: wrong && this.#nameOf(wrong),
      states: this.#states,
      transitions: this.#transitions,
      depth: this.#depth,
      bytes,
      bytesPerState: bytes / this.#states,
      omission,
      reason,
      counterexample,
    };
  }

  #nameOf({ kind, which }: Fault): string {
    switch (kind) {
      case 'assert':
        return this.#space.asserts[which] ?? '';
      case 'property':
        return this.#space.properties[which] ?? '';
      case 'deadlock':
        return kind;
    }
  }

  /**
   * The moves from the initial state. No predecessors are stored: each level is expanded once more, to find them. Under
   * a symmetry the path found connects representatives of classes; the result is a run from the initial state.
   */
  *#movesTo(wrong: Wrong): Generator<Round, readonly Move[], readonly Reply[]> {
    const { kind, state, length, task, option } = wrong;
    const { initial, steps, ways, fails } = this.#space;
    const levels: Int32Array[] = [];
    const last = kind === 'assert' ? length - 1 : length;
    let target = state;
    for (let depth = last - 1; depth >= 0; depth--) {
      levels.push(target);
      const order: Order = { kind: 'predecessor', depth, to: target };
      let best: Int32Array | undefined;
      for (const { predecessor } of yield { order, parts: this.#all })
        if (predecessor !== undefined && (best === undefined || compare(predecessor, best) < 0)) best = predecessor;
      if (best === undefined) throw new Error('no state of the level before leads to a state');
      target = best;
    }
    const moves: Move[] = [];
    // The run is at a state equivalent to `from`, or at `from` itself.
    let run = initial;
    let from = initial;
    const take = ({ to }: Arrival): void => {
      const taken = steps(run).find((step) => this.#alike(step.to, to));
      if (taken === undefined) throw new Error('no step leads to the next state of a counterexample');
      moves.push(taken.move);
      run = taken.to;
    };
    for (const next of levels.toReversed()) {
      const way = ways(from).find((arrivals) => this.#alike(arrivals.at(-1)?.to ?? from, next));
      if (way === undefined) throw new Error('no way leads to the next state of a counterexample');
      way.forEach(take);
      from = next;
    }
    if (kind === 'assert') {
      const final = steps(from).find(({ move }) => move.task === task && move.option === option);
      // Another step may lead to an equivalent state without a failure.
      const failing = steps(run).find(
        ({ move, to }) =>
          final !== undefined && this.#alike(to, final.to) && fails(run, move).includes(this.#nameOf(wrong)),
      );
      if (failing === undefined) throw new Error('the last step of a counterexample cannot be taken');
      moves.push(failing.move);
    }
    return moves;
  }

  /** Whether two states are equal or equivalent. */
  #alike(a: Int32Array, b: Int32Array): boolean {
    const { canonicalize, compiled } = this.#space;
    const [first, second] = [a.slice(0, compiled.words), b.slice(0, compiled.words)];
    canonicalize(first, 0);
    canonicalize(second, 0);
    return first.every((word, i) => word === second[i]);
  }
}

/** Whether the write succeeded: the store's owner reports why not. */
function written(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (error instanceof UnwrittenError) return false;
    throw error;
  }
}

const sizeOf = (level: readonly Piece[]): number => level.reduce((sum, { count }) => sum + count, 0);
