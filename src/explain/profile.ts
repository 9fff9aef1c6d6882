// SPDX-License-Identifier: MIT
import { DEFAULT_PROFILE, type Profile, PROFILES } from '../machine/index.ts';
import type { CpuBatch } from './batch.ts';

/**
 * The kernel profile that the recording shows. A full batch is flushed at once, so bursts of exactly its size are far
 * more frequent than bursts of one more or one less.
 */
export function inferProfile(
  batches: readonly CpuBatch[],
  recordedOn: string | undefined,
): { readonly profile: Profile; readonly because: string } {
  const named = ofRelease(recordedOn);
  const bursts = (length: number): number => batches.reduce((sum, batch) => sum + (batch.bursts[length] ?? 0), 0);
  const sizes = [...new Set(PROFILES.map(({ batchSize }) => batchSize))].toSorted((a, b) => b - a);
  const size = sizes.find((length) => bursts(length) > bursts(length - 1) + bursts(length + 1));
  // A few bursts are enough if nothing contradicts the default.
  const enough = size === DEFAULT_PROFILE.batchSize ? 1 : ENOUGH_BURSTS;
  const profile = PROFILES.find(({ batchSize }) => batchSize === size);
  if (named !== undefined && (size === undefined || bursts(size) < enough || size === named.profile.batchSize))
    return named;
  if (size === undefined || profile === undefined || bursts(size) < enough)
    return { profile: DEFAULT_PROFILE, because: 'assumed: the recording does not show how many folios fill a batch' };
  const times = bursts(size) === 1 ? 'one burst' : `${bursts(size)} bursts`;
  // A recording cannot be of an unknown kernel.
  const alike = PROFILES.filter((other) => other !== profile && !other.mapsLargeFolios && other.batchSize === size).map(
    ({ name }) => name,
  );
  const others = alike.length === 0 ? '' : `; the recording cannot distinguish it from ${alike.join(' or ')}`;
  return { profile, because: `inferred from ${times} of exactly ${size} insertions${others}` };
}

/** The newest profile that is no newer than the release in a recording: `Linux vm 6.18.44 x86_64`. */
function ofRelease(recordedOn: string | undefined): ReturnType<typeof inferProfile> | undefined {
  const release = versionOf(/(?<= )\d+\.\d+/.exec(recordedOn ?? '')?.[0]);
  if (release === undefined) return undefined;
  const older = PROFILES.flatMap((profile) => {
    const from = versionOf(/^linux-(\d+\.\d+)$/.exec(profile.name)?.[1]);
    return from === undefined || from > release ? [] : [{ profile, from }];
  }).toSorted((a, b) => b.from - a.from);
  const [newest] = older;
  return newest === undefined
    ? undefined
    : {
        profile: newest.profile,
        because: `by the release that the recording names, ${/(?<= )\d+\.\d+\S*/.exec(recordedOn ?? '')?.[0] ?? ''}`,
      };
}

/** `6.18` as a number that is larger for a later release. */
function versionOf(text: string | undefined): number | undefined {
  const [major, minor] = (text ?? '').split('.').map(Number);
  return major === undefined || minor === undefined ? undefined : 1000 * major + minor;
}

/** Number of bursts of one length that is no accident. */
const ENOUGH_BURSTS = 3;
