// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ALTERNATIVES, KERNEL_PARTS } from '../kernel/index.ts';
import { InputError } from '../ledger/index.ts';
import { type Patch, PATCHES } from '../machine/index.ts';

export function exported(file: string, module: unknown): Patch {
  const form = typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
  const expected = 'expected a form of the check, { name, summary, check }';
  if (form === undefined) throw new InputError(`${file}: no default export, ${expected}`);
  if (hasBareCheck(form))
    throw new InputError(
      `${fieldIn(file, 'check')}: check: expected safetyCheck((k, args) => { ... }), not the text itself`,
    );
  if (!isPatch(form)) throw new InputError(`${file}: the default export is something else, ${expected}`);
  if (!/^[a-z][\w.-]{0,30}$/i.test(form.name))
    throw new InputError(
      `${fieldIn(file, 'name')}: name: expected at most 31 letters, digits, dots, dashes and underscores, not '${form.name}'`,
    );
  if ([...PATCHES, ...ALTERNATIVES].some(({ name }) => name === form.name))
    throw new InputError(
      `${fieldIn(file, 'name')}: name: '${form.name}' is one of folioscope's own forms, expected another name`,
    );
  requireFields(file, form);
  return form;
}

/** `FILE:LINE` of a field in a form's text if it is found, otherwise the file. */
function fieldIn(file: string, field: string): string {
  const lines = readFileSync(resolve(file), 'utf8').split('\n');
  const written = new RegExp(String.raw`(?:^|[\s{,])${field}\s*:`);
  const line = lines.findIndex((text) => written.test(text));
  return line === -1 ? file : `${file}:${line + 1}`;
}

/** Whether a form's check is a bare function instead of a routine. */
const hasBareCheck = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'check' in value && typeof value.check === 'function';

function isPatch(value: unknown): value is Patch {
  if (typeof value !== 'object' || value === null) return false;
  if (!('name' in value && 'summary' in value && 'check' in value)) return false;
  const { name, summary, check } = value;
  if (typeof name !== 'string' || typeof summary !== 'string' || typeof check !== 'object' || check === null)
    return false;
  return 'text' in check && typeof check.text === 'function';
}

const isYesOrNo = (value: unknown): boolean => value === undefined || typeof value === 'boolean';

const isList = (value: unknown, isOne: (one: unknown) => boolean): boolean =>
  value === undefined || (Array.isArray(value) && value.every(isOne));

const hasNumbers = (value: unknown, fields: readonly string[]): boolean => {
  if (value === undefined) return true;
  if (typeof value !== 'object' || value === null) return false;
  const found = new Map<string, unknown>(Object.entries(value));
  return (
    found.size === fields.length &&
    fields.every((name) => Number.isInteger(found.get(name)) && Number(found.get(name)) >= 0)
  );
};

/** Optional fields of a user's form. It cannot declare itself a mutant: mutants are folioscope's own. */
const FIELDS: Readonly<Record<string, { readonly expected: string; readonly allows: (value: unknown) => boolean }>> = {
  guestFaultPutsAtOnce: { expected: 'true or false', allows: isYesOrNo },
  skipsLru: { expected: 'true or false', allows: isYesOrNo },
  freezes: { expected: 'true or false', allows: isYesOrNo },
  mostDrains: {
    expected: '{ local: N, all: N }',
    allows: (value) => hasNumbers(value, ['local', 'all']),
  },
  mostReads: {
    expected: '{ each: N, besides: N }',
    allows: (value) => hasNumbers(value, ['each', 'besides']),
  },
  ownReferences: {
    expected: 'a number up to 1000',
    allows: (value) => value === undefined || (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 1000),
  },
  statics: {
    expected: 'a list of shared variables',
    allows: (value) => isList(value, (one) => typeof one === 'object' && one !== null && 'variable' in one),
  },
  exports: { expected: 'a list of names', allows: (value) => isList(value, (one) => typeof one === 'string') },
  parts: {
    expected: `a list of ${KERNEL_PARTS.join(', ')}`,
    allows: (value) => isList(value, (one) => KERNEL_PARTS.some((part) => part === one)),
  },
};

const NEEDED = ['name', 'summary', 'check'];

/** @throws InputError if a form has an unknown field, or an invalid value. */
function requireFields(file: string, form: Patch): void {
  for (const [field, value] of Object.entries(form)) {
    if (NEEDED.includes(field)) continue;
    const rule = Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined;
    if (rule === undefined)
      throw new InputError(
        `${fieldIn(file, field)}: ${field}: no field of a form, expected ${[...NEEDED, ...Object.keys(FIELDS)].join(', ')}`,
      );
    if (!rule.allows(value)) throw new InputError(`${fieldIn(file, field)}: ${field}: expected ${rule.expected}`);
  }
}
