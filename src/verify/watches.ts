// SPDX-License-Identifier: MIT
import {
  contents,
  cpuFbatches,
  cpuMasks,
  folio,
  gmemInode,
  iPages,
  invalidateLock,
  kvm,
  PATCHES,
  pte,
  RESULTS,
} from '../kernel/index.ts';
import {
  bool,
  choose,
  domain,
  type Effect,
  int,
  literal,
  optional,
  type Place,
  type Program,
  Value,
  withLocal,
} from '../lang/index.ts';
import type { Expected, PropertyId } from '../scenario/index.ts';
import { hasHotplug, inOfflineBatch, putBack, putsBack } from './exceptions.ts';
import { all, any, heldBy, inLruAddOf, numbers, reachable, sum, asNumber, used } from './conditions.ts';
import type { SmallWorld, WorldCall } from './small-world.ts';
import type { Moment, Watch } from './watch.ts';

const OK = RESULTS.indexOf('ok');
const EAGAIN = RESULTS.indexOf('EAGAIN');
const FOLIO = domain('folio');
const INDEX = domain('index');

const assert = (name: string, condition: Value<'bool'>): Effect => ({
  kind: 'assert',
  name,
  condition: condition.expr,
});
const asserting = (name: string | undefined, condition: Value<'bool'>): readonly Effect[] =>
  name === undefined ? [] : [assert(name, condition)];
const note = <K extends string>(place: Place<K>, value: Value<K>): Effect => ({
  kind: 'assign',
  place: place.expr,
  value: value.expr,
});

/** What a property adds to a program: notes of its own, and asserts under the property's name. */
export interface Watching {
  readonly program: Program;
  readonly watches: readonly Watch[];
}

/** The range of a conversion. */
function rangeOf({ entry }: WorldCall) {
  const [inode = 0, start = 0, nr = 0, toPrivate = 0] = entry.args;
  return { inode, start, end: start + nr, toPrivate: toPrivate === 1 };
}

const converting = (world: SmallWorld): readonly number[] => [
  ...new Set(world.calls.filter(({ entry }) => entry.name === 'convert').map(({ task }) => task)),
];

/** One note of each converting task, in its own memory. */
function notes<K extends string>(
  program: Program,
  world: SmallWorld,
  name: string,
  type: Parameters<typeof withLocal<K>>[3],
): { readonly program: Program; readonly of: (moment: Moment) => Place<K> } {
  const places = new Map<number, Place<K>>();
  let grown = program;
  for (const task of converting(world)) {
    const { program: next, local } = withLocal(grown, task, name, type);
    grown = next;
    places.set(task, local);
  }
  const of = ({ task }: Moment): Place<K> => {
    const place = places.get(task);
    if (place === undefined) throw new Error(`task ${task} has no note '${name}'`);
    return place;
  };
  return { program: grown, of };
}

/** I1, at the attribute store. */
export const noFalseNegative = (world: SmallWorld, name: string): Watch => ({
  stores: ({ call }) => {
    const { inode, start, end, toPrivate } = rangeOf(call);
    if (!toPrivate) return [];
    const nobody = numbers(end - start).map((i) => {
      const of = iPages.at(inode, start + i);
      return of.eq(literal(world.sizes.folios)).or(reachable(world, of).not());
    });
    return [assert(name, all(nobody))];
  },
});

/** What I2 and expectations of `spurious` ask: whether the folio had a user when the check looked at it for the last time. */
export interface UserNote {
  readonly program: Program;
  readonly watch: Watch;
  readonly hadUser: (moment: Moment) => Value<'bool'>;
  /** The exceptions that the world has occasion for: whether the folio was one of them then. */
  readonly excepted: ReadonlyMap<PropertyId, (moment: Moment) => Value<'bool'>>;
}

