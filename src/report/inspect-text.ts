// SPDX-License-Identifier: MIT
import { foldNumbers } from '../ledger/index.ts';
import type { InspectedInode, Inspection } from '../live/index.ts';
import { wrap } from './flow.ts';

/**
 * The guest_memfds of this machine, as text: for each the verdict first.
 * @example
 * import { cpu } from 'folioscope/ledger';
 * import { inspectReport, inspectToJson } from 'folioscope/report';
 * const seen = { inodes: [], processes: 12, hidden: 0, lookedOn: cpu(0), watch: { on: true } } as const;
 * inspectReport(seen, '0.1.0').startsWith('no guest_memfd'); // => true
 * JSON.parse(inspectToJson(seen)).processes; // => 12
 */
export function inspectReport(seen: Inspection, version: string): string {
  const { inodes, processes, hidden, lookedOn, watch } = seen;
  const lines = [
    ...(inodes.length === 0 ? nothing(seen) : inodes.flatMap((inode) => [...inodeLines(inode, watch.on), ''])),
    'not known',
    ...wrap(
      'pins, mlock batches, guest faults and other references: procfs does not show them; folioscope record --events page-ref does, where the kernel has page_ref events',
      '  ',
      '    ',
    ),
    ...(inodes.length === 0
      ? []
      : wrap(
          `pages that no process has mapped, and what was flushed by this look: it ran on CPU ${lookedOn}, and its own page faults fill that CPU's batch`,
          '  ',
          '    ',
        )),
    ...(watch.on ? [] : wrap(`whose batch a page waits in: ${watch.why}`, '  ', '    ')),
    ...(hidden === 0 ? [] : wrap(`descriptors of ${hidden} processes: closed to this user`, '  ', '    ')),
    '',
    `looked at: /proc/PID/fd, maps and pagemap of ${processCount(processes)}, kpageflags`,
    `made by folioscope ${version}`,
    'again:',
    '  folioscope inspect',
  ];
  return `${lines.join('\n')}\n`;
}

const processCount = (processes: number): string => `${processes} process${processes === 1 ? '' : 'es'}`;

function nothing({ processes, hidden }: Inspection): readonly string[] {
  return [
    ...wrap(
      `no guest_memfd: none of ${processCount(processes - hidden)} has a file that the kernel calls [kvm-gmem], open or mapped${hidden > 0 ? `; ${hidden} others could not be looked at` : ''}`,
      '',
      '  ',
    ),
    '',
  ];
}

const name = ({ dev, ino }: InspectedInode): string => `${dev}:0x${ino.toString(16)}`;
const pageCount = (pages: number): string => `${pages} page${pages === 1 ? '' : 's'}`;

function inodeLines(inode: InspectedInode, isWatching: boolean): readonly string[] {
  const { descriptors, mappings, cached, mapped, waiting } = inode;
  return [
    ...wrap(verdictLine(inode), '', '  '),
    ...wrap(
      `${name(inode)}: ${inode.pages === undefined ? 'size not known' : `${pageCount(inode.pages)} long`}, ${cached === undefined ? 'in the page cache not known' : `${cached} in the page cache`}, ${mapped} mapped, ${waiting.length} in a batch`,
      '  ',
      '    ',
    ),
    ...byCpu(inode).flatMap(({ cpu, indexes }) =>
      wrap(
        `${cpu === undefined ? `in the batch of ${isWatching ? 'a CPU that touched them before the watch' : 'some CPU'}` : `in CPU ${cpu}'s lru_add batch`}: ${foldNumbers(indexes)}`,
        '    ',
        '      ',
      ),
    ),
    ...(descriptors.length === 0
      ? ['  open: no process has it open; it is only mapped']
      : descriptors.flatMap(({ pid, task, fd }) => wrap(`open: '${task}' (pid ${pid}), fd ${fd}`, '  ', '    '))),
    ...mappings.flatMap(({ pid, task, from, pages: count }) =>
      wrap(`mapped: '${task}' (pid ${pid}), pages ${from}..${from + count}`, '  ', '    '),
    ),
  ];
}

function verdictLine(inode: InspectedInode): string {
  const { verdict } = inode;
  switch (verdict.verdict) {
    case 'refused':
      return `refused without a drain: a conversion of ${name(inode)} to private now, at index ${verdict.index}, which waits in a batch; a drain of all CPUs would end that`;
    case 'safe':
      return `safe as far as procfs shows: a conversion of ${name(inode)} to private now; no page of it waits in a batch`;
    case 'undecided':
      return `undecided: a conversion of ${name(inode)} to private now; ${verdict.reason}`;
  }
}

function byCpu({ waiting }: InspectedInode): readonly {
  readonly cpu: number | undefined;
  readonly indexes: readonly number[];
}[] {
  const cpus = [...new Set(waiting.map(({ cpu }) => cpu))].toSorted((a, b) => (a ?? Infinity) - (b ?? Infinity));
  return cpus.map((cpu) => ({
    cpu,
    indexes: waiting.filter((page) => page.cpu === cpu).map(({ index }) => index),
  }));
}

/**
 * One line of `--watch` for a guest_memfd.
 * @example
 * import { cpu, dev, folioIndex, ino, pfn } from 'folioscope/ledger';
 * import { inspectLine } from 'folioscope/report';
 * const waiting = [{ index: folioIndex(3), pfn: pfn(7), cpu: cpu(1) }];
 * const verdict = { verdict: 'refused', index: folioIndex(3), spurious: true } as const;
 * const inode = { dev: dev(0, 16), ino: ino(9n), pages: 8, descriptors: [], mappings: [], cached: 4, mapped: 4, waiting, verdict };
 * inspectLine(inode); // => '0:16:0x9: 4 mapped, 1 in a batch (CPU 1: 3): refused'
 */
export const inspectLine = (inode: InspectedInode): string => {
  const where = byCpu(inode).map(({ cpu, indexes }) => `CPU ${cpu ?? '?'}: ${foldNumbers(indexes)}`);
  const batch = where.length === 0 ? '' : ` (${where.join('; ')})`;
  return `${name(inode)}: ${inode.mapped} mapped, ${inode.waiting.length} in a batch${batch}: ${inode.verdict.verdict}`;
};

/** The same as the JSON document of `inspect --json`. */
export const inspectToJson = ({ inodes, processes, hidden, lookedOn, watch }: Inspection): string =>
  `${JSON.stringify(
    {
      schema: 'folioscope.inspect/1',
      inodes: inodes.map((inode) => ({
        dev: inode.dev,
        ino: `0x${inode.ino.toString(16)}`,
        pages: inode.pages ?? null,
        cached: inode.cached ?? null,
        mapped: inode.mapped,
        descriptors: inode.descriptors,
        mappings: inode.mappings.map(({ pid, task, from, pages: count }) => ({ pid, task, from, pages: count })),
        waiting: inode.waiting.map(({ index, pfn, cpu }) => ({ index, pfn, cpu: cpu ?? null })),
        conversion: { baseline: inode.verdict },
      })),
      processes,
      hidden,
      lookedOn,
      watching: watch.on,
    },
    undefined,
    2,
  )}\n`;
