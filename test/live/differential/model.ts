// SPDX-License-Identifier: MIT
// The machine that is held against the real kernel: the same calls, and flushes by other work where the recording has them.
import { cpuFbatches, folio, INSERTED, iPages, taskCpu } from '../../../src/kernel/index.ts';
import { columnOf, type Taken } from '../../../src/lang/index.ts';
import { type ModelMutant, mutatedPatch } from '../../../bench/conform-mutants.ts';
import { type Call, Machine, patchNamed, type Profile, type Snapshot } from '../../../src/machine/index.ts';
import { PAGES, PINS, type Step } from './steps.ts';

/** Another task's flush of a CPU's batch, within a call: when the batch holds exactly these folios. */
export interface ForeignFlush {
  readonly cpu: number;
  /** Page frames, in the batch's order. */
  readonly pfns: readonly number[];
}

/** A page enters the page cache, or the LRU. */
export type Shown =
  | { readonly type: 'add'; readonly cpu: number; readonly index: number; readonly folio: number }
  | { readonly type: 'insertion'; readonly cpu: number; readonly folio: number };

export interface Ran {
  /** `ok`, or the error's name. */
  readonly returned: string;
  readonly shown: readonly Shown[];
  /** How many of the flushes by other work came about. */
  readonly flushes: number;
}

const PROGRAM = 0;

export class Model {
  readonly profile: Profile;
  readonly #machine: Machine;
  readonly #cpus: number;

  /** @param mutant a mistake in the kernel's text or features. */
  constructor(real: Profile, cpus: number, mutant?: ModelMutant) {
    const profile = { ...real, ...mutant?.profile };
    this.profile = profile;
    this.#cpus = cpus;
    const others = Array.from({ length: cpus }, (_, cpu) => ({ name: `other work ${cpu}`, cpu }));
    this.#machine = new Machine({
      cpus,
      tasks: [{ name: 'program', cpu: 0 }, ...others],
      guestMemfds: [{ pages: PAGES }],
      profile,
      patch: mutant === undefined ? patchNamed('v8') : mutatedPatch(patchNamed('v8'), mutant),
      pins: PINS,
      // What a batch, the mlock batch and a pipe hold of pages that are gone.
      folios: 2 * PAGES + (1 + cpus) * 2 * profile.batchSize + PINS,
      parts: ['mlock', 'mmap'],
    });
  }

  boot(): void {
    this.#machine.boot();
  }

  snapshot(): Snapshot {
    return this.#machine.snapshot();
  }

  restore(snapshot: Snapshot): void {
    this.#machine.restore(snapshot);
  }

  /** Makes a call, with flushes by other work in their order. @param pfnOf the page frame of a folio, once it is added. */
  run(step: Step, flushes: readonly ForeignFlush[], pfnOf: (shown: readonly Shown[], folio: number) => number): Ran {
    const shown: Shown[] = [];
    let done = 0;
    let returned = 'ok';
    for (const call of callsOf(step)) {
      returned = this.#make(call, shown, () => {
        const next = flushes[done];
        if (next === undefined || !this.#isFree(next.cpu)) return;
        const waiting = this.batch(next.cpu);
        if (waiting.length !== next.pfns.length || !waiting.every((of, i) => pfnOf(shown, of) === next.pfns[i])) return;
        done++;
        shown.push(...this.flush(next.cpu));
      });
    }
    return { returned, shown, flushes: done };
  }

  /** Other work on a CPU flushes its batch. */
  flush(cpu: number): readonly Shown[] {
    const shown: Shown[] = [];
    this.#make({ call: 'lru-add-drain' }, shown, () => {}, 1 + cpu);
    return shown;
  }

  #make(call: Call, shown: Shown[], after: () => void, task = PROGRAM): string {
    const machine = this.#machine;
    const refused = machine.begin(task, call);
    if (refused !== undefined) return refused.result;
    while (machine.busy(task)) {
      let taken = machine.step(task);
      for (let other = 0; taken === undefined && other < machine.tasks; other++) taken = machine.step(other);
      if (taken === undefined) throw new Error(`${call.call} waits for ever`);
      this.#note(taken, shown);
      after();
    }
    return machine.outcome(task).result;
  }

  #note(taken: Taken, shown: Shown[]): void {
    const { memory, program } = this.#machine;
    const none = program.sizes['folio'];
    const cpu = columnOf(memory, taskCpu)[taken.task] ?? 0;
    for (const { variable, index, after } of taken.writes)
      if (variable === iPages.variable && after !== none)
        shown.push({ type: 'add', cpu, index: index[1] ?? 0, folio: after });
    for (const { mark, args } of taken.observed)
      if (mark === INSERTED) shown.push({ type: 'insertion', cpu, folio: args['folio'] ?? 0 });
  }

  #isFree(cpu: number): boolean {
    return columnOf(this.#machine.memory, cpuFbatches.lock)[cpu] === 0;
  }

  /** Folios of a CPU's lru_add batch. */
  batch(cpu: number): readonly number[] {
    const { memory, program } = this.#machine;
    const slots = program.sizes['slot'] ?? 0;
    const nr = columnOf(memory, cpuFbatches.lruAdd.nr)[cpu] ?? 0;
    return [...columnOf(memory, cpuFbatches.lruAdd.folios).subarray(cpu * slots, cpu * slots + nr)];
  }

  get cpus(): number {
    return this.#cpus;
  }

  /** The folio of a page; undefined if it is not in the page cache. */
  at(page: number): number | undefined {
    const found = columnOf(this.#machine.memory, iPages)[page];
    return found === this.#machine.program.sizes['folio'] ? undefined : found;
  }

  /** The folios of all pages that are in the page cache. */
  present(): readonly number[] {
    return Array.from({ length: PAGES }, (_, page) => this.at(page)).filter((of) => of !== undefined);
  }

  isOnLru(of: number): boolean {
    return columnOf(this.#machine.memory, folio.lru)[of] === 1;
  }

  mapped(of: number): number {
    return columnOf(this.#machine.memory, folio.mapcount)[of] ?? 0;
  }

  references(of: number): number {
    return columnOf(this.#machine.memory, folio.refcount)[of] ?? 0;
  }
}

function callsOf(step: Step): readonly Call[] {
  switch (step.call) {
    case 'move':
      return [{ call: 'migrate-to', cpu: step.cpu }];
    case 'touch':
      return [{ call: 'write', inode: 0, start: step.start, pages: step.pages }];
    case 'fallocate':
    case 'mlock':
    case 'munlock':
      return [{ call: step.call, inode: 0, start: step.start, pages: step.pages }];
    case 'punch':
      return [{ call: 'punch-hole', inode: 0, start: step.start, pages: step.pages }];
    case 'dontneed':
      return [{ call: 'madvise-dontneed', inode: 0, start: step.start, pages: step.pages }];
    case 'drain':
      return [{ call: 'lru-add-drain' }];
    case 'drain-all':
      // mm/fadvise.c: generic_fadvise() drains its own CPU before it tries, and all after that failed (6.18).
      return [{ call: 'lru-add-drain' }, { call: 'lru-add-drain-all' }];
    case 'pin':
      return [{ call: 'vmsplice', pin: step.pin, inode: 0, index: step.page }];
    case 'unpin':
      return [{ call: 'unpin', pin: step.pin }];
  }
}
