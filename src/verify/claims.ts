// SPDX-License-Identifier: MIT
import { type Claim, type Program, rewriteSteps } from '../lang/index.ts';

/** What the claims of a fault are called once they are told from those of other lookups. */
export const FAULT = 'fault';

const FAULTS: ReadonlySet<string> = new Set(['kvm_gmem_fault_user_mapping', 'kvm_tdp_page_fault']);

/**
 * The program with the lookups of faults under a name of their own: a fault will map the page that it holds, mincore()
 * and fallocate() will not.
 */
export const tellingFaults = (program: Program): Program =>
  rewriteSteps(program, (step) =>
    step.path.some((routine) => FAULTS.has(routine)) ? { ...step, claims: step.claims.map(asFault) } : step,
  );

const asFault = (claim: Claim): Claim => (claim.label === 'lookup' ? { ...claim, label: FAULT } : claim);
