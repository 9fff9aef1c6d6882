// SPDX-License-Identifier: MIT
export { explanationToJson } from './explain-json.ts';
export { explanationToText } from './explain-text.ts';
export { runToJson } from './run-json.ts';
export { summaryEnd, summaryLine } from './run-summary.ts';
export type { RunReportOptions } from './run-text.ts';
export { runReport } from './run-text.ts';
export type { CheckCost, CostedAnswer } from './check-json.ts';
export { checkToItf } from './check-itf.ts';
export { checkToJson } from './check-json.ts';
export type { Subject } from './check-subject.ts';
export type { Outcome } from './check-all.ts';
export { allEnd, allLine, notRunLine, outcomeOf } from './check-all.ts';
export { checkReport } from './check-text.ts';
export { mutantsText } from './mutants-text.ts';
export { mutantNotes } from './patch-notes-text.ts';
export { runsToJson } from './runs-json.ts';
export { runsReport } from './runs-text.ts';
export { sourceReport, sourceToJson } from './source-text.ts';
