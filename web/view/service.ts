// SPDX-License-Identifier: MIT

/**
 * The part of a view that runs in a worker. It is called once, with a function to send messages to the page, and returns the
 * handler of the page's messages. A rejected promise or a thrown error is shown on the page.
 */
export type Service<Ask, Tell> = (
  tell: (message: Tell, transfer?: Transferable[]) => void,
) => (message: Ask) => void | Promise<void>;
