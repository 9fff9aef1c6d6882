// SPDX-License-Identifier: MIT

/** The exit codes of every command: a contract. */
export const EXIT = {
  /** The result is good: safe, holds, conforms, every expected result occurred. */
  well: 0,
  /** The result is not good: refused, violated, does not conform. */
  notWell: 1,
  /** Undecided: data loss, input damaged but partly answered, a limit reached. */
  undecided: 2,
  /** The command line was wrong. */
  usage: 64,
  /** Input from which nothing can be answered. */
  input: 65,
  /** This machine lacks what the command needs. */
  unavailable: 69,
  /** A defect of folioscope. */
  defect: 70,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
