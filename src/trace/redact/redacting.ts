// SPDX-License-Identifier: MIT
export { redactedReceiver } from './redacted-events.ts';
export { redactedSummary } from './redacted-summary.ts';
