// SPDX-License-Identifier: MIT
import { readSource, type Source } from './source.ts';

/** Whether a scenario file is about another model than the kernel; what it says may still be wrong. */
export function namesModel({ value }: Source): boolean {
  return typeof value === 'object' && value !== null && 'model' in value;
}

/** The same of a text. @throws InputError where it is no YAML. */
export const textNamesModel = (file: string, text: string): boolean => namesModel(readSource(file, text));
