// SPDX-License-Identifier: MIT
import { clamped, compareCount, forEachFolio, lru_add_drain_all, type Patch, safetyCheck } from 'folioscope/kernel';
import { bool } from 'folioscope/lang';

/** A mistake: it drains once, and takes the count as explained by that instead of reading it again. */
const drainAndTrust: Patch = {
  name: 'drain-and-trust',
  summary: "drains all CPUs' batches once where a count is unexpected, and does not look again",
  check: safetyCheck((k, args) => {
    const drained = k.let('lru_drained', bool, false);
    forEachFolio(k, args, clamped, (judgement) => {
      compareCount(k, judgement);
      k.if(judgement.safe.not(), () => {
        k.if(drained.not(), () => k.call(lru_add_drain_all, {}));
        drained.set(true);
        judgement.safe.set(true);
      });
    });
  }),
};

export default drainAndTrust;
