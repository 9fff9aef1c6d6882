// SPDX-License-Identifier: MIT

/** Messages from a worker to the page. */
export type FromWorker<Tell> =
  | { readonly kind: 'told'; readonly told: Tell }
  /** Something failed; one line, as the command line would print it. */
  | { readonly kind: 'failed'; readonly line: string };
