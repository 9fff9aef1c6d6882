// SPDX-License-Identifier: MIT
import { cpuFbatches, cpuMasks, FAULT, HOLDING, type Holding, pins, pte, tlb } from '../kernel/index.ts';
import { choose, claimed, literal, type Program, type Step, Value, type Variable } from '../lang/index.ts';
import { CHECKS_OWN, HOLDER_KINDS, isIdle } from '../ledger/index.ts';
import type { SmallWorld } from './small-world.ts';

export const numbers = (n: number): readonly number[] => [...Array(n).keys()];
export const all = (conditions: readonly Value<'bool'>[]): Value<'bool'> =>
  joined(conditions, literal<'bool'>(1), (a, b) => a.and(b));
export const any = (conditions: readonly Value<'bool'>[]): Value<'bool'> =>
  joined(conditions, literal<'bool'>(0), (a, b) => a.or(b));
export const sum = (values: readonly Value<'int'>[]): Value<'int'> =>
  joined(values, literal<'int'>(0), (a, b) => a.plus(b));

/** Balanced, so that expressions stay shallow for any number of values. */
function joined<T>(values: readonly T[], none: T, join: (a: T, b: T) => T): T {
  const [first, ...more] = values;
  if (first === undefined) return none;
  if (more.length === 0) return first;
  const middle = values.length >>> 1;
  return join(joined(values.slice(0, middle), none, join), joined(values.slice(middle), none, join));
}
export const asNumber = (condition: Value<'bool'>): Value<'int'> => choose<'int'>(condition, 1, 0);

type Folio = Value<'folio'>;

/** An element of shared memory. */
const elementAt = (variable: Variable, index: readonly number[]): Value<string> =>
  new Value({ op: 'read', variable, index: index.map((value) => ({ op: 'const', value })) });

/** Every place of an array with these extents. */
const places = (extents: readonly number[]): readonly (readonly number[])[] =>
  extents.reduce<readonly (readonly number[])[]>(
    (rows, extent) => rows.flatMap((row) => numbers(extent).map((i) => [...row, i])),
    [[]],
  );

/** The elements of a kind of holder that name a folio, each with its number of references. */
function entries({ program }: SmallWorld, { of, references }: Holding, folio: Folio) {
  const { variable } = of;
  return places(variable.domains.map(({ name }) => program.sizes[name] ?? 0)).map((index) => ({
    names: elementAt(variable, index).eq(folio),
    references: referencesAt(program, references, index),
  }));
}

function referencesAt({ sizes }: Program, references: Holding['references'], index: readonly number[]): Value<'int'> {
  if (references === undefined) return literal(1);
  if (typeof references === 'string') return literal(sizes[references] ?? 0);
  return new Value<'int'>(elementAt(references.variable, index).expr);
}

/** The sum of a folio's holders, in references. */
export function heldBy(world: SmallWorld, of: Folio): Value<'int'> {
  const held = HOLDING.flatMap((holding) => entries(world, holding, of)).map(({ names, references }) =>
    choose<'int'>(names, references, 0),
  );
  return sum([...held, claimed(of)]);
}

/** Entries of the lru_add batch of a CPU that name a folio. */
export const inLruAddOf = ({ program }: SmallWorld, cpu: number, of: Folio): readonly Value<'bool'>[] =>
  numbers(program.sizes['slot'] ?? 0).map((slot) => cpuFbatches.lruAdd.folios.at(cpu, slot).eq(of));
const inPageTables = ({ sizes }: SmallWorld, of: Folio): readonly Value<'bool'>[] =>
  places([sizes.mms, sizes.inodes, sizes.pages]).map(([mm = 0, inode = 0, index = 0]) =>
    pte.at(mm, inode, index).eq(of),
  );
/** In programs that have TLBs apart from page tables. */
const inTlbs = ({ program, sizes }: SmallWorld, of: Folio): readonly Value<'bool'>[] =>
  program.sizes['mmap'] === 1
    ? places([sizes.mms, sizes.inodes, sizes.pages]).map(([mm = 0, inode = 0, index = 0]) =>
        tlb.at(mm, inode, index, 0).eq(of),
      )
    : [];
const inPins = ({ sizes }: SmallWorld, of: Folio): readonly Value<'bool'>[] =>
  numbers(sizes.pins).map((pin) => pins.folio.at(pin).eq(of));

/** Labels of claims that are a use of the folio. */
const USES: readonly string[] = [...HOLDER_KINDS.filter((kind) => !isIdle(kind)), FAULT];

/**
 * Whether the folio has a user: a holder other than the page cache, a batch, and the check that looks at it.
 * @param step the step that looks; its task may itself hold the folio for the look.
 */
export function used(world: SmallWorld, of: Folio, step: Step | undefined): Value<'bool'> {
  const kept = HOLDING.filter(({ kind }) => !isIdle(kind)).flatMap((holding) => entries(world, holding, of));
  const own = (step?.claims ?? []).flatMap(({ label, of: whose, amount }) =>
    'list' in whose || !OWN.has(label)
      ? []
      : [choose<'int'>(of.eq(new Value<'folio'>(whose)), new Value<'int'>(amount), 0)],
  );
  const claims = sum(USES.map((label) => claimed(of, label)));
  return any([...kept.map(({ names }) => names), claims.gt(sum(own))]);
}
const OWN: ReadonlySet<string> = CHECKS_OWN;

/** Whether CPUs go offline in this program. */
export const hasHotplug = ({ program }: SmallWorld): boolean => program.sizes['hotplug'] === 1;

/** Whether a CPU is going offline: work for it runs elsewhere, or is not queued. */
export const isLeaving = (cpu: number): Value<'bool'> => cpuMasks.offline.at(cpu, 0).or(cpuMasks.inactive.at(cpu, 0));

/**
 * Whether the folio's memory can still be reached through a page table, a TLB or an access in flight. This must be
 * false when a page becomes private. A walker that arrives now, or GUP that will back off, cannot reach it.
 */
export const reachable = (world: SmallWorld, of: Folio): Value<'bool'> =>
  any([
    ...inPageTables(world, of),
    ...inTlbs(world, of),
    ...inPins(world, of),
    claimed(of, 'mmu-gather').plus(claimed(of, FAULT)).gt(0),
  ]);
