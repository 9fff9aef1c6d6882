// SPDX-License-Identifier: MIT
import type { Inspection, RecordAnswer } from '../live/index.ts';
import { type ByteSource, type ByteStream, Redactor, redactorOf } from '../trace/index.ts';

/** A redactor for a recording if one is asked for. What comes from a pipe is numbered as it is read. */
export async function redactorFor(
  source: ByteSource | ByteStream,
  redact: boolean | undefined,
  hostName?: (recordedOn: string | undefined) => string,
): Promise<Redactor | undefined> {
  if (redact !== true) return undefined;
  return 'size' in source ? redactorOf(source, hostName) : new Redactor();
}

/** A recording's name in an answer: paths tell who has it. */
export const shownName = (path: string, redact: boolean | undefined, nth = 1): string =>
  redact === true ? `recording${nth}` : path;

/** The guest_memfds of this machine with other names, which stay those of a task and a page from one look to the next. */
export function redactedInspection(seen: Inspection, redactor: Redactor): Inspection {
  const named = <Named extends { readonly pid: number; readonly task: string }>(one: Named): Named => ({
    ...one,
    pid: redactor.pid(one.pid),
    task: redactor.task(one.task),
  });
  return {
    ...seen,
    inodes: seen.inodes.map((inode) => ({
      ...inode,
      descriptors: inode.descriptors.map(named),
      mappings: inode.mappings.map((mapping) => ({ ...named(mapping), address: 0 })),
      waiting: inode.waiting.map((page) => ({ ...page, pfn: redactor.frame(page.pfn) })),
    })),
  };
}

/** What is told of a recording that was just made. Names of instances of tracefs have the pids of their makers. */
export const redactedRecord = (done: RecordAnswer): RecordAnswer => ({
  ...done,
  file: shownName(done.file, true),
  leftovers: { ...done.leftovers, removed: done.leftovers.removed.map((_, nth) => `instance${nth + 1}`) },
});
