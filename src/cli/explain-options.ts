// SPDX-License-Identifier: MIT
import { InvalidArgumentError } from 'commander';
import {
  type IndexRange,
  type InodeSelector,
  type MomentSelector,
  parseInode,
  parseMoment,
  parsePfn,
  parseRange,
} from '../explain/index.ts';
import { type Cpu, cpu, formatTime, type Pfn } from '../ledger/index.ts';
import { type Patch, PATCHES, type Profile, PROFILES } from '../machine/index.ts';
import type { Redactor } from '../trace/index.ts';

/** Largest number of CPUs that Linux is built for (NR_CPUS). */
const MOST_CPUS = 8192;

export interface Options {
  readonly at: readonly MomentSelector[];
  readonly pfn?: Pfn;
  readonly inode?: InodeSelector;
  readonly range?: IndexRange;
  readonly cpu?: Cpu;
  readonly profile?: Profile;
  readonly buffer?: string;
  readonly patch: readonly Patch[];
  readonly failOn: 'last' | 'any';
  readonly redact?: boolean;
  readonly html?: string;
  readonly json?: boolean;
}

export const names = (known: readonly { readonly name: string }[]): string => known.map(({ name }) => name).join(', ');

/** A parsed value. @throws InvalidArgumentError with what was expected. */
function understood<Value>(value: Value | undefined, expected: string): Value {
  if (value === undefined) throw new InvalidArgumentError(`Expected ${expected}.`);
  return value;
}

export const addMoment = (text: string, before: readonly MomentSelector[]): readonly MomentSelector[] => [
  ...before,
  understood(parseMoment(text), 'SECONDS (718.867524), end, marker:TEXT or every-marker'),
];

export const readInode = (text: string): InodeSelector =>
  understood(parseInode(text), 'DEV:INO (0:16:0x4414) or INO, with 0x or decimal');

export const readPfn = (text: string): Pfn => understood(parsePfn(text), 'a page frame number, with 0x or decimal');

export const readRange = (text: string): IndexRange => understood(parseRange(text), 'A..B in pages, with A below B');

export const readCpu = (text: string): Cpu =>
  understood(
    /^\d{1,4}$/.test(text) && Number(text) < MOST_CPUS ? cpu(Number(text)) : undefined,
    `a CPU from 0 to ${MOST_CPUS - 1}`,
  );

export const readProfile = (text: string): Profile =>
  understood(
    PROFILES.find(({ name }) => name === text),
    `one of ${names(PROFILES)}`,
  );

export const readPatches = (text: string): readonly Patch[] => {
  const named = text.split(',').map((word) =>
    understood(
      PATCHES.find(({ name }) => name === word.trim()),
      `some of ${names(PATCHES)}, with commas between`,
    ),
  );
  return [...new Set(named)];
};

/** The options that give the same answer again. */
export const optionsAgain = (
  { at, inode, range, cpu: converter, profile, buffer, patch, failOn, redact }: Options,
  redactor?: Redactor,
): readonly string[] => [
  ...at.flatMap((moment) => ['--at', momentWord(moment, redactor)]),
  ...(inode === undefined
    ? []
    : ['--inode', `${inode.dev === undefined ? '' : `${inode.dev}:`}0x${inode.ino.toString(16)}`]),
  ...(range === undefined ? [] : ['--range', `${range.from}..${range.to}`]),
  ...(converter === undefined ? [] : ['--cpu', String(converter)]),
  ...(profile === undefined ? [] : ['--profile', profile.name]),
  ...(buffer === undefined ? [] : ['--buffer', redactor?.buffer(buffer) ?? buffer]),
  ...(failOn === 'any' ? ['--fail-on', failOn] : []),
  ...(redact === true ? ['--redact'] : []),
  ...(names(patch) === names(PATCHES) ? [] : ['--patch', names(patch).replaceAll(' ', '')]),
];

export function momentWord(moment: MomentSelector, redactor?: Redactor): string {
  switch (moment.kind) {
    case 'time':
      return moment.count === undefined ? formatTime(moment.at) : String(moment.count);
    case 'marker':
      return `marker:${redactor?.askedMarker(moment.text) ?? moment.text}`;
    case 'end':
    case 'every-marker':
      return moment.kind;
  }
}
