// SPDX-License-Identifier: MIT
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from '../abi/index.ts';
import { type CallFields, callNamed } from '../kernel/index.ts';
import type { Call, Conversion } from '../machine/index.ts';

/** Names of the objects that calls use, by number. */
export interface CallNames {
  /** Undefined for the only guest_memfd of a scenario. */
  readonly guestMemfds: readonly (string | undefined)[];
  readonly pins: readonly string[];
  readonly tasks: readonly string[];
}

/** A call in a few words, much as in a scenario file: `convert 0..1 to private`. */
export function callText(call: Call, names: CallNames): string {
  const of = (inode: number | undefined): string => {
    const name = names.guestMemfds[inode ?? 0];
    return name === undefined ? '' : ` of ${name}`;
  };
  if (call.call === 'set-memory-attributes2') return conversionText(call, of(call.inode));
  const { says } = callNamed(call.call);
  const fields: Partial<CallFields> & Pick<Call, 'call'> = call;
  const { inode, start, pages, index, sourceInode, sourceIndex, value, pin, task, cpu, process, pfn, batch } = fields;
  const file = inode === undefined ? '' : of(inode);
  const unless = <T>(absent: T | undefined, text: (given: T) => string): string =>
    absent === undefined ? '' : text(absent);
  const words = {
    file,
    range: unless(start, (from) => `${from}..${from + (pages ?? 0)}${file}`),
    page: unless(index, (page) => `page ${page}${file}`),
    from: unless(sourceIndex, (page) => `page ${page}${of(sourceInode)}`),
    value: unless(value, String),
    as: unless(fields.private, (asPrivate) => (asPrivate ? 'private' : 'shared')),
    pin: unless(pin, (number) => names.pins[number] ?? ''),
    task: unless(task, (number) => names.tasks[number] ?? ''),
    cpu: unless(cpu, (number) => `CPU ${number}`),
    process: unless(process, (number) => `process ${number}`),
    frame: unless(pfn, (frame) => `pfn ${frame}`),
    batch: batch ?? '',
  };
  if (says !== undefined) return says(words);
  const { file: _, ...named } = words;
  return [call.call, ...Object.values(named).filter((word) => word !== '')].join(' ');
}

function conversionText({ argument, writable, outOfMemory }: Conversion, file: string): string {
  if (argument === undefined) return `convert${file}, struct unreadable`;
  const { offset, size, attributes, flags, reserved } = argument;
  const whole = offset % PAGE_SIZE === 0n && size % PAGE_SIZE === 0n && size > 0n;
  const range = whole ? `${offset / PAGE_SIZE}..${(offset + size) / PAGE_SIZE}` : `bytes ${offset}+${size}`;
  const to = attributes === KVM_MEMORY_ATTRIBUTE_PRIVATE ? 'private' : 'shared';
  const isKnown = attributes === KVM_MEMORY_ATTRIBUTE_PRIVATE || attributes === 0n;
  const extras = [
    ...(flags === 0n ? [] : [`flags ${flags}`]),
    ...(reserved.every((word) => word === 0n) ? [] : [`reserved ${reserved.join(' ')}`]),
    ...(writable === false ? ['struct read-only'] : []),
    ...(outOfMemory === true ? ['out of memory'] : []),
  ];
  return [`convert ${range}${file} to ${isKnown ? to : `attributes ${attributes}`}`, ...extras].join(', ');
}
