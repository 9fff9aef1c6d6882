// SPDX-License-Identifier: MIT
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from '../abi/index.ts';
import {
  type ArgumentName,
  argumentNumber,
  type CallFields,
  callNamed,
  checkMemoryAttributes2,
  type KernelPart,
  partsOfSyscall,
  type Result,
  type ScriptedCall,
  type SyscallName,
} from '../kernel/index.ts';
import type { Call, Conversion } from './calls.ts';

/** Objects that calls can name: the machine options that determine what a call means to the kernel. */
export interface CallSurroundings {
  readonly cpus: number;
  readonly tasks: readonly unknown[];
  /** In the machine's order. */
  readonly guestMemfds: readonly { readonly pages: number; readonly vmHasPrivateMemory?: boolean }[];
  readonly pins?: number;
}

/** A call whose arguments the kernel refuses before it does anything. */
export interface Refused {
  readonly result: Result;
}

/**
 * The kernel entry of a call, and its values: for machines that receive calls while they run, and for tasks with fixed
 * calls (`buildScripted`).
 * @throws RangeError if the call names an object that does not exist.
 * @example
 * import { entryOf, partsFor, syscallsFor } from 'folioscope/machine';
 * const around = { cpus: 1, tasks: ['vmm'], guestMemfds: [{ pages: 2 }] };
 * const lock = { call: 'mlock', inode: 0, start: 0, pages: 2 } as const;
 * entryOf(lock, around); // => { name: 'mlock', args: [0, 0, 2] }
 * syscallsFor([lock], around); // => ['mlock']
 * partsFor([lock], around); // => ['mlock']
 */
export function entryOf(call: Call, around: CallSurroundings): ScriptedCall | Refused {
  requireInRange(call, around);
  if (call.call === 'set-memory-attributes2') return conversionEntry(call, around);
  const { entry: name, args, refused, beyondEnd } = callNamed(call.call);
  if (name === undefined) return { result: refused ?? 'ENOTTY' };
  if (beyondEnd !== undefined && isBeyondEnd(call, around)) return { result: beyondEnd };
  return { name, args: args.map((arg) => numberOf(call, arg)) };
}

/** A call with any arguments. */
type AnyFields = Partial<CallFields> & Pick<Call, 'call'>;

/** @throws RangeError if the call does not have it. */
function numberOf(call: AnyFields, name: ArgumentName): number {
  const value = call[name];
  if (value === undefined) throw new RangeError(`${call.call}: '${name}' is missing`);
  return argumentNumber(value);
}

const isBeyondEnd = ({ inode = 0, start = 0, pages = 0 }: AnyFields, around: CallSurroundings): boolean =>
  start + pages > (around.guestMemfds[inode]?.pages ?? 0);

function conversionEntry(call: Conversion, { guestMemfds }: CallSurroundings): ScriptedCall | Refused {
  const inode = guestMemfds[call.inode];
  const target = {
    size: BigInt(inode?.pages ?? 0) * PAGE_SIZE,
    vmHasPrivateMemory: inode?.vmHasPrivateMemory ?? true,
  };
  const errno = checkMemoryAttributes2(call.argument, target);
  if (errno !== undefined || call.argument === undefined) return { result: errno ?? 'EFAULT' };
  const { offset, size, attributes } = call.argument;
  const toPrivate = Number(attributes === KVM_MEMORY_ATTRIBUTE_PRIVATE);
  const range = [Number(offset / PAGE_SIZE), Number(size / PAGE_SIZE)] as const;
  const name = call.outOfMemory === true ? 'convert_out_of_memory' : 'convert';
  return { name, args: [call.inode, ...range, toPrivate, Number(call.writable ?? true)] };
}

/** The kernel entries of calls, each once; a call that the kernel refuses at once needs none. */
export const syscallsFor = (calls: readonly Call[], around: CallSurroundings): readonly SyscallName[] => [
  ...new Set(
    calls.flatMap((call) => {
      const entry = entryOf(call, around);
      return 'result' in entry ? [] : [entry.name];
    }),
  ),
];

/** The parts of the kernel that calls need (see KernelPart). */
export const partsFor = (calls: readonly Call[], around: CallSurroundings): readonly KernelPart[] => [
  ...new Set(syscallsFor(calls, around).flatMap((name) => partsOfSyscall(name))),
];

/** @throws RangeError if a call names an object that the machine does not have. */
function requireInRange(call: Call, { cpus, tasks, guestMemfds, pins = 0 }: CallSurroundings): void {
  const within = (what: string, number: number, size: number): void => {
    if (!Number.isInteger(number) || number < 0 || number >= size)
      throw new RangeError(`${call.call}: ${what} ${number} is beyond the machine's ${size}`);
  };
  const pages = Math.max(1, ...guestMemfds.map((inode) => inode.pages));
  if ('inode' in call) within('guest_memfd', call.inode, guestMemfds.length);
  if ('start' in call) {
    within('page', call.start, pages);
    within(
      'page',
      call.start + call.pages - 1,
      callNamed(call.call).beyondEnd === undefined ? pages : Number.MAX_SAFE_INTEGER,
    );
  }
  if ('index' in call) within('page', call.index, pages);
  if ('sourceInode' in call) {
    within('guest_memfd', call.sourceInode, guestMemfds.length);
    within('page', call.sourceIndex, pages);
  }
  if ('value' in call) within('value', call.value, 256);
  if ('pin' in call) within('pin', call.pin, pins);
  if ('cpu' in call) within('CPU', call.cpu, cpus);
  if ('task' in call) within('task', call.task, tasks.length);
}
