// SPDX-License-Identifier: MIT
import type { Defence } from './defence.ts';

/**
 * Against paths outside the folder: what may be asked for is a list that was made when the server started. No path of a request is ever
 * joined to a folder.
 */
export const ofUnlisted =
  (listed: ReadonlySet<string>): Defence =>
  ({ target }) =>
    listed.has(target) ? undefined : { status: 404, line: 'no such file of the page' };