export function noteUser(program: Program, world: SmallWorld): UserNote {
  const hadUser = notes(program, world, 'had_user', bool);
  let grown = hadUser.program;
  const exceptions: [PropertyId, (moment: Moment) => Place<'bool'>, (of: Value<'folio'>) => Value<'bool'>][] = [];
  const except = (id: PropertyId, when: (of: Value<'folio'>) => Value<'bool'>): void => {
    const noted = notes(grown, world, id, bool);
    grown = noted.program;
    exceptions.push([id, noted.of, when]);
  };
  if (hasHotplug(world)) except('I2/SC-20', (of) => inOfflineBatch(world, of));
  if (putsBack(world)) except('I2/SC-21', (of) => putBack.at(of));
  return {
    program: grown,
    hadUser: hadUser.of,
    excepted: new Map(exceptions.map(([id, of]) => [id, of])),
    watch: {
      looks: (moment) => {
        const { folio: of, step } = moment;
        const own = step.claims.flatMap(({ label, of: whose, amount }) =>
          'list' in whose || !OWN_USES.has(label)
            ? []
            : [choose<'int'>(of.eq(new Value<'folio'>(whose)), new Value<'int'>(amount), 0)],
        );
        const excepted = exceptions.map(([, place, when]) => note(place(moment), when(of)));
        return [note(hadUser.of(moment), used(world, of, sum(own))), ...excepted];
      },
    },
  };
}
/** What a check may itself hold of the folio that it looks at, besides the reference of its batch. */
const OWN_USES: ReadonlySet<string> = new Set(['isolated', 'walker', 'lookup']);

/** I2 or one of its exceptions, at the refusal: I2 itself asks nothing where an exception is. */
export const noBatchOnlyRefusal = (name: string, { hadUser, excepted }: UserNote, id: PropertyId): Watch => ({
  refuses: (moment) => {
    const is = excepted.get(id)?.(moment).not() ?? any([...excepted.values()].map((of) => of(moment)));
    return [assert(name, hadUser(moment).or(is))];
  },
});

/** How many drains each form allows itself in a request. */
const MOST_DRAINS: Readonly<Record<string, { readonly local: number; readonly all: number }>> = {
  baseline: { local: 0, all: 0 },
  'local-drain': { local: 1, all: 0 },
  v6: { local: 0, all: 1 },
  v8: { local: 0, all: 1 },
};
/** What the newest form allows itself is the most that anybody may. */
const DRAIN_FOR_FOLIO = { local: 1, all: 1 };

/** I3, at each drain. */
export function boundedDrains(program: Program, world: SmallWorld, name: string): Watching {
  const { name: form } = world.patch;
  const most = (PATCHES.includes(world.patch) ? MOST_DRAINS[form] : undefined) ?? DRAIN_FOR_FOLIO;
  const local = notes(program, world, 'drains', int(most.local));
  const ofAll = notes(local.program, world, 'drains_of_all', int(most.all));
  const counter = { local, all: ofAll };
  const watch: Watch = {
    begins: (moment) => [note(local.of(moment), literal(0)), note(ofAll.of(moment), literal(0))],
    drains: (moment) => {
      const drains = counter[moment.which].of(moment);
      const isWithin = drains.lt(most[moment.which]);
      return [assert(name, isWithin), note(drains, choose<'int'>(isWithin, drains.plus(1), drains))];
    },
  };
  return { program: ofAll.program, watches: [watch] };
}

/** Reads of a page's count that each form allows itself in a request, for each page and besides. */
const MOST_READS: Readonly<Record<string, readonly [each: number, besides: number]>> = {
  baseline: [1, 0],
  'local-drain': [1, 1],
  v6: [1, 1],
  v8: [1, 1],
  // Whether it is pinned, whether to drain, and the last word; once more where a local drain did not help.
  'drain-for-folio': [3, 1],
};

/** How often a request may read a count, by its form; undefined for forms that say nothing of it. */
export function readsAtMost({ patch }: SmallWorld): ((pages: number) => number) | undefined {
  const most = PATCHES.includes(patch) ? MOST_READS[patch.name] : undefined;
  return most && ((pages) => most[0] * pages + most[1]);
}

/** The part of I5 that a step shows: the check reads no more counts than its loop has turns. */
export function boundedReads(program: Program, world: SmallWorld, name: string): Watching {
  const most = readsAtMost(world) ?? (() => 0);
  const highest = Math.max(
    0,
    ...world.calls.map(({ entry }) => (entry.name === 'convert' ? most(entry.args[2] ?? 0) : 0)),
  );
  const reads = notes(program, world, 'reads', int(highest));
  const watch: Watch = {
    begins: (moment) => [note(reads.of(moment), literal(0))],
    looks: (moment) => {
      if (!moment.count) return [];
      const place = reads.of(moment);
      const { start, end } = rangeOf(moment.call);
      const isWithin = place.lt(most(end - start));
      return [assert(name, isWithin), note(place, choose<'int'>(isWithin, place.plus(1), place))];
    },
  };
  return { program: reads.program, watches: [watch] };
}

