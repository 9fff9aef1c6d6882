// SPDX-License-Identifier: MIT
export { formTexts, scenarioTexts } from './library.ts';
