// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { parseSearch } from './search-text.ts';

test.each([
  ['93', { what: 'index', number: 93 }],
  ['index 93', { what: 'index', number: 93 }],
  ['page 0x5d', { what: 'index', number: 93 }],
  ['0x234f52', { what: 'pfn', number: 0x23_4f_52 }],
  ['pfn 2314066', { what: 'pfn', number: 2_314_066 }],
  ['pid 24162', { what: 'pid', number: 24_162 }],
  ['task vmm', { what: 'task', text: 'vmm' }],
  [' CPU 0/KVM ', { what: 'task', text: 'CPU 0/KVM' }],
  ['', undefined],
])('%j', (text, search) => {
  expect(parseSearch(text)).toEqual(search);
});
