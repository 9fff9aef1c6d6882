// SPDX-License-Identifier: MIT
export type {
  BatchedFolio,
  ConversionCall,
  CpuDwell,
  DrainAnswer,
  DrainRound,
  DrainWork,
  DwellAnswer,
  Explanation,
  HeldFolio,
  IndexRange,
  InodeAnswer,
  InodeKind,
  MomentAnswer,
  RefusalEvidence,
  Unseen,
} from './answer.ts';
export { explainTrace } from './explain-trace.ts';
export type { InodeSelector, MomentSelector, Question } from './question.ts';
export { parseInode, parseMoment, parseRange, QuestionError } from './question.ts';
