// SPDX-License-Identifier: MIT
import type { Profile } from '../machine/index.ts';
import { wrap } from './flow.ts';

/**
 * What a reader of a mailed report asks first: which version made it, and which kernel it speaks of.
 * @param version of folioscope; where undefined, nothing is said.
 * @param profile of the kernel; undefined if the answer is not about a kernel.
 */
export function originLines(version: string | undefined, profile: Profile | undefined): readonly string[] {
  if (version === undefined) return [];
  return wrap(`made by folioscope ${version}${profile === undefined ? '' : `; ${kernelText(profile)}`}`, '', '  ');
}

const kernelText = ({ name, release, commit }: Profile): string =>
  `${name} follows Linux ${release}${commit === undefined ? '' : `, commit ${commit}`}`;
