// SPDX-License-Identifier: MIT
import {
  bool,
  buildCode,
  type Builder,
  choose,
  claimed,
  domain,
  element,
  finished,
  int,
  language,
  literal,
  none,
  one,
  optional,
  type Program,
  program,
  shared,
  sharedScalar,
  type Symmetry,
  type Value,
} from '../lang/index.ts';

/** The converter's action at an unexpected count: nothing, drain its own CPU, drain all. */
export type Variant = 'baseline' | 'local-drain' | 'v6';

/** Sizes, and the form of the check. */
export interface PeerConfig {
  /** At least 1. One faulter runs on each; the converter is on CPU 0. */
  readonly cpus: number;
  /** At least 1. */
  readonly folios: number;
  readonly variant: Variant;
}

/** A property that must hold in every state. */
export interface PeerProperty {
  readonly name: string;
  readonly holds: Value<'bool'>;
}

/** The protocol, ready to be explored. */
export interface Peer {
  readonly program: Program;
  /** The code of each task: the faulters, then GUP, then the converter. */
  readonly codeOf: readonly number[];
  readonly properties: readonly PeerProperty[];
  /** All CPUs but the converter's are symmetric. */
  readonly symmetry: Symmetry;
  /** States without a further step that are no deadlock: all tasks done, the lock free, and nothing left to pin. */
  readonly mayEnd: Value<'bool'>;
}

/** Places of a batch, as in the peers' files. */
const BATCH = 2;
/** Name of the assert in the refusing step: the folio has another holder. */
export const NO_FALSE_POSITIVE = 'no false positive';

const CPU = domain('cpu');
const FOLIO = domain('folio');
const SLOT = domain('slot');

/** Most references: the cache's, a batch's, the mapping's, the pin's, and a faulter's each or else the converter's. */
const refcount = shared(
  'refcount',
  [FOLIO],
  int((sizes) => (sizes[CPU.name] ?? 0) + 4),
);
const cached = shared('cached', [FOLIO], bool);
const lru = shared('lru', [FOLIO], bool);
const mapped = shared('mapped', [FOLIO], bool);
const isPrivate = shared('private', [FOLIO], bool);
const batch = { folio: shared('batch.folio', [CPU, SLOT], optional(FOLIO)), nr: shared('batch.nr', [CPU], int(BATCH)) };
const readers = sharedScalar(
  'invalidate_lock.readers',
  int((sizes) => sizes[CPU.name] ?? 0),
);
const writer = sharedScalar('invalidate_lock.writer', bool);
/** The folio that GUP has pinned; the peers' files also have one variable for the folio and for "finished". */
const pinned = sharedScalar('pinned', optional(FOLIO));
// The peers' states keep both to the end, when they are no longer read: ours must do so for equal counts.
const checked = sharedScalar(
  'converter.checked',
  int((sizes) => sizes[FOLIO.name] ?? 0),
);
const drained = sharedScalar('converter.drained', bool);

const { routine } = language<PeerConfig>();
type K = Builder<PeerConfig>;

/** Empties a batch, as part of a step: its folios go to the LRU, its references are put. */
function drain(k: K, cpu: number): void {
  k.each<'slot'>(0, BATCH, (slot) => {
    const place = batch.folio.at(cpu, slot);
    k.when(place.ne(none(FOLIO)), () => {
      lru.at(place).set(true);
      refcount.at(place).sub(1);
      place.set(none(FOLIO));
    });
  });
  batch.nr.at(cpu).set(0);
}