/**
 * I4: at the refusal, the index is that of the page which was looked at last, and no page before it was passed by while somebody
 * used it; what the caller is told when the conversion returns is that index; an error leaves the attributes alone. Of a large folio
 * that begins before the range, an index in the range is one of the folio's.
 */
export function errorsNameAPage(
  given: Program,
  world: SmallWorld,
  { hadUser }: UserNote,
  { small, large }: { readonly small: string | undefined; readonly large: string | undefined },
): Watching {
  const stored = notes(given, world, 'stored', bool);
  const looked = notes(stored.program, world, 'looked_at', optional(FOLIO));
  const passed = notes(looked.program, world, 'passed_by', bool);
  const refused = notes(passed.program, world, 'refused', optional(INDEX));
  const nobody = literal<'folio'>(world.sizes.folios);
  const watch: Watch = {
    begins: (moment) => [
      note(stored.of(moment), literal(0)),
      note(looked.of(moment), nobody),
      note(passed.of(moment), literal(0)),
      note(refused.of(moment), literal(world.sizes.pages)),
    ],
    stores: (moment) => [note(stored.of(moment), literal(1))],
    looks: (moment) => {
      const last = looked.of(moment);
      const goesOn = last.ne(nobody).and(last.ne(moment.folio));
      return [note(passed.of(moment), passed.of(moment).or(goesOn.and(hadUser(moment)))), note(last, moment.folio)];
    },
    refuses: (moment) => {
      const { call, folio: of, index } = moment;
      const { start, end } = rangeOf(call);
      const isSmall = of === undefined ? literal<'bool'>(1) : folio.order.at(of).eq(0);
      const isWithin = index.ge(start).and(index.lt(end));
      const last = looked.of(moment);
      const isOfLast = last.eq(nobody).or(folio.order.at(last).ne(0)).or(folio.index.at(last).eq(index));
      const isFirst = isOfLast.and(passed.of(moment).not());
      return [
        ...asserting(small, isSmall.not().or(isWithin.and(isFirst))),
        ...asserting(large, isSmall.or(isWithin)),
        note(refused.of(moment), index),
      ];
    },
    returns: (moment) => {
      if (moment.call.entry.name !== 'convert') return [];
      const told = moment.errorIndex?.eq(refused.of(moment)) ?? literal<'bool'>(1);
      return [
        ...asserting(small, moment.result.eq(OK).or(stored.of(moment).not())),
        ...asserting(small, moment.result.ne(EAGAIN).or(told)),
      ];
    },
  };
  return { program: refused.program, watches: [watch] };
}

/** What is expected of each call, and the name that an assert about it has. */
export interface Expectations {
  readonly of: (call: WorldCall) => Expected | undefined;
  readonly name: (call: WorldCall) => string;
}

/** The highest number of drains or reads that an expectation tells apart. */
const beyond = (expected: number | undefined): number => (expected ?? 0) + 1;

