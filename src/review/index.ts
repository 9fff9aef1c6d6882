// SPDX-License-Identifier: MIT
export {
  type ComparedSource,
  type ReviewAnswer,
  reviewAnswer,
  type ReviewedChange,
  type ReviewedSide,
} from './answer.ts';
export {
  type Change,
  changesBetween,
  type Compared,
  type ShortestRun,
  type Side,
  type SideVerdict,
  type Violation,
  verdictOf,
} from './compare.ts';
export type { HunkLine } from './diff.ts';
export { failed, hasOccasion, nameOf, type Known, type Judged, type JudgedProperty, judging } from './judge.ts';
export { type Mail, readMails } from './mail.ts';
export { type Passed, prepare, type Prepared, type PreparedSide } from './prepare.ts';
export { type ReadFile, Tree } from './tree.ts';