/** One faulter a CPU: it walks the folios and may leave each of them alone. */
const faulter = routine('faulter', (k: K, { cpu }: { readonly cpu: number }) => {
  const { folios } = k.config;
  const folio = k.let('folio', one(FOLIO), 0);
  const isLast = folio.eq(folios - 1);
  const next = (): void => {
    k.if(isLast, () => k.return());
    folio.add(1);
  };
  const map = (): void =>
    k.claiming('lookup', folio, {}, () =>
      k.step('map', () =>
        k.when(
          mapped.at(folio),
          () => refcount.at(folio).sub(1),
          () => mapped.at(folio).set(true),
        ),
      ),
    );
  const fault = (): void => {
    k.loop(() => {
      const isCached = k.local('cached', bool);
      k.step('look', () => {
        isCached.set(cached.at(folio));
        k.when(isCached, () => refcount.at(folio).add(1));
      });
      k.if(isCached, () => k.break());
      k.step('insert', () => {
        isCached.set(cached.at(folio));
        k.when(isCached.not(), () => {
          refcount.at(folio).set(2);
          cached.at(folio).set(true);
        });
      });
      k.if(isCached.not(), () => {
        k.claiming('lookup', folio, {}, () =>
          k.step('folio_add_lru', () => {
            refcount.at(folio).add(1);
            batch.folio.at(cpu, element(SLOT, batch.nr.at(cpu))).set(folio);
            batch.nr.at(cpu).add(1);
            k.when(batch.nr.at(cpu).eq(BATCH), () => drain(k, cpu));
          }),
        );
        k.break();
      });
    });
    map();
    k.step('unlock_shared', () => readers.sub(1));
  };
  k.loop(() => {
    const sigbus = k.local('sigbus', bool);
    k.either([
      () => k.step('skip', () => {}),
      () => {
        k.await('lock_shared', writer.not(), () => {
          sigbus.set(isPrivate.at(folio));
          k.when(sigbus.not(), () => readers.add(1));
        });
        k.if(sigbus, () => k.return());
        fault();
      },
    ]);
    next();
  });
});

/** A task that pins one mapped folio, once. */
const gup = routine('gup', (k: K) => {
  k.either(
    numbers(k.config.folios).map((folio) => () => {
      k.await('pin', mapped.at(folio), () => {
        refcount.at(folio).add(1);
        pinned.set(folio);
      });
    }),
  );
  k.step('unpin', () => {
    refcount.at(pinned).sub(1);
    pinned.set(none(FOLIO));
  });
});

/** The conversion, on CPU 0. */
const converter = routine('converter', (k: K) => {
  const { cpus, folios, variant } = k.config;
  const allSafe = k.local('all_safe', bool);
  k.await('lock', readers.eq(0).and(writer.not()), () => writer.set(true));
  k.step('unmap', () =>
    k.each<'folio'>(0, folios, (folio) => {
      k.when(mapped.at(folio), () => {
        refcount.at(folio).sub(1);
        mapped.at(folio).set(false);
      });
    }),
  );
  k.step('get_folios', () =>
    k.each<'folio'>(0, folios, (folio) => refcount.at(folio).add(choose(cached.at(folio), 1, 0))),
  );
  holdingCached(k, folios, () => {
    k.loop(() => {
      const [refused, wantsDrain] = [k.local('refused', bool), k.local('wants_drain', bool)];
      k.step('check', () => {
        const folio = element(FOLIO, checked);
        k.when(
          cached.at(folio).not().or(refcount.at(folio).eq(2)),
          () => {
            allSafe.set(checked.eq(folios - 1));
            refused.set(false);
            wantsDrain.set(false);
            checked.add(1);
          },
          () => {
            allSafe.set(false);
            wantsDrain.set(variant === 'baseline' ? false : drained.not());
            refused.set(wantsDrain.not());
            k.when(refused, () => k.assert(NO_FALSE_POSITIVE, hasOtherHolder(folio)));
          },
        );
      });
      k.if(allSafe.or(refused), () => k.break());
      if (variant !== 'baseline') k.if(wantsDrain, () => drainCpus(k, variant === 'v6' ? cpus : 1));
    });
    k.step('put_folios', () => {
      allSafe.set(checked.eq(folios));
      k.each<'folio'>(0, folios, (folio) => refcount.at(folio).sub(choose(cached.at(folio), 1, 0)));
    });
  });
  k.if(allSafe, () =>
    k.step('set_private', () => k.each<'folio'>(0, folios, (folio) => isPrivate.at(folio).set(true))),
  );
  k.step('unlock', () => writer.set(false));
});

