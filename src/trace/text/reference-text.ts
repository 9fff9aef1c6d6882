// SPDX-License-Identifier: MIT
import type { Order, PageFree, PageReference, Pfn } from '../../ledger/index.ts';
import { MAX_ORDER } from '../limits.ts';
import { REFERENCE_EVENTS } from '../page-reference-names.ts';
import type { LineOrigin } from './decoded-text.ts';
import { fieldsOf } from './fields-text.ts';

/** The kernel's text; newer ones may omit the mapping and its count (proposed in January 2025; 7.3 has
 * them), page_pinner has no `val`. */
const REFERENCE =
  /^(\w+): *pfn=(0x[0-9a-f]{1,13}|\d{1,15}) flags=(\S*) count=(-?\d{1,10})(?: mapcount=(-?\d{1,10}))?(?: mapping=(\S+))?(?: mt=-?\d{1,10})?(?: val=(-?\d{1,10}))?(?: ret=(-?\d{1,10}))?\s*$/;
const NAME = /^(\w+):/;
const FREE = /\bpfn=(0x[0-9a-f]{1,13}|\d{1,15})\b(?:.*?\border=(?:0x[0-9a-f]+ )?\(?(\d{1,3}))\b/;

/** Reads an event of {@link REFERENCE_EVENTS}. @param text from its name to the end of the line. */
export function referenceFromText(text: string, origin: LineOrigin): PageReference | 'nothing' | 'unreadable' {
  const [, name = '', pfn, flags = '', count = '', mapcount, mapping, value, returned] = REFERENCE.exec(text) ?? [];
  if (pfn === undefined) return referenceFromFields(text, origin);
  const operation = REFERENCE_EVENTS.get(name);
  if (operation === undefined) return 'nothing';
  return {
    type: 'page-reference',
    ...origin,
    operation,
    pfn: Number(pfn) as Pfn,
    flags,
    count: Number(count),
    mapcount: mapcount === undefined ? undefined : Number(mapcount),
    mapping: addressFromText(mapping),
    value: Number(value ?? 0),
    returned: returned === undefined ? undefined : Number(returned),
  };
}

/** The same as option `fields` prints it. */
function referenceFromFields(text: string, origin: LineOrigin): PageReference | 'nothing' | 'unreadable' {
  const operation = REFERENCE_EVENTS.get(NAME.exec(text)?.[1] ?? '');
  if (operation === undefined) return 'nothing';
  const fields = fieldsOf(text);
  const int = (name: string): number | undefined => {
    const value = fields.get(name);
    return value === undefined ? undefined : Number(BigInt.asIntN(32, value));
  };
  const pfn = fields.get('pfn');
  const count = int('count');
  if (pfn === undefined || pfn > BigInt(Number.MAX_SAFE_INTEGER) || count === undefined) return 'unreadable';
  return {
    type: 'page-reference',
    ...origin,
    operation,
    pfn: Number(pfn) as Pfn,
    flags: `0x${(fields.get('flags') ?? 0n).toString(16)}`,
    count,
    mapcount: int('mapcount'),
    mapping: addressFromText(fields.get('mapping')?.toString(16)),
    value: int('val') ?? 0,
    returned: int('ret'),
  };
}

/** Sixteen digits; undefined for null and for what is no address (`(____ptrval____)`). */
function addressFromText(text: string | undefined): string | undefined {
  const [, digits] = /^(?:0x)?0*([0-9a-f]{1,16})$/.exec(text ?? '') ?? [];
  return digits === undefined || digits === '0' ? undefined : digits.padStart(16, '0');
}

/** `mm_page_free: page=... pfn=0x1a order=0`. @param text from its name to the end of the line. */
export function freeFromText(text: string, origin: LineOrigin): PageFree | 'unreadable' {
  const [, pfn, order] = FREE.exec(text) ?? [];
  if (pfn === undefined || order === undefined || Number(order) > MAX_ORDER) return 'unreadable';
  return { type: 'mm_page_free', ...origin, pfn: Number(pfn) as Pfn, order: Number(order) as Order };
}
