// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { ADDRESS_VERSION, AddressError, formatAddress, parseAddress } from './address.ts';
import { UPGRADERS } from './upgrade.ts';

test('an address is read as it was written, whatever is in its fields', () => {
  const address = { view: 'playground', state: { code: 'if (a && b)\n\treturn "ä#?=";', at: '31' } } as const;
  expect(parseAddress(`#${formatAddress(address)}`)).toEqual(address);
  expect(formatAddress({ view: 'book', state: { b: '1', a: '2' } })).toBe('v1/book?a=2&b=1');
});

test('an empty address is the landing page', () => {
  expect(parseAddress('')).toEqual({ view: 'book', state: {} });
});

test('every older version has an upgrader', () => {
  expect([...UPGRADERS.keys()]).toEqual(Array.from({ length: ADDRESS_VERSION }, (_, version) => version));
  expect(parseAddress('#run?scenario=SC-02&patch=v6&step=3')).toEqual({
    view: 'book',
    state: { scenario: 'SC-02', forms: 'v6', at: '3' },
  });
});

test('a newer version and an unknown view are refused in one line', () => {
  expect(() => parseAddress('#v9/book')).toThrow(AddressError);
  expect(() => parseAddress('#v9/book')).toThrow('open it with a newer folioscope');
  expect(() => parseAddress('#v1/nothing')).toThrow("no view 'nothing', expected one of book, timeline");
});
