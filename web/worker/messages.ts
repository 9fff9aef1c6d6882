// SPDX-License-Identifier: MIT

/** Messages from a worker to the page. */
export type FromWorker<Tell> =
  | { readonly kind: 'message'; readonly message: Tell }
  /** Something failed; one line, as the command line would print it. */
  | { readonly kind: 'failed'; readonly line: string };
