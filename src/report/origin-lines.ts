// SPDX-License-Identifier: MIT
import type { Profile } from '../machine/index.ts';
import { wrap } from './flow.ts';

/**
 * Origin of a report, the first question about a mailed one: the version that made it, and the kernel that it is about.
 * @param version of folioscope; if undefined, there are no lines.
 * @param profile of the kernel; undefined if the answer is not about a kernel.
 */
export function originLines(version: string | undefined, profile: Profile | undefined): readonly string[] {
  if (version === undefined) return [];
  return wrap(`made by folioscope ${version}${profile === undefined ? '' : `; ${kernelText(profile)}`}`, '', '  ');
}

const kernelText = ({ name, release, commit }: Profile): string =>
  `${name} follows Linux ${release}${commit === undefined ? '' : `, commit ${commit}`}`;
