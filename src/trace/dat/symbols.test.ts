// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KernelSymbols } from './symbols.ts';

const symbols = (text: string): KernelSymbols => new KernelSymbols(new TextEncoder().encode(text));

const TEXT = [
  'ffffffff81000000 T _text',
  'ffffffff81000100 t lru_add',
  'ffffffff81000100 T lru_add_alias',
  'ffffffff81000200 T folio_add_lru',
  'ffffffffc0000300 t kvm_b\t[kvm]',
  'ffffffffc0000100 t kvm_a\t[kvm]',
  '',
].join('\n');

describe('an address', () => {
  it.each([
    [0xffff_ffff_8100_0000n, '_text'],
    [0xffff_ffff_8100_00ffn, '_text'],
    [0xffff_ffff_8100_0100n, 'lru_add_alias'],
    [0xffff_ffff_8100_0200n, 'folio_add_lru'],
    [0xffff_ffff_c000_02ffn, 'kvm_a'],
    [0xffff_ffff_c000_0300n, 'kvm_b'],
    [0xffff_ffff_80ff_ffffn, undefined],
  ])('%s is in %s', (address, name) => {
    expect(symbols(TEXT).name(address)).toBe(name);
    expect(symbols(`${TEXT}\0`).name(address)).toBe(name);
  });

  it('is in nothing where the recorder saw no addresses, or no text', () => {
    const hidden = TEXT.replaceAll(/^f[0-9a-f]+/gm, '0000000000000000');
    for (const text of [hidden, '', 'x', '\n\n', 'zz T a\n']) expect(symbols(text).name(0x10n)).toBeUndefined();
  });

  it('is found as by looking at every line', () => {
    const address = fc.bigInt(0x1000n, 0x1100n);
    const name = fc.stringMatching(/^[a-z]{1,20}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(address, name), { minLength: 2 }), address, (list, wanted) => {
        const sorted = list.toSorted(([a], [b]) => Number(a - b));
        const last = sorted.findLast(([here]) => here <= wanted);
        fc.pre(sorted[0]?.[0] !== sorted.at(-1)?.[0] && wanted <= (sorted.at(-1)?.[0] ?? 0n));
        const text = sorted.map(([here, called]) => `${here.toString(16)} T ${called}\n`).join('');
        expect(symbols(text).name(wanted)).toBe(last?.[1]);
      }),
    );
  });
});
