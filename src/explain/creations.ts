// SPDX-License-Identifier: MIT
import { isIoctl, KVM_CREATE_GUEST_MEMFD } from '../abi/index.ts';
import type { Nanoseconds, SyscallEnter, SyscallExit } from '../ledger/index.ts';
import type { CreatedFile } from './answer.ts';

/** Age of an inode. */
export interface Aged {
  /** Its first event. */
  readonly firstAt: Nanoseconds;
  /** A folio of it was seen before any add of it. */
  readonly isOlder: boolean;
  /** The task that added its first folio. */
  readonly firstPid: number | undefined;
}

/**
 * The guest_memfds that were created within the recording: nothing of these is hidden, while others may have folios
 * without an event. No event names the inode that a call created, so the calls are compared with the inodes' first
 * events.
 */
export class Creations {
  /** Whether some call was seen, successful or not. */
  seen = false;
  /** Each successful call, by the time of its return, rising. */
  readonly made: CreatedFile[] = [];
  /** Tasks that are in such a call. */
  readonly #open = new Set<number>();

  enter({ name, args, pid }: SyscallEnter): void {
    this.#open.delete(pid);
    if (name !== 'ioctl' || !isIoctl(args, KVM_CREATE_GUEST_MEMFD)) return;
    this.seen = true;
    this.#open.add(pid);
  }

  exit({ name, pid, comm, returned, at }: SyscallExit): void {
    if (name === 'ioctl' && this.#open.delete(pid) && returned >= 0n)
      this.made.push({ at, pid, task: comm, fd: Number(returned) });
  }

  /**
   * The inodes that were created within the recording, and their calls. A call belongs to an inode only if the same
   * task added the inode's first folio: another task may belong to another virtual machine, whose call was not
   * recorded. If a task has more inodes than calls, the calls may belong to any of them.
   */
  born<Inode extends Aged>(inodes: readonly Inode[]): ReadonlyMap<Inode, CreatedFile> {
    const born = new Map<Inode, CreatedFile>();
    for (const pid of new Set(this.made.map((file) => file.pid)))
      pair(
        this.made.filter((file) => file.pid === pid),
        inodes.filter(({ firstPid }) => firstPid === pid),
        born,
      );
    return born;
  }
}

/** @param made calls of one task; `inodes`: those whose first folio it added. */
function pair<Inode extends Aged>(
  made: readonly CreatedFile[],
  inodes: readonly Inode[],
  born: Map<Inode, CreatedFile>,
): void {
  const [first] = made;
  const later = inodes
    .filter(({ firstAt, isOlder }) => !isOlder && first !== undefined && firstAt > first.at)
    .toSorted((a, b) => Number(a.firstAt > b.firstAt) - Number(a.firstAt < b.firstAt));
  if (later.length > made.length) return;
  for (const [place, inode] of later.entries()) {
    const call = made[place];
    if (call !== undefined && call.at < inode.firstAt) born.set(inode, call);
  }
}
