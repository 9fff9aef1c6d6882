// SPDX-License-Identifier: MIT
import type { Source } from './source.ts';

/** Whether a scenario file is about another model than the kernel; what it says may still be wrong. */
export function namesModel({ value }: Source): boolean {
  return typeof value === 'object' && value !== null && 'model' in value;
}
