// SPDX-License-Identifier: MIT
import { type Profile, PROFILES } from '../machine/index.ts';
import { suggestion } from './nearest.ts';

/** A kernel profile by its name. @throws RangeError if there is none. */
export function profileNamed(name: string): Profile {
  const found = PROFILES.find((profile) => profile.name === name);
  if (found !== undefined) return found;
  const names = PROFILES.map((profile) => profile.name);
  throw new RangeError(`no profile '${name}', ${suggestion(name, names)}`);
}
