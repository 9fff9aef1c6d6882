// SPDX-License-Identifier: MIT
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Why a test that needs `command` cannot run on this machine; undefined where it can. scripts/verify.mjs tries to
 * install what its list names, and says here why it could not.
 *
 *     test('agrees with trace-cmd', ({ skip }) => {
 *       const why = lacking('trace-cmd');
 *       if (why !== undefined) skip(why);
 */
export function lacking(command: string): string | undefined {
  if ((process.env['PATH'] ?? '').split(delimiter).some((directory) => existsSync(join(directory, command))))
    return undefined;
  const reasons = JSON.parse(process.env['FOLIOSCOPE_MISSING'] ?? '{}') as Record<string, string>;
  return reasons[command] ?? `this machine lacks ${command}`;
}