/** What the scenario expects of each call, at the step in which it shows. */
export function expectations(
  program: Program,
  world: SmallWorld,
  user: UserNote,
  { of: expectedOf, name: nameOf }: Expectations,
): Watching {
  const wanted = world.calls.flatMap((call) => expectedOf(call) ?? []);
  const most = (of: (expected: Expected) => number | undefined): number => Math.max(0, ...wanted.map(of).map(beyond));
  const local = notes(program, world, 'expected_drains', int(most(({ localDrains }) => localDrains)));
  const ofAll = notes(local.program, world, 'expected_drains_of_all', int(most(({ drainsOfAll }) => drainsOfAll)));
  const reads = notes(ofAll.program, world, 'expected_counts_read', int(most(({ countsRead }) => countsRead)));
  const counter = { local, all: ofAll };
  const up = (place: Place<'int'>, highest: number): Effect =>
    note(place, choose<'int'>(place.lt(highest), place.plus(1), place));
  const watch: Watch = {
    begins: (moment) => [local, ofAll, reads].map(({ of }) => note(of(moment), literal<'int'>(0))),
    drains: (moment) => {
      const { localDrains, drainsOfAll } = expectedOf(moment.call) ?? {};
      const expected = moment.which === 'local' ? localDrains : drainsOfAll;
      return expected === undefined ? [] : [up(counter[moment.which].of(moment), beyond(expected))];
    },
    looks: (moment) => {
      const { countsRead } = expectedOf(moment.call) ?? {};
      return countsRead === undefined || !moment.count ? [] : [up(reads.of(moment), beyond(countsRead))];
    },
    refuses: (moment) => {
      const { index, spurious, verdict } = expectedOf(moment.call) ?? {};
      const name = nameOf(moment.call);
      return [
        ...(verdict === undefined || verdict.includes('refused') ? [] : [assert(name, literal(0))]),
        ...(index === undefined ? [] : [assert(name, moment.index.eq(index))]),
        ...(spurious === undefined ? [] : [assert(name, spurious ? user.hadUser(moment).not() : user.hadUser(moment))]),
      ];
    },
    returns: (moment) => {
      const { returns, verdict, localDrains, drainsOfAll, countsRead, loads } = expectedOf(moment.call) ?? {};
      const { result } = moment;
      const name = nameOf(moment.call);
      const conditions: Value<'bool'>[] = [];
      if (returns !== undefined) conditions.push(any(returns.map((one) => result.eq(RESULTS.indexOf(one)))));
      if (verdict !== undefined && !verdict.includes('safe')) conditions.push(result.ne(OK));
      if (verdict !== undefined && !verdict.includes('refused')) conditions.push(result.eq(OK));
      if (localDrains !== undefined) conditions.push(local.of(moment).eq(localDrains));
      if (drainsOfAll !== undefined) conditions.push(ofAll.of(moment).eq(drainsOfAll));
      if (countsRead !== undefined) conditions.push(reads.of(moment).eq(countsRead));
      if (loads !== undefined) {
        const found = contents.loaded.at(moment.task, 0);
        conditions.push(result.eq(OK), any(loads.map((value) => found.eq(value))));
      }
      return conditions.length === 0 ? [] : [assert(name, all(conditions))];
    },
  };
  return { program: reads.program, watches: [watch] };
}

/** Who flushes a CPU's batch holds its lock; but for a CPU that is gone, whose batch is flushed without it. */
const mayBeFlushing = (world: SmallWorld, cpu: number): Value<'bool'> => {
  const locked = cpuFbatches.lock.at(cpu);
  return hasHotplug(world) ? locked.or(cpuMasks.offline.at(cpu, 0)) : locked;
};

/** I6 of each folio, in every state. */
export const conservation = (world: SmallWorld): readonly Value<'bool'>[] =>
  numbers(world.sizes.folios).map((number) => {
    const of = literal<'folio'>(number);
    const isBalanced = folio.refcount.at(of).eq(heldBy(world, of));
    const isFreed = folio.allocated.at(of).not();
    // Entries of a batch that is being flushed may be the past of a folio that is in another batch already.
    const batches = sum(
      numbers(world.sizes.cpus).flatMap((cpu) =>
        inLruAddOf(world, cpu, of).map((here) => asNumber(here.and(mayBeFlushing(world, cpu).not()))),
      ),
    );
    return all([isBalanced, isFreed.not().or(folio.refcount.at(of).eq(0)), batches.le(1)]);
  });

/** I8, in every state. */
export const allOrNothing = ({ sizes, program }: SmallWorld): Value<'bool'> => {
  const inodes = numbers(sizes.inodes);
  const exclusive = inodes.map((inode) =>
    invalidateLock.writer.at(inode).not().or(invalidateLock.readers.at(inode).eq(0)),
  );
  const pages = inodes.flatMap((inode) => numbers(sizes.pages).map((index) => [inode, index] as const));
  const mapped = pages.flatMap(([inode, index]) =>
    numbers(sizes.mms).map((mm) =>
      gmemInode.private
        .at(inode, index)
        .not()
        .or(pte.at(mm, inode, index).eq(literal(sizes.folios))),
    ),
  );
  const guest =
    program.sizes['guest'] === 1
      ? pages.map(([inode, index]) => {
          const spte = kvm.spte.at(inode, index, 0);
          const asTold = kvm.sptePrivate.at(inode, index, 0).eq(gmemInode.private.at(inode, index));
          return spte.eq(literal(sizes.folios)).or(spte.eq(iPages.at(inode, index)).and(asTold));
        })
      : [];
  return all([...exclusive, ...mapped, ...guest]);
};
