// SPDX-License-Identifier: MIT
import type { Nanoseconds, SyscallEnter, SyscallExit } from '../ledger/index.ts';
import type { CreatedFile } from './answer.ts';

/** KVM_CREATE_GUEST_MEMFD on a VM: include/uapi/linux/kvm.h */
const CREATE_GUEST_MEMFD = 0xc040aed4n;

/** An inode, as far as its age is asked about. */
export interface Aged {
  /** Its first event. */
  readonly firstAt: Nanoseconds;
  /** A folio of it was seen to be there before any add of it was. */
  readonly isOlder: boolean;
}

/**
 * Which guest_memfds were made within the recording: of those nothing is hidden, of others folios may be there that no
 * event tells of. No event names the inode that a call made, so the calls are held against the inodes' first events.
 */
export class Creations {
  /** Whether some call was seen, successful or not. */
  seen = false;
  /** Each successful call, by the time when it returned, rising. */
  readonly made: CreatedFile[] = [];
  /** Tasks that are in such a call. */
  readonly #open = new Set<number>();

  enter({ name, args, pid }: SyscallEnter): void {
    this.#open.delete(pid);
    if (name !== 'ioctl' || ((args[1] ?? 0n) & 0xffff_ffffn) !== CREATE_GUEST_MEMFD) return;
    this.seen = true;
    this.#open.add(pid);
  }

  exit({ name, pid, comm, returned, at }: SyscallExit): void {
    if (name === 'ioctl' && this.#open.delete(pid) && returned >= 0n)
      this.made.push({ at, pid, task: comm, fd: Number(returned) });
  }

  /** Those that were made within the recording for sure: with more inodes than calls it could be any of them. */
  born<Inode extends Aged>(inodes: readonly Inode[]): ReadonlySet<Inode> {
    const [first] = this.made;
    const later = inodes
      .filter(({ firstAt, isOlder }) => !isOlder && first !== undefined && firstAt > first.at)
      .toSorted((a, b) => Number(a.firstAt > b.firstAt) - Number(a.firstAt < b.firstAt));
    if (later.length > this.made.length) return new Set();
    return new Set(later.filter(({ firstAt }, place) => (this.made[place]?.at ?? firstAt) < firstAt));
  }
}
