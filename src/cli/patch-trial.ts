// SPDX-License-Identifier: MIT
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from '../abi/index.ts';
import { KERNEL_PARTS } from '../kernel/index.ts';
import { InputError } from '../ledger/index.ts';
import { type Call, createMachine, type Machine, type Patch } from '../machine/index.ts';
import { inOneLine, placeIn, placesOf, tracing } from './patch-origin.ts';
import { BUILT, RECORDINGS, recordings, requireOneText, textOf, TRIED } from './patch-text.ts';
import { forgetTurns } from './patch-watch.ts';

/** The trial: a page that has just been touched is converted. */
const TRIAL: readonly Call[] = [
  { call: 'touch', inode: 0, start: 0, pages: 1 },
  {
    call: 'set-memory-attributes2',
    inode: 0,
    argument: { offset: 0n, size: PAGE_SIZE, attributes: KVM_MEMORY_ATTRIBUTE_PRIVATE, flags: 0n, reserved: [] },
  },
];

/** Largest number of steps of the trial; it normally needs far fewer. */
const MOST_TRIAL_STEPS = 10_000;

/**
 * Requires that a form can be built: the text of a check runs when a kernel is built with it, and must be the same each time.
 * Its steps are tried once in the interpreter, because a loop without a step would never end in compiled steps.
 */
export function requireToBuild(file: string, patch: Patch): void {
  let machine: Machine;
  try {
    forgetTurns();
    machine = tracing(() => createMachine({ ...BUILT, patch, calls: TRIED }));
    requireOneText(file, patch, [textOf(machine), ...recordings(patch, RECORDINGS - 1)]);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const place = placeIn(file, error);
    const located = placesOf.get(patch)?.(inOneLine(error));
    if (located !== undefined) throw new InputError(located);
    throw new InputError(`${place}: no kernel can be built with it: ${inOneLine(error)}${missing(patch, error)}`);
  }
  try {
    let steps = 0;
    for (const call of TRIAL) {
      machine.begin(0, call);
      while (machine.busy(0) && steps++ < MOST_TRIAL_STEPS) if (machine.step(0) === undefined) machine.step(1);
      if (machine.busy(0)) return;
    }
  } catch (error) {
    const located = placesOf.get(patch)?.(inOneLine(error));
    throw new InputError(located ?? `${file}: ${patch.name} fails where one page is converted: ${inOneLine(error)}`);
  }
}

/**
 * The missing field of a form that uses memory outside its kernel: the part, or the field, with which a kernel can be built.
 */
function missing(patch: Patch, error: unknown): string {
  if (!(error instanceof RangeError)) return '';
  const ways: readonly (readonly [string, Patch])[] = [
    ['freezes: true', { ...patch, freezes: true }],
    ...KERNEL_PARTS.map((part): readonly [string, Patch] => [
      `parts: ['${part}']`,
      { ...patch, parts: [...(patch.parts ?? []), part] },
    ]),
  ];
  const found = ways.find(([, its]) => {
    try {
      createMachine({ ...BUILT, patch: its, calls: TRIED });
      return true;
    } catch {
      return false;
    }
  });
  return found === undefined ? '' : `; expected ${found[0]} among the form's fields`;
}
