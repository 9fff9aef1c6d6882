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
        `${count} markers have the text '${text.length > 60 ? `${text.slice(0, 57)}...` : text}': the answer is for the first; --at SECONDS or --at every-marker selects the others`,
    ),
    ...orderNotes(story),
    ...insertionNotes(story, followed),
    ...putbackNotes(followed),
    ...inodeNotes(story, listed),
    ...(compilesText()
      ? []
      : [
          'JavaScript cannot be generated here: the verdicts were interpreted, which is slower and gives the same results',
        ]),
  ];
}

function putbackNotes(followed: readonly TrackedInode[]): readonly string[] {
  return followed
    .filter(({ reinsertions }) => reinsertions > 0)
    .map(({ dev, ino, reinsertions: count }) => {
      const name = `${dev}:0x${ino.toString(16)}`;
      const what = count === 1 ? `1 folio of ${name} was` : `${count} folios of ${name} were`;
      return `${what} inserted a second time: isolated and put back (MADV_PAGEOUT, DAMON, migration, soft offline), which no event shows; the time of the return to a batch is not known, and no event shows a folio that is back in a batch until that batch is flushed`;
    });
}

function orderNotes({ order: { late } }: Story): readonly string[] {
  if (late === undefined) return [];
  const { count, first } = late;
  return [
    `the recording is not sorted by time: ${count === 1 ? 'once' : `${count} times`} an event follows a later one, first at ${formatTime(first)}; a folio that is added on one CPU and deleted or inserted on another could be misjudged, so the folios that wait are not known; the file 'trace' of all CPUs, trace-cmd report and trace.dat are each sorted`,
  ];
}

function insertionNotes(story: Story, followed: readonly TrackedInode[]): readonly string[] {
  if (story.seen.anyInsertion || followed.every(({ adds }) => adds === 0)) return [];
  return [
    isBlind(story)
      ? 'mm_lru_insertion was not recorded: batches filled up again and none was inserted; record pagemap:mm_lru_insertion'
      : 'no mm_lru_insertion in the whole recording: if that event was off (pagemap:mm_lru_insertion), no event shows that a folio left its batch; added folios are assumed to wait until the last recorded call that was refused, and after it that is not known',
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
      `${strays} ${strays === 1 ? 'folio was' : 'folios were'} inserted as unevictable without an add event: there before the recording${story.gaps.length > 0 ? ', or added among the lost events' : ''}${isNone ? ' (perhaps of a guest_memfd: only an add or a delete would show the inode)' : ''}, or anonymous`,
    );
  if (open > 0)
    notes.push(
      `${open === 1 ? '1 inode' : `${open} inodes`} on anonymous devices had folios added and none inserted: no event shows whether one is a guest_memfd; calls (syscalls:*_ioctl), stack traces of the adds, or a longer recording would; --inode selects one in any case`,
    );
  return notes;
}
