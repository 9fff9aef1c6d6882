// SPDX-License-Identifier: MIT

/** What the page shows to a reader who has asked for nothing: the mail's claim. */
export const LANDING_SCENARIO = 'SC-02-other-cpu';
export const LANDING_FORMS: readonly string[] = ['baseline', 'v6'];
