// SPDX-License-Identifier: MIT

/** Calls of the model that no event shows. */
export const SILENT_KINDS = [
  'folio of unobserved memory',
  'local drain',
  'drain of all CPUs',
  'folio in another batch',
  'isolated and put back',
  'unseen reference',
  'present before the recording',
  'left the page cache unseen',
] as const;
export type SilentKind = (typeof SILENT_KINDS)[number];
