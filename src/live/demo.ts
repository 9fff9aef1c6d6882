// SPDX-License-Identifier: MIT
import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
  isErrno,
  KVM_MEMORY_ATTRIBUTE_PRIVATE,
  KVM_X86_SW_PROTECTED_VM,
} from '../abi/index.ts';
import { type Cpu, cpu } from '../ledger/index.ts';
import { Cpus } from './cpus.ts';
import { GuestMemory, Vm } from './kvm.ts';
import { loadNative, type Native } from './native.ts';
import { PageReader } from './pages.ts';
import { removeDeadIfAllowed } from './tracefs.ts';
import { UnavailableError } from './unavailable.ts';

/** Result of a demonstration on this machine. */
export interface DemoAnswer {
  readonly pages: number;
  /** The CPU that touched them, and the one that looked; the same CPU if this process may use only one. */
  readonly touchedOn: Cpu;
  readonly lookedOn: Cpu;
  /**
   * Number of pages that waited in a batch: after the touch, after a drain of the looking CPU only (undefined with one
   * CPU), and after a drain of all.
   */
  readonly waiting: {
    readonly touched: number;
    readonly drainedHere: number | undefined;
    readonly drainedAll: number;
  };
  /** Number of rounds until one was undisturbed; other work fills the same batches. */
  readonly rounds: number;
  /** The last round was undisturbed. */
  readonly isClear: boolean;
  /**
   * Waiting time of pages that the demonstration did not drain, in milliseconds: the longest of several; `stillWaiting`: until
   * the demonstration ended.
   */
  readonly leftAlone: { readonly milliseconds: number; readonly stillWaiting: boolean };
  /** Conversions to private before and after a drain of all CPUs; undefined if this kernel does not convert. */
  readonly conversion: { readonly first: number; readonly afterDrain: number | undefined } | undefined;
}

/** Few, so that the batch of a busy CPU seldom fills meanwhile. */
const PAGES = 4;
const MOST_ROUNDS = 60;
/** Time to watch pages that nothing drains, in milliseconds. */
const WATCH = 1000;
const NAP = 5;
const FULL = 2 ** PAGES - 1;

/** Environment variable with the file to write trace markers to; `record` sets it for its command. */
export const MARKER_VARIABLE = 'FOLIOSCOPE_TRACE_MARKER';

/**
 * Makes a guest_memfd, touches pages of it on another CPU, and watches them wait in that CPU's batch, here and now.
 * Everything is given back at the end.
 * @param watchFor how long to watch pages that nothing drains, in milliseconds.
 * @throws UnavailableError if this machine cannot.
 * @example
 * import { MARKER_VARIABLE, runDemo, UnavailableError } from 'folioscope/live';
 * const shown = await runDemo(10).catch((error: unknown) => error);
 * shown instanceof UnavailableError || (shown instanceof Object && 'waiting' in shown); // => true
 * MARKER_VARIABLE; // => 'FOLIOSCOPE_TRACE_MARKER'
 */
export async function runDemo(watchFor = WATCH): Promise<DemoAnswer> {
  const native = await loadNative();
  removeDeadIfAllowed();
  const cpus = new Cpus(native);
  const closing: (() => void)[] = [() => cpus.close()];
  try {
    const { vm, memory } = convertible(native);
    closing.push(() => vm.close());
    closing.push(() => memory.close());
    const reader = new PageReader('self', native.pageSize);
    closing.push(() => reader.close());
    const marker = markerFile();
    closing.push(() => marker.close());
    return await show({ native, cpus, memory, reader, mark: marker.write, watchFor });
  } finally {
    for (const close of closing.toReversed()) close();
  }
}

/** A VM and a guest_memfd: one that can be converted, else one that can be mapped. */
function convertible(native: Native): { readonly vm: Vm; readonly memory: GuestMemory } {
  const flags = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED;
  let vm: Vm | undefined;
  try {
    vm = new Vm(native, KVM_X86_SW_PROTECTED_VM);
    return { vm, memory: new GuestMemory(native, vm, PAGES, flags) };
  } catch (error) {
    vm?.close();
    if (!(error instanceof UnavailableError)) throw error;
  }
  // In kernels without the series, a VM type with private memory has no guest_memfd that can be mapped.
  const other = new Vm(native);
  try {
    return { vm: other, memory: new GuestMemory(native, other, PAGES, flags) };
  } catch (error) {
    other.close();
    throw error;
  }
}

