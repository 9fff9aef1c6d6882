// SPDX-License-Identifier: MIT
// A vitest reporter that counts and prints nothing: it writes
//   { "passed": 1, "failed": 0, "skipped": 1, "skips": [{ "test": "name", "reason": "why" }] }
// to the file that FOLIOSCOPE_TEST_COUNTS names, for verify.mjs. Without that variable it does nothing.
//
// A file that failed to load, a failed hook and an error outside any test have no failed test of their own; each
// counts as one failure, so that nothing broken ever counts as nothing.
import { writeFileSync } from 'node:fs';

/** @implements {Required<Pick<import('vitest/node').Reporter, 'onTestRunEnd'>>} */
export default class CountReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} errors
   */
  onTestRunEnd(modules, errors) {
    const path = process.env['FOLIOSCOPE_TEST_COUNTS'];
    if (path === undefined) return;
    const counts = { passed: 0, failed: errors.length, skipped: 0 };
    /** @type {{ test: string, reason: string }[]} */
    const skips = [];
    for (const module of modules) {
      const failedBefore = counts.failed;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') counts.passed++;
        else if (result.state === 'skipped') {
          counts.skipped++;
          skips.push({ test: test.fullName, reason: result.note ?? 'no reason given' });
        } else counts.failed++; // failed, or never finished
      }
      if (module.state() === 'failed' && counts.failed === failedBefore) counts.failed++;
    }
    writeFileSync(path, JSON.stringify({ ...counts, skips }));
  }
}
