// SPDX-License-Identifier: MIT
// Nothing above the kernel recognises a routine, a step or a local by what it is called.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ALTERNATIVES, buildKernel, DEFAULT_PROFILE, KERNEL_PARTS, PATCHES } from '../src/kernel/index.ts';
import type { Body } from '../src/lang/index.ts';

const ROOMS = ['verify', 'scenario', 'check', 'lang', 'report'];

/** Every object in a program's text; the text is data, so names stand in it as fields. */
function* parts(of: unknown, seen = new Set<unknown>()): Generator<Readonly<Record<string, unknown>>> {
  if (typeof of !== 'object' || of === null || seen.has(of)) return;
  seen.add(of);
  if (!Array.isArray(of)) yield of as Readonly<Record<string, unknown>>;
  for (const part of Object.values(of)) yield* parts(part, seen);
}

/** Names of the kernel's routines, steps and locals, in every form of the check. */
function namesOfTheKernel(): ReadonlySet<string> {
  const names = new Set<string>();
  for (const patch of [...PATCHES, ...ALTERNATIVES]) {
    const { codes } = buildKernel(
      { profile: DEFAULT_PROFILE, patch },
      {
        tasks: 2,
        cpus: 1,
        folios: 2,
        inodes: 1,
        pages: 2,
        mms: 1,
        pins: 1,
        references: 40,
        order: 1,
        parts: KERNEL_PARTS,
      },
    );
    for (const { body } of codes)
      for (const part of parts(body satisfies readonly Body[])) {
        const { name, path, length, slot } = part as Partial<Record<'name' | 'path' | 'length' | 'slot', unknown>>;
        if (Array.isArray(path)) for (const routine of path) names.add(String(routine));
        if (typeof name === 'string' && (Array.isArray(path) || slot !== undefined || length !== undefined))
          names.add(name);
      }
  }
  return names;
}

/**
 * Names that can only be the kernel's. A single word of the language (`index`, `refused`) is also a kind of values, a field of an answer,
 * or a call of the scenario language, and says nothing about who uses it.
 */
const isTheKernels = (name: string): boolean => /[^a-z]/.test(name) || name === 'kworker';

function literalsIn(room: string): ReadonlyMap<string, string> {
  const folder = fileURLToPath(new URL(`../src/${room}`, import.meta.url));
  const found = new Map<string, string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    const text = readFileSync(join(folder, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    for (const [, single, double, template] of text.matchAll(/'([^'\n]*)'|"([^"\n]*)"|`([^`$]*)`/g))
      found.set(single ?? double ?? template ?? '', `${room}/${file}`);
  }
  return found;
}

test.each(ROOMS)('no name of a kernel routine, step or local stands in src/%s', (room) => {
  const names = namesOfTheKernel();
  expect(names.has('kvm_gmem_is_safe_for_conversion') && names.has('mas_store') && names.has('err_index')).toBe(true);
  const offending = [...literalsIn(room)].filter(([literal]) => names.has(literal) && isTheKernels(literal));
  expect(offending).toEqual([]);
});