/** Empties the batches of the CPUs below `cpus`, a step each: the remote ones in any order, then its own. */
function drainCpus(k: K, cpus: number): void {
  const others = numbers(cpus).slice(1);
  k.loop(() => {
    k.either([
      ...others.map((cpu) => () => k.await('drain_remote', batch.nr.at(cpu).gt(0), () => drain(k, cpu))),
      () => {
        k.await('drain_own', all(others.map((cpu) => batch.nr.at(cpu).eq(0))), () => {
          drain(k, 0);
          drained.set(true);
        });
        k.break();
      },
    ]);
  });
}

/** The converter holds a reference on every folio of the page cache. */
function holdingCached(k: K, folios: number, text: () => void): void {
  const claim = (folio: number): void => {
    if (folio === folios) text();
    else {
      const of = element(FOLIO, literal<'int'>(folio));
      k.claiming('safety-check', of, { amount: choose(cached.at(folio), 1, 0) }, () => claim(folio + 1));
    }
  };
  claim(0);
}

const hasOtherHolder = (folio: Value<'folio'>): Value<'bool'> =>
  mapped.at(folio).or(pinned.eq(folio)).or(claimed(folio, 'lookup').gt(0));

const numbers = (n: number): readonly number[] => [...Array(n).keys()];
const all = (conditions: readonly Value<'bool'>[]): Value<'bool'> =>
  conditions.reduce((both, condition) => both.and(condition), literal<'bool'>(1));
const asNumber = (condition: Value<'bool'>): Value<'int'> => choose(condition, 1, 0);

/**
 * Builds the protocol.
 * @example
 * import { buildPeer, NO_FALSE_POSITIVE } from 'folioscope/peer';
 * const { codeOf, properties } = buildPeer({ cpus: 2, folios: 1, variant: 'v6' });
 * codeOf.length; // => 4
 * properties.some(({ name }) => name === NO_FALSE_POSITIVE); // => false
 */
export function buildPeer(config: PeerConfig): Peer {
  const { cpus, folios } = config;
  const sizes = { task: cpus + 2, cpu: cpus, folio: folios, slot: BATCH };
  const codes = [
    ...numbers(cpus).map((cpu) => buildCode(`faulter ${cpu}`, config, sizes, 0, (k) => k.call(faulter, { cpu }))),
    buildCode('gup', config, sizes, 0, (k) => k.call(gup, {})),
    buildCode('converter', config, sizes, 0, (k) => k.call(converter, {})),
  ];
  const variables = [refcount, cached, lru, mapped, isPrivate, batch.folio, batch.nr];
  const inBatches = (folio: number): Value<'int'> =>
    numbers(cpus)
      .flatMap((cpu) => numbers(BATCH).map((slot) => asNumber(batch.folio.at(cpu, slot).eq(folio))))
      .reduce((sum, held) => sum.plus(held));
  const holders = (folio: number): Value<'int'> =>
    asNumber(cached.at(folio))
      .plus(inBatches(folio))
      .plus(asNumber(mapped.at(folio)))
      .plus(asNumber(pinned.eq(folio)))
      .plus(claimed<'folio'>(folio));
  const everyFolio = (holds: (folio: number) => Value<'bool'>): Value<'bool'> => all(numbers(folios).map(holds));
  const properties: readonly PeerProperty[] = [
    { name: 'refcount is the sum of holders', holds: everyFolio((f) => refcount.at(f).eq(holders(f))) },
    { name: 'not on the LRU and in a batch', holds: everyFolio((f) => lru.at(f).and(inBatches(f).gt(0)).not()) },
    { name: 'never private while pinned', holds: everyFolio((f) => isPrivate.at(f).and(pinned.eq(f)).not()) },
  ];
  const gupEnds = finished(cpus).or(pinned.eq(none(FOLIO)).and(everyFolio((f) => mapped.at(f).not())));
  const tasksEnd = all([...numbers(cpus), cpus + 1].map((task) => finished(task)));
  return {
    program: program(sizes, [...variables, readers, writer, pinned, checked, drained], codes),
    codeOf: numbers(codes.length),
    properties,
    symmetry: {
      classes: [
        numbers(cpus)
          .slice(1)
          .map((cpu) => ({ task: cpu, owned: [{ domain: CPU, element: cpu }] })),
      ],
    },
    mayEnd: tasksEnd.and(writer.not()).and(readers.eq(0)).and(gupEnds),
  };
}
