// SPDX-License-Identifier: MIT

/** Scenario of the landing page: the mail's claim. */
export const LANDING_SCENARIO = 'SC-02-other-cpu';
export const LANDING_FORMS: readonly string[] = ['baseline', 'v6'];
