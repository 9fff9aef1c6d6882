// SPDX-License-Identifier: MIT
import type { Search } from './data/opened.ts';

/**
 * A parsed search: `93` or `index 93`, `pfn 0x234f52`, `pid 24162`, `task gmem-workload` or any other word.
 * @returns undefined for nothing.
 */
export function parseSearch(text: string): Search | undefined {
  const words = text.trim();
  if (words === '') return undefined;
  const [, what = '', number = ''] = /^(?:(index|page|pfn|pid)\s+)?(0x[\da-f]{1,13}|\d{1,15})$/i.exec(words) ?? [];
  if (number !== '') {
    const value = Number(number);
    switch (what.toLowerCase()) {
      case 'pfn':
        return { what: 'pfn', number: value };
      case 'pid':
        return { what: 'pid', number: value };
      default:
        // Page frames are written in hexadecimal, indexes are not.
        return what === '' && /^0x/i.test(number) ? { what: 'pfn', number: value } : { what: 'index', number: value };
    }
  }
  return { what: 'task', text: words.replace(/^task\s+/i, '') };
}
