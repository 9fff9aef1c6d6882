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
import type { IndexRange } from './answer.ts';

/** When the state is asked for. */
export type MomentSelector =
  /** `count`: the same where the recording's clock counts, as its recorder prints stamps; undefined for a fraction. */
  | { readonly kind: 'time'; readonly at: Nanoseconds; readonly count?: Nanoseconds | undefined }
  | { readonly kind: 'end' }
  /** The first marker with exactly this text. */
  | { readonly kind: 'marker'; readonly text: string }
  | { readonly kind: 'every-marker' };

export interface InodeSelector {
  /** Any device where undefined. */
  readonly dev: Dev | undefined;
  readonly ino: Ino;
}

export interface Question {
  /** Every marker, and the end, where empty. */
  readonly moments: readonly MomentSelector[];
  /** Only this inode, whatever it is; all guest_memfd inodes where undefined. */
  readonly inode?: InodeSelector | undefined;
  /** The pages that would be converted; the whole inode where undefined. */
  readonly range?: IndexRange | undefined;
  /** The CPU that would convert; chosen from the recording where undefined. */
  readonly cpu?: Cpu | undefined;
  /** Inferred from the recording where undefined. */
  readonly profile?: Profile | undefined;
  /** Forms of the check, in the order of the answer. */
  readonly patches: readonly Patch[];
  /** Whether task names and addresses are replaced in the answer. */
  readonly redact?: boolean | undefined;
  /** Only this buffer of the recording. */
  readonly buffer?: string | undefined;
  /** Called now and then with the share of the recording that has been read. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** What was asked for is not in the recording. The message is one line and names what there is. */
export class QuestionError extends Error {
  override readonly name = 'QuestionError';
}

/** Reads `SECONDS`, `end`, `marker:TEXT` or `every-marker`. @returns undefined where it is none of them. */
export function parseMoment(text: string): MomentSelector | undefined {
  if (text === 'end' || text === 'every-marker') return { kind: text };
  if (text.startsWith('marker:')) return { kind: 'marker', text: text.slice('marker:'.length) };
  const at = parseTime(text);
  if (at === undefined) return undefined;
  return { kind: 'time', at: nanoseconds(at), count: /^\d+$/.test(text) ? nanoseconds(BigInt(text)) : undefined };
}

/** Reads `MAJOR:MINOR:INO` or `INO`, the inode in hexadecimal with `0x` or in decimal. @returns undefined where it is neither. */
export function parseInode(text: string): InodeSelector | undefined {
  const match = /^(?:(\d{1,9}):(\d{1,9}):)?(0x[\da-f]{1,16}|\d{1,20})$/i.exec(text);
  if (match === null) return undefined;
  const [, major, minor, number = ''] = match;
  return {
    dev: major === undefined ? undefined : dev(Number(major), Number(minor)),
    ino: ino(BigInt(number)),
  };
}

/** Reads `A..B`, page indexes, half-open. @returns undefined where it is no such range or holds no page. */
export function parseRange(text: string): IndexRange | undefined {
  const match = /^(\d{1,15})\.\.(\d{1,15})$/.exec(text);
  if (match === null) return undefined;
  const [from, to] = [Number(match[1]), Number(match[2])];
  return from < to ? { from: folioIndex(from), to: folioIndex(to) } : undefined;
}
