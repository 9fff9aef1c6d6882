// SPDX-License-Identifier: MIT
import {
  type Cpu,
  type Dev,
  dev,
  folioIndex,
  type Ino,
  ino,
  type Nanoseconds,
  nanoseconds,
  parseTime,
} from '../ledger/index.ts';
import type { Patch, Profile } from '../machine/index.ts';
import type { Redactor } from '../trace/index.ts';
import type { IndexRange } from './answer.ts';

/** The requested time of a state. */
export type MomentSelector =
  /** `count`: the same if the recording's clock counts, as its recorder prints stamps; undefined for a fraction. */
  | { readonly kind: 'time'; readonly at: Nanoseconds; readonly count?: Nanoseconds | undefined }
  | { readonly kind: 'end' }
  /** The first marker with exactly this text. */
  | { readonly kind: 'marker'; readonly text: string }
  | { readonly kind: 'every-marker' };

export interface InodeSelector {
  /** Any device if undefined. */
  readonly dev: Dev | undefined;
  readonly ino: Ino;
}

export interface Question {
  /** Every marker, and the end, if empty. */
  readonly moments: readonly MomentSelector[];
  /** Only this inode, in any case; all guest_memfd inodes if undefined. */
  readonly inode?: InodeSelector | undefined;
  /** The pages to convert; the whole inode if undefined. */
  readonly range?: IndexRange | undefined;
  /** The converting CPU; chosen from the recording if undefined. */
  readonly cpu?: Cpu | undefined;
  /** Inferred from the recording if undefined. */
  readonly profile?: Profile | undefined;
  /** Forms of the check, in the order of the answer. */
  readonly patches: readonly Patch[];
  /** Replaces what identifies; undefined: nothing is replaced. */
  readonly redactor?: Redactor | undefined;
  /** Only this buffer of the recording. */
  readonly buffer?: string | undefined;
  /** Progress callback with the share of the recording that has been read. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** Moments as a redacted recording names them. */
export const askedOf = (
  moments: readonly MomentSelector[],
  redactor: Redactor | undefined,
): readonly MomentSelector[] =>
  redactor === undefined
    ? moments
    : moments.map((one) => (one.kind === 'marker' ? { ...one, text: redactor.askedMarker(one.text) } : one));

/** The recording does not have the requested object. The message is one line and names the existing ones. */
export class QuestionError extends Error {
  override readonly name = 'QuestionError';
}

/** Reads `SECONDS`, `end`, `marker:TEXT` or `every-marker`. @returns undefined for any other text. */
export function parseMoment(text: string): MomentSelector | undefined {
  if (text === 'end' || text === 'every-marker') return { kind: text };
  if (text.startsWith('marker:')) return { kind: 'marker', text: text.slice('marker:'.length) };
  const at = parseTime(text);
  if (at === undefined) return undefined;
  return { kind: 'time', at: nanoseconds(at), count: /^\d+$/.test(text) ? nanoseconds(BigInt(text)) : undefined };
}

/**
 * Reads `MAJOR:MINOR:INO` or `INO`, the inode in hexadecimal with `0x` or in decimal. @returns undefined for any other
 * text.
 */
export function parseInode(text: string): InodeSelector | undefined {
  const match = /^(?:(\d{1,9}):(\d{1,9}):)?(0x[\da-f]{1,16}|\d{1,20})$/i.exec(text);
  if (match === null) return undefined;
  const [, major, minor, number = ''] = match;
  return {
    dev: major === undefined ? undefined : dev(Number(major), Number(minor)),
    ino: ino(BigInt(number)),
  };
}

/** Reads `A..B`, page indexes, half-open. @returns undefined if it is no such range or is empty. */
export function parseRange(text: string): IndexRange | undefined {
  const match = /^(\d{1,15})\.\.(\d{1,15})$/.exec(text);
  if (match === null) return undefined;
  const [from, to] = [Number(match[1]), Number(match[2])];
  return from < to ? { from: folioIndex(from), to: folioIndex(to) } : undefined;
}
