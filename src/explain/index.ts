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
  CreatedFile,
  HeldFolio,
  IndexRange,
  InodeAnswer,
  InodeKind,
  MomentAnswer,
  NeededEvent,
  OpenInode,
  RefusalCause,
  RefusalEvidence,
  Unseen,
} from './answer.ts';
export { explainTrace } from './explain-trace.ts';
export { explainFrame, type FrameQuestion, parsePfn } from './frame/explain-frame.ts';
export type {
  FrameAnswer,
  FrameChange,
  FrameCounts,
  FrameLife,
  FrameMoment,
  FrameOrigin,
  FrameOwner,
  FrameTouch,
  FrameWait,
  LeftReference,
} from './frame/frame-answer.ts';
export type {
  AskedMoment,
  FolioStory,
  FolioThen,
  HiddenTime,
  History,
  HistoryOptions,
  InodeName,
  MarkerSeen,
} from './history/history.ts';
export { readHistory } from './history/history.ts';
export type { FolioSpan } from './history/spans.ts';
export type { TimeWindow } from './moments.ts';
export type { InodeSelector, MomentSelector, Question } from './question.ts';
export { parseInode, parseMoment, parseRange, QuestionError } from './question.ts';
