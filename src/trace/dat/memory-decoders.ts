// SPDX-License-Identifier: MIT
import type { Order, PageReference, Pfn, ReferenceOperation } from '../../ledger/index.ts';
import { MAX_ORDER } from '../limits.ts';
import { REFERENCE_EVENTS } from '../page-reference-names.ts';
import type { Maker } from './decoder.ts';
import { readBigint, readNumber } from './record-fields.ts';

/** Texts of numbers, each made once: pages have few different flags and mappings. */
function hexNames(text: (value: bigint) => string): (value: bigint) => string {
  const names = new Map<bigint, string>();
  return (value) => {
    const known = names.get(value);
    if (known !== undefined) return known;
    if (names.size > 1000) names.clear();
    const name = text(value);
    names.set(value, name);
    return name;
  };
}

/** include/trace/events/page_ref.h; `mapcount` and `mapping` may be absent, page_pinner has no `val`. */
const reference =
  (operation: ReferenceOperation): Maker =>
  ({ number }) => {
    const pfn = number('pfn');
    const count = number('count');
    const flags = number('flags');
    const mapcount = number('mapcount');
    const mapping = number('mapping');
    const value = number('val');
    const returned = number('ret');
    if (pfn === undefined || count === undefined) return undefined;
    const flagsOf = hexNames((bits) => `0x${bits.toString(16)}`);
    const mappingOf = hexNames((address) => address.toString(16).padStart(16, '0'));
    const fields = [pfn, count, flags, mapcount, mapping, value, returned];
    return {
      needs: Math.max(...fields.map((field) => field?.needs ?? 0)),
      decode: ({ words, base, at, cpu, pid, comm, buffer }): PageReference | 'unreadable' => {
        const pfnValue = readNumber(words, base, pfn);
        if (pfnValue > Number.MAX_SAFE_INTEGER) return 'unreadable';
        const address = mapping === undefined ? 0n : readBigint(words, base, mapping);
        return {
          type: 'page-reference',
          at,
          cpu,
          pid,
          comm,
          buffer,
          operation,
          pfn: pfnValue as Pfn,
          flags: flagsOf(flags === undefined ? 0n : readBigint(words, base, flags)),
          count: readNumber(words, base, count) | 0,
          mapcount: mapcount === undefined ? undefined : readNumber(words, base, mapcount) | 0,
          mapping: address === 0n ? undefined : mappingOf(address),
          value: value === undefined ? 0 : readNumber(words, base, value) | 0,
          returned: returned === undefined ? undefined : readNumber(words, base, returned) | 0,
        };
      },
    };
  };

const pageFree: Maker = ({ number }) => {
  const pfn = number('pfn');
  const order = number('order');
  if (pfn === undefined || order === undefined) return undefined;
  return {
    needs: Math.max(pfn.needs, order.needs),
    decode: ({ words, base, at, cpu, pid, comm, buffer }) => {
      const pfnValue = readNumber(words, base, pfn);
      if (pfnValue > Number.MAX_SAFE_INTEGER) return 'unreadable';
      const orderValue = readNumber(words, base, order) as Order;
      if (orderValue > MAX_ORDER) return 'unreadable';
      return { type: 'mm_page_free', at, cpu, pid, comm, buffer, pfn: pfnValue as Pfn, order: orderValue };
    },
  };
};

/** The families are in systems of the same names; a folio_ref event could also be in page_ref. */
export const MEMORY_MAKERS: readonly (readonly [string, Maker])[] = [
  ['kmem:mm_page_free', pageFree],
  ...[...REFERENCE_EVENTS].flatMap(([name, operation]) =>
    ['page_ref', 'folio_ref', 'page_pinner'].map((system) => [`${system}:${name}`, reference(operation)] as const),
  ),
];
