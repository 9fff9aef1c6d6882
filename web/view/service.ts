// SPDX-License-Identifier: MIT

/**
 * The side of a view that runs in a worker: called once, with the way back, it returns what hears each message. A rejected
 * promise or a thrown error reaches the page as a complaint.
 */
export type Service<Ask, Tell> = (
  tell: (message: Tell, transfer?: Transferable[]) => void,
) => (message: Ask) => void | Promise<void>;
