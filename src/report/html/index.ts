// SPDX-License-Identifier: MIT
export { checkToHtml, explanationToHtml, frameToHtml, type HtmlOptions, runToHtml } from './answers-html.ts';
export { BatchesSeen, inodeKey } from './batches-seen.ts';
export type { SeenRun, SeenStep } from './steps-picture.ts';
