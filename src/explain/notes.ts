// SPDX-License-Identifier: MIT
import { formatTime } from '../ledger/index.ts';
import { compilesText } from '../machine/index.ts';
import type { InodeAnswer } from './answer.ts';
import type { TrackedInode } from './inodes.ts';
import { isBlind, type Story } from './story.ts';

/**
 * One sentence each: facts about the recording that a reader of the answer must know.
 * @param followed inodes with answered moments.
 */
export function notesOf(
  story: Story,
  followed: readonly TrackedInode[],
  listed: { readonly inodes: readonly Pick<InodeAnswer, 'kind'>[]; readonly openInodes: number },
): readonly string[] {
  return [
    ...story.moments.repeated.map(
      ({ text, count }) =>
        `${count} markers say '${text.length > 60 ? `${text.slice(0, 57)}...` : text}': the first is answered, and --at SECONDS or --at every-marker asks for the others`,
    ),
    ...orderNotes(story),
    ...insertionNotes(story, followed),
    ...putbackNotes(followed),
    ...inodeNotes(story, listed),
    ...(compilesText()
      ? []
      : [
          'JavaScript may not be generated here: the verdicts were interpreted, which is slower; they are those of compiled code',
        ]),
  ];
}

function putbackNotes(followed: readonly TrackedInode[]): readonly string[] {
  return followed
    .filter(({ reinsertions }) => reinsertions > 0)
    .map(({ dev, ino, reinsertions: count }) => {
      const name = `${dev}:0x${ino.toString(16)}`;
      const what = count === 1 ? `1 folio of ${name} was` : `${count} folios of ${name} were`;
      return `${what} inserted a second time: isolated and put back (MADV_PAGEOUT, DAMON, migration, soft offline), which no event shows; from when on it was in a batch again is not known, and a folio that is back in one, on a CPU that has not flushed since, does not show`;
    });
}

function orderNotes({ order: { late } }: Story): readonly string[] {
  if (late === undefined) return [];
  const { count, first } = late;
  return [
    `the recording is not sorted by time: ${count === 1 ? 'once' : `${count} times`} an event stands behind a later one, first at ${formatTime(first)}; a folio that is added on one CPU and deleted or inserted on another would be told wrong, so nothing is said to wait or not; 'trace' of all CPUs, trace-cmd report and trace.dat are sorted, one recording each`,
  ];
}

function insertionNotes(story: Story, followed: readonly TrackedInode[]): readonly string[] {
  if (story.seen.anyInsertion || followed.every(({ adds }) => adds === 0)) return [];
  return [
    isBlind(story)
      ? 'mm_lru_insertion was not recorded: batches filled up again and none was inserted; record pagemap:mm_lru_insertion'
      : 'no mm_lru_insertion in the whole recording: if that event was not switched on (pagemap:mm_lru_insertion), nothing tells that a folio left its batch; what was added is taken to wait up to the last recorded call that was refused, and from then on nobody knows',
  ];
}

function inodeNotes(
  story: Story,
  { inodes, openInodes: open }: { readonly inodes: readonly Pick<InodeAnswer, 'kind'>[]; readonly openInodes: number },
): readonly string[] {
  const { unevictable: strays } = story.strays;
  const notes: string[] = [];
  const isNone = inodes.every(({ kind }) => kind === 'other');
  if (strays > 0)
    notes.push(
      `${strays} ${strays === 1 ? 'folio was' : 'folios were'} inserted as unevictable without an add event: there before the recording${story.gaps.length > 0 ? ', or added among the lost events' : ''}${isNone ? ' (perhaps of a guest_memfd: which inode they are of, only their add or delete would say)' : ''}, or anonymous`,
    );
  if (open > 0)
    notes.push(
      `of ${open === 1 ? '1 inode' : `${open} inodes`} on anonymous devices folios were added and none was inserted: nothing tells whether one is a guest_memfd; calls (syscalls:*_ioctl), stack traces of the adds, or a longer recording would, and --inode asks for one whatever it is`,
    );
  return notes;
}
