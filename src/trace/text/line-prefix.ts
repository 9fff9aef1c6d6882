// SPDX-License-Identifier: MIT

/** CPU numbers beyond it are taken for damage (the kernel's NR_CPUS is at most 8192). */
export const MAX_CPUS = 1 << 16;

/**
 * What stands before the event on a line of text, whoever wrote it. One object is filled again for each line, because
 * there are millions.
 */
export class LinePrefix {
  pid = 0;
  cpu = 0;
  seconds = 0;
  /** Part of a second, in nanoseconds. */
  nanoseconds = 0;
  /** Some line had a whole number for its time: the clock counts, it does not measure time. Never taken back. */
  isCount = false;
  /** Where the task name's column starts and ends; leading blanks are padding. */
  commStart = 0;
  commEnd = 0;
  /** Where the event's name starts. */
  body = 0;
  /** The instance buffer that the line names; undefined for the top buffer and where lines name none. */
  buffer: string | undefined;
}
