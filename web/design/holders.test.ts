// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { HOLDER_KINDS } from '../../src/ledger/index.ts';
import { HOLDER_LOOKS, holderName } from './holders.ts';

const css = readFileSync(new URL('tokens.css', import.meta.url), 'utf8');

/** A token's colours, light and dark; a token with one value has it twice. */
function coloursOf(token: string): readonly [string, string] {
  const [, light, dark = light] =
    new RegExp(String.raw`${token}:\s*(?:light-dark\()?(#\w{6})(?:, (#\w{6})\))?;`).exec(css) ?? [];
  if (light === undefined || dark === undefined) throw new Error(`no colour ${token}`);
  return [light, dark];
}

/** WCAG 2.2, relative luminance. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const GROUNDS = ['--ground', '--raised', '--sunk'];

describe('contrast, in both themes', () => {
  test.each(['--ink', '--dim', '--good', '--bad', '--unsure', '--focus'])('%s is read on every ground', (token) => {
    for (const ground of GROUNDS)
      for (const theme of [0, 1] as const)
        expect(contrast(coloursOf(token)[theme], coloursOf(ground)[theme])).toBeGreaterThanOrEqual(4.5);
  });

  test.each(HOLDER_KINDS)('%s is seen on every ground, and black is read on it', (kind) => {
    const { colour } = HOLDER_LOOKS[kind];
    const [light, dark] = coloursOf(colour);
    expect(light).toBe(dark);
    for (const theme of [0, 1] as const)
      for (const ground of GROUNDS) expect(contrast(light, coloursOf(ground)[theme])).toBeGreaterThanOrEqual(3);
    expect(contrast(light, coloursOf('--on-holder')[0])).toBeGreaterThanOrEqual(4.5);
  });
});

test('a letter and a word belong to one holder kind', () => {
  const looks = HOLDER_KINDS.map((kind) => HOLDER_LOOKS[kind]);
  expect(new Set(looks.map(({ letter }) => letter)).size).toBe(looks.length);
  expect(new Set(looks.map(({ word }) => word)).size).toBe(looks.length);
  expect(holderName({ kind: 'lookup', references: 1, task: 'T1' })).toBe('lookup, T1');
});