interface Stage {
  readonly native: Native;
  readonly cpus: Cpus;
  readonly memory: GuestMemory;
  readonly reader: PageReader;
  readonly mark: (text: string) => void;
  readonly watchFor: number;
}

async function show(stage: Stage): Promise<DemoAnswer> {
  const { cpus, memory, reader, mark, watchFor } = stage;
  const [here = 0, other = here] = cpus.allowed;
  const look = (): number => reader.waitingMask(memory.address, PAGES);
  const touch = (): void => {
    memory.punch(0, PAGES);
    cpus.moveTo(other);
    memory.touch(0, PAGES);
    cpus.moveTo(here);
  };
  let masks = { touched: 0, drainedHere: 0, drainedAll: 0 };
  let rounds = 0;
  const isClear = (): boolean =>
    masks.touched === FULL && (here === other || masks.drainedHere === FULL) && masks.drainedAll === 0;
  for (; rounds < MOST_ROUNDS && !isClear(); rounds++) {
    touch();
    const touched = look();
    if (here !== other) cpus.drainHere();
    const drainedHere = look();
    cpus.drain([...cpus.allowed.filter((one) => one !== here), here]);
    masks = { touched, drainedHere, drainedAll: look() };
  }
  const leftAlone = await watch({ touch, look, mark, watchFor });
  cpus.drain([...cpus.allowed.filter((one) => one !== here), here]);
  mark('folioscope demo: drained');
  return {
    pages: PAGES,
    touchedOn: cpu(other),
    lookedOn: cpu(here),
    waiting: {
      touched: bitsOf(masks.touched),
      drainedHere: here === other ? undefined : bitsOf(masks.drainedHere),
      drainedAll: bitsOf(masks.drainedAll),
    },
    rounds,
    isClear: isClear(),
    leftAlone,
    conversion: convert(stage, touch),
  };
}

/** Watches pages that the demonstration does not drain, repeatedly, until the time is over. @returns the longest wait. */
async function watch({
  touch,
  look,
  mark,
  watchFor,
}: {
  readonly touch: () => void;
  readonly look: () => number;
  readonly mark: Stage['mark'];
  readonly watchFor: number;
}): Promise<DemoAnswer['leftAlone']> {
  const end = performance.now() + watchFor;
  let longest = 0;
  let isFirst = true;
  for (;;) {
    touch();
    const from = performance.now();
    if (isFirst) mark('folioscope demo: touched');
    isFirst = false;
    let seen = from;
    while (look() === FULL) {
      seen = performance.now();
      if (seen >= end) return { milliseconds: Math.max(longest, seen - from), stillWaiting: seen - from >= longest };
      await sleep(NAP);
    }
    longest = Math.max(longest, seen - from);
    if (performance.now() >= end) return { milliseconds: longest, stillWaiting: false };
  }
}

function convert({ cpus, memory, mark }: Stage, touch: () => void): DemoAnswer['conversion'] {
  touch();
  mark('folioscope demo: before the conversion');
  const first = memory.convert(0, PAGES, KVM_MEMORY_ATTRIBUTE_PRIVATE).returned;
  if (!isErrno(first, 'EAGAIN') && first !== 0) return undefined;
  let afterDrain: number | undefined;
  if (first !== 0) {
    cpus.drain(cpus.allowed);
    afterDrain = memory.convert(0, PAGES, KVM_MEMORY_ATTRIBUTE_PRIVATE).returned;
  }
  memory.convert(0, PAGES, 0n);
  return { first, afterDrain };
}

function bitsOf(mask: number): number {
  let bits = 0;
  for (let rest = mask; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
  return bits;
}

function markerFile(): { readonly write: (text: string) => void; readonly close: () => void } {
  const path = process.env[MARKER_VARIABLE];
  if (path === undefined || path === '') return { write: () => {}, close: () => {} };
  const fd = openSync(path, 'w');
  return { write: (text) => void writeSync(fd, text), close: () => closeSync(fd) };
}
