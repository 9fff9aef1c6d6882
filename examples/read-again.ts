// SPDX-License-Identifier: MIT
import { clamped, compareCount, forEachFolio, lru_add_drain_all, type Patch, safetyCheck } from 'folioscope/kernel';
import { bool } from 'folioscope/lang';

/** Right: it drains once, and judges the same folio by a second read. */
const readAgain: Patch = {
  name: 'read-again',
  summary: "drains all CPUs' batches once where a count is unexpected, and reads the count again",
  exports: ['lru_add_drain_all'],
  check: safetyCheck((k, args) => {
    const drained = k.let('lru_drained', bool, false);
    forEachFolio(k, args, clamped, (judgement) => {
      compareCount(k, judgement);
      k.if(judgement.safe.not().and(drained.not()), () => {
        k.call(lru_add_drain_all, {});
        drained.set(true);
        judgement.again.set(true);
      });
    });
  }),
};

export default readAgain;
