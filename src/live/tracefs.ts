// SPDX-License-Identifier: MIT
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './error-code.ts';
import { UnavailableError } from './unavailable.ts';

/** Prefix of the names of folioscope's instances. */
const PREFIX = 'folioscope-';

const AS_ROOT = 'run as root, or mount tracefs with gid= of a group of yours (Linux 5.16)';

/**
 * Where tracefs is mounted.
 * @throws UnavailableError if it is not, or this user may not make an instance.
 */
export function findTracefs(): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const place = mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'tracefs')?.[1];
  // Older systems mount it only when debugfs is entered.
  const path =
    place ?? ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'].find((known) => existsSync(`${known}/events`));
  if (path === undefined) throw notMounted();
  try {
    accessSync(join(path, 'instances'), constants.W_OK | constants.R_OK);
  } catch (error) {
    // Hidden by another mount, or a kernel without instances.
    if (codeOf(error) === 'ENOENT') throw notMounted();
    throw new UnavailableError(`${path}/instances is closed to this user (${codeOf(error)})`, AS_ROOT);
  }
  return path;
}

const notMounted = (): UnavailableError =>
  new UnavailableError('tracefs is not mounted', 'mount -t tracefs nodev /sys/kernel/tracing, as root');

/** folioscope's instances on this machine. */
export interface Leftovers {
  /** Instances of dead processes; they were removed. */
  readonly removed: readonly string[];
  /** Instances of processes that still record. */
  readonly alive: readonly string[];
}

/**
 * Removes the instances that killed folioscope processes left. An instance is in use as long as a descriptor of it is open:
 * then rmdir(2) returns EBUSY. So no list of processes is kept, and nothing else is touched.
 */
export function removeDead(tracefs: string): Leftovers {
  const removed: string[] = [];
  const alive: string[] = [];
  for (const name of readdirSync(join(tracefs, 'instances'))
    .filter((one) => one.startsWith(PREFIX))
    .toSorted()) {
    try {
      rmdirSync(join(tracefs, 'instances', name));
      removed.push(name);
    } catch (error) {
      // Another folioscope process may have been faster.
      if (codeOf(error) !== 'ENOENT') alive.push(name);
    }
  }
  return { removed, alive };
}

/** The same if tracefs may be used, for commands that can work without it. */
export function removeDeadIfAllowed(): void {
  try {
    removeDead(findTracefs());
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
  }
}

let made = 0;

/** An own instance of tracefs: a ring buffer of each CPU with its own events, filters and clock. */
export class TraceInstance {
  readonly name: string;
  readonly path: string;
  /** Of trace_marker: keeps the instance alive, and writes markers. */
  #keeper: number | undefined;

  /**
   * @param purpose a word for its name.
   * @throws UnavailableError if it cannot be made.
   */
  constructor(tracefs: string, purpose: string) {
    this.name = `${PREFIX}${process.pid}-${purpose}-${made++}`;
    this.path = join(tracefs, 'instances', this.name);
    // Until the descriptor is open, another process would remove the instance as abandoned.
    for (let attempt = 0; this.#keeper === undefined; attempt++) {
      try {
        mkdirSync(this.path);
        this.#keeper = openSync(join(this.path, 'trace_marker'), 'w');
      } catch (error) {
        if (codeOf(error) === 'ENOENT' && attempt < 10) continue;
        this.#remove();
        throw new UnavailableError(
          `no instance can be made in ${tracefs}/instances (${codeOf(error)})`,
          codeOf(error) === 'ENOMEM' ? 'free memory for its ring buffers' : AS_ROOT,
        );
      }
    }
  }

  read(file: string): string {
    return readFileSync(join(this.path, file), 'latin1');
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.path, file), text);
  }

  /** Whether there is such an event, as `filemap/mm_filemap_add_to_page_cache`. */
  hasEvent(event: string): boolean {
    return existsSync(join(this.path, 'events', event, 'enable'));
  }

  /** Enables an event. @returns whether the kernel accepted the filter; otherwise all of its events are recorded. */
  enable(event: string, filter?: string): boolean {
    let isFiltered = true;
    if (filter !== undefined)
      try {
        this.write(`events/${event}/filter`, filter);
      } catch {
        // This kernel's event lacks a field of the filter.
        this.write(`events/${event}/filter`, '0');
        isFiltered = false;
      }
    this.write(`events/${event}/enable`, '1');
    return isFiltered;
  }

  /** Writes a marker. */
  mark(text: string): void {
    if (this.#keeper !== undefined) writeSync(this.#keeper, text);
  }

  /** Removes the instance, with everything that was set in it. */
  close(): void {
    if (this.#keeper !== undefined) closeSync(this.#keeper);
    this.#keeper = undefined;
    this.#remove();
  }

  #remove(): void {
    try {
      rmdirSync(this.path);
    } catch (error) {
      // Another process reads it: the next start removes it.
      if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EBUSY') throw error;
    }
  }
}
