// SPDX-License-Identifier: MIT
import type { Defence } from './defence.ts';

/**
 * Against paths outside the folder: only files of a list made at the server's start are served. The path of a request is never
 * joined to a folder.
 */
export const ofUnlisted =
  (listed: ReadonlySet<string>): Defence =>
  ({ target }) =>
    listed.has(target) ? undefined : { status: 404, line: 'no such file of the page' };
