// SPDX-License-Identifier: MIT
import type { Cpu, SyscallEnter, SyscallExit } from '../ledger/index.ts';

type SyscallEvent = SyscallEnter | SyscallExit;

/** The kernel's event family that showed a system call. */
export type SyscallFamily = 'syscalls' | 'raw_syscalls';

/**
 * A recording with both `syscalls:*` and `raw_syscalls:*` holds every call twice, because both families are probes on
 * one tracepoint. The second of two such twins is dropped; otherwise one conversion would look like two.
 */
export class SyscallTwins {
  readonly #last = new Map<Cpu, { readonly family: SyscallFamily; readonly event: SyscallEvent }>();

  /** Whether `event` only repeats the previous one on its CPU. */
  isTwin(event: SyscallEvent, family: SyscallFamily): boolean {
    const last = this.#last.get(event.cpu);
    if (last !== undefined && last.family !== family && sameCall(last.event, event)) {
      this.#last.delete(event.cpu);
      return true;
    }
    this.#last.set(event.cpu, { family, event });
    return false;
  }
}

function sameCall(a: SyscallEvent, b: SyscallEvent): boolean {
  if (a.pid !== b.pid || a.name !== b.name) return false;
  if (a.type === 'syscall-exit') return b.type === 'syscall-exit' && a.returned === b.returned;
  return b.type === 'syscall-enter' && a.args.every((value, index) => value === b.args[index]);
}
