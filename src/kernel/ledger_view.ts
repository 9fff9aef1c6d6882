// SPDX-License-Identifier: GPL-2.0-only
import { columnOf, type Interpreter } from '../lang/index.ts';
import { type Cpu, cpu, type Holder, HOLDER_KINDS, type HolderKind, referencesOf } from '../ledger/index.ts';
import { iPages } from './filemap.ts';
import { cpuFbatches } from './folio.ts';
import { pins } from './gup.ts';
import { mlockFbatch } from './mlock.ts';
import { folio } from './page_ref.ts';
import { pte } from './zap.ts';

/** The holders of every folio that has any, by folio number: a view of the state, which holds nothing of its own. */
export type Holders = ReadonlyMap<number, readonly Holder[]>;

const kindOf = (label: string): HolderKind => {
  const kind = HOLDER_KINDS.find((known) => known === label);
  if (kind === undefined) throw new Error(`a routine claims '${label}', which is no kind of holder`);
  return kind;
};

/** Who holds what, from batch slots, page tables, the page cache, pins, and each task's position. */
export function holdersOf(interpreter: Interpreter, taskName: (task: number) => string): Holders {
  const { memory, program } = interpreter;
  const folios = columnOf(memory, folio.refcount).length;
  const byFolio = new Map<number, Map<string, Holder>>();
  const add = (of: number, kind: HolderKind, references: number, more: { cpu?: Cpu; task?: string } = {}): void => {
    if (of >= folios || references === 0) return;
    const holders = byFolio.get(of) ?? new Map<string, Holder>();
    byFolio.set(of, holders);
    const key = `${HOLDER_KINDS.indexOf(kind)} ${more.cpu ?? ''} ${more.task ?? ''}`;
    holders.set(key, { kind, references: references + (holders.get(key)?.references ?? 0), ...more });
  };
  for (const of of columnOf(memory, iPages)) add(of, 'page-cache', 1);
  for (const of of columnOf(memory, pte)) add(of, 'user-mapping', 1);
  const slotsPerCpu = program.sizes['slot'] ?? 1;
  for (const [i, of] of columnOf(memory, cpuFbatches.lruAdd.folios).entries())
    add(of, 'lru-add-batch', 1, { cpu: cpu(Math.floor(i / slotsPerCpu)) });
  const slotsPerMlockBatch = program.sizes['mlock_slot'] ?? 0;
  for (const [i, of] of columnOf(memory, mlockFbatch.folios).entries())
    add(of, 'mlock-batch', program.sizes['mlock_references'] ?? 0, { cpu: cpu(Math.floor(i / slotsPerMlockBatch)) });
  const references = columnOf(memory, pins.references);
  for (const [pin, of] of columnOf(memory, pins.folio).entries()) add(of, 'gup', references[pin] ?? 0);
  for (let task = 0; task < memory.code.length; task++)
    for (const { label, of, amount, on } of interpreter.claims(task))
      add(of, kindOf(label), amount, { task: taskName(task), ...(on === undefined ? {} : { cpu: cpu(on) }) });
  return new Map([...byFolio].map(([of, holders]) => [of, [...holders.values()].toSorted(inOrder)]));
}

/** By kind, then CPU, then task. */
function inOrder(a: Holder, b: Holder): number {
  if (a.kind !== b.kind) return HOLDER_KINDS.indexOf(a.kind) - HOLDER_KINDS.indexOf(b.kind);
  if (a.cpu !== b.cpu) return (a.cpu ?? -1) - (b.cpu ?? -1);
  return (a.task ?? '') < (b.task ?? '') ? -1 : 1;
}

/** Folios whose count is not the sum of their holders (invariant I6); empty in a sound state. */
export function imbalances(
  interpreter: Interpreter,
  holders: Holders,
): readonly { folio: number; count: number; held: number }[] {
  const counts = columnOf(interpreter.memory, folio.refcount);
  return [...counts].flatMap((count, of) => {
    const held = referencesOf(holders.get(of) ?? []);
    return held === count ? [] : [{ folio: of, count, held }];
  });
}
