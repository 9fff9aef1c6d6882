// SPDX-License-Identifier: MIT

/** The exit codes of every command: a contract. */
export const EXIT = {
  /** Answered, and it is well: safe, holds, conforms, every expected result came true. */
  well: 0,
  /** Answered, and it is not: refused, violated, does not conform. */
  notWell: 1,
  /** Not decidable: events lost, input damaged but partly answered, a bound reached. */
  undecided: 2,
  /** The command line was wrong. */
  usage: 64,
  /** Input of which nothing can be answered. */
  input: 65,
  /** This machine lacks what the command needs. */
  unavailable: 69,
  /** A defect of folioscope. */
  defect: 70,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
