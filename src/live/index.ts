// SPDX-License-Identifier: MIT
export { type DemoAnswer, MARKER_VARIABLE, runDemo } from './demo.ts';
export { UnavailableError } from './unavailable.ts';
