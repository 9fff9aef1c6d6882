// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { deviceNumbers, type PageSize } from '../abi/index.ts';
import { type Dev, dev, type Ino, ino } from '../ledger/index.ts';
import { codeOf } from './error-code.ts';

/** A process has a guest_memfd open. */
interface Descriptor {
  readonly pid: number;
  readonly task: string;
  readonly fd: number;
}

/** A process has pages of it mapped. */
interface MappedRange {
  readonly pid: number;
  readonly task: string;
  readonly address: number;
  /** The first page, and how many. */
  readonly from: number;
  readonly pages: number;
}

/** A guest_memfd of this machine. */
export interface FoundInode {
  readonly dev: Dev;
  readonly ino: Ino;
  /** Size in pages; undefined if it is only mapped, and no process has it open. */
  readonly pages: number | undefined;
  readonly descriptors: readonly Descriptor[];
  readonly mappings: readonly MappedRange[];
}

export interface Search {
  readonly inodes: readonly FoundInode[];
  /** Number of processes, and of those whose descriptors this user may not see. */
  readonly processes: number;
  readonly hidden: number;
}

/** The kernel's name of such a file. virt/kvm/guest_memfd.c: __kvm_gmem_create() */
const FILE_NAME = '[kvm-gmem]';

interface Found {
  readonly dev: Dev;
  readonly ino: Ino;
  pages: number | undefined;
  readonly descriptors: Descriptor[];
  readonly mappings: MappedRange[];
}

/**
 * The guest_memfds that processes have open or mapped.
 * @param pids only these processes; all if undefined.
 */
export function findGuestMemfds(pageSize: PageSize, pids: readonly number[] | undefined): Search {
  const found = new Map<string, Found>();
  const of = (device: Dev, inode: Ino): Found => {
    const key = `${device}:${inode}`;
    const known = found.get(key) ?? { dev: device, ino: inode, pages: undefined, descriptors: [], mappings: [] };
    found.set(key, known);
    return known;
  };
  const all =
    pids ??
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .toSorted((a, b) => a - b);
  let hidden = 0;
  for (const pid of all) {
    const descriptors = descriptorsOf(pid);
    if (descriptors === 'hidden') hidden++;
    else
      for (const { fd, device, inode, bytes } of descriptors) {
        const one = of(device, inode);
        one.pages = Math.ceil(bytes / pageSize);
        one.descriptors.push({ pid, task: taskName(pid), fd });
      }
    for (const { device, inode, ...range } of mappingsOf(pid, pageSize))
      of(device, inode).mappings.push({ pid, task: taskName(pid), ...range });
  }
  return { inodes: [...found.values()], processes: all.length, hidden };
}

function taskName(pid: number): string {
  return unlessGone(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd(), '?');
}

/** A process may end while its files are read. */
function unlessGone<Value>(look: () => Value, otherwise: Value): Value {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENXIO'].includes(codeOf(error))) return otherwise;
    throw error;
  }
}

interface Open {
  readonly fd: number;
  readonly device: Dev;
  readonly inode: Ino;
  readonly bytes: number;
}

function descriptorsOf(pid: number): readonly Open[] | 'hidden' {
  let names: readonly string[];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch (error) {
    return codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM' ? 'hidden' : [];
  }
  return names.flatMap((name) => {
    const path = `/proc/${pid}/fd/${name}`;
    if (!unlessGone(() => readlinkSync(path), '').includes(FILE_NAME)) return [];
    return unlessGone<readonly Open[]>(() => {
      const { dev: device, ino: inode, size } = statSync(path, { bigint: true });
      return [{ fd: Number(name), device: dev(...deviceNumbers(device)), inode: ino(inode), bytes: Number(size) }];
    }, []);
  });
}

/** `ADDRESS-ADDRESS PERMISSIONS OFFSET MAJOR:MINOR INODE NAME`, all but the inode in hexadecimal. */
const MAPS_LINE = /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+)\s+(.*)$/;

function mappingsOf(
  pid: number,
  pageSize: PageSize,
): readonly (Omit<MappedRange, 'pid' | 'task'> & { readonly device: Dev; readonly inode: Ino })[] {
  const text = unlessGone(() => readFileSync(`/proc/${pid}/maps`, 'latin1'), '');
  return text.split('\n').flatMap((line) => {
    if (!line.includes(FILE_NAME)) return [];
    const match = MAPS_LINE.exec(line);
    if (match === null) return [];
    const [begin = 0, end = 0, offset = 0, major = 0, minor = 0] = match
      .slice(1, 6)
      .map((part) => Number.parseInt(part, 16));
    return [
      {
        device: dev(major, minor),
        inode: ino(BigInt(match[6] ?? '0')),
        address: begin,
        from: offset / pageSize,
        pages: (end - begin) / pageSize,
      },
    ];
  });
}
