// SPDX-License-Identifier: MIT
// What a page brings that reads recordings and checks scenarios: bench/bundle.ts weighs it, test/no-eval.test.ts runs it.
export { explainTrace } from '../../src/explain/index.ts';
export { PATCHES, patchNamed } from '../../src/machine/index.ts';
export { checkReport, explanationToText } from '../../src/report/index.ts';
export { readScenario } from '../../src/scenario/index.ts';
export { memorySource, readTrace } from '../../src/trace/index.ts';
export { checkScenario } from '../../src/verify/index.ts';
