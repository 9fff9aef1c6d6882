// SPDX-License-Identifier: MIT
export { explanationToJson } from './explain-json.ts';
export { explanationToText } from './explain-text.ts';
export { frameToJson } from './explain-frame-json.ts';
export { frameToText } from './explain-frame-text.ts';
export { runToJson } from './run-json.ts';
export { resultText } from './verdict-text.ts';
export { summaryEnd, summaryLine } from './run-summary.ts';
export type { RunReportOptions } from './run-text.ts';
export { runReport } from './run-text.ts';
export type { CheckCost, CostedAnswer } from './check-json.ts';
export { checkToItf } from './check-itf.ts';
export { checkToJson } from './check-json.ts';
export type { Subject } from './check-subject.ts';
export type { Outcome } from './check-all.ts';
export {
  CHECK_ALL_SCHEMA,
  type CheckedScenario,
  checkAllToJson,
  checkedScenario,
  type FileResult,
} from './check-all-json.ts';
export { allEnd, allLine, notRunLine, outcomeOf } from './check-all.ts';
export { checkReport } from './check-text.ts';
export { mutantsText } from './mutants-text.ts';
export { mutantNotes } from './patch-notes-text.ts';
export { runsToJson } from './runs-json.ts';
export { runsReport } from './runs-text.ts';
export { reviewReport, type ReviewReportOptions } from './review-text.ts';
export { reviewReply } from './review-reply.ts';
export { reviewToJson } from './review-json.ts';
export { demoReport, demoToJson } from './demo-text.ts';
export { doctorReport, doctorToJson } from './doctor-text.ts';
export { DRGN_SCRIPT } from './drgn-script.ts';
export { inspectLine, inspectReport, inspectToJson } from './inspect-text.ts';
export { recordReport, recordToJson } from './record-text.ts';
export type { Conformed } from './conform-json.ts';
export { conformToJson, worstOf } from './conform-json.ts';
export { conformReport } from './conform-text.ts';
export { type RowCell, type RowColumn, rowsAsCsv, rowsAsJson, rowsAsTable, type RowsWriter } from './rows-text.ts';
export { wrap } from './flow.ts';
export { sourceReport, sourceToJson } from './source-text.ts';
export {
  BatchesSeen,
  checkToHtml,
  explanationToHtml,
  frameToHtml,
  type HtmlOptions,
  inodeKey,
  runToHtml,
  type SeenRun,
  type SeenStep,
} from './html/index.ts';
