// SPDX-License-Identifier: MIT
import type { Source } from './source.ts';

/** Whether a scenario file is about another model than the kernel; the rest of the file is not checked. */
export function namesModel({ value }: Source): boolean {
  return typeof value === 'object' && value !== null && 'model' in value;
}
