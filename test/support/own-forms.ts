// SPDX-License-Identifier: MIT
// The forms of the check as somebody else would write them: each judges a folio as the named form does, over a walk of the writer's own.
import { find_get_entry } from '../../src/kernel/filemap.ts';
import {
  type CheckArguments,
  clamped,
  filemap_get_folios,
  filemap_invalidate_lock,
  filemap_invalidate_unlock,
  FOLIO,
  folio,
  folio_batch_release,
  folio_isolate_lru,
  folio_putback_lru,
  folioBatch,
  type FolioBatch,
  folioMaybeDmaPinned,
  folioMayBeLruCached,
  folioNrPages,
  INDEX,
  iPages,
  type K,
  LRU_CACHE,
  lru_add_drain,
  lru_add_drain_all,
  lru_cache_disable,
  lru_cache_drain_for_folio,
  lru_cache_enable,
} from '../../src/kernel/index.ts';
import { bool, int, none, optional, type Place, type Value } from '../../src/lang/index.ts';

/** What is said of the folio that is looked at. */
interface Judgement {
  readonly folio: Value<'folio'>;
  /** References of it that the walk itself holds. */
  readonly held: number;
  /** To be set: nobody but the page cache and the check holds it. */
  readonly safe: Place<'bool'>;
  /** To be set: look at it once more. */
  readonly again: Place<'bool'>;
}

type IndexOf = (index: Value<'index'>, start: Value<'index'>) => Value<'index'>;
const unclamped: IndexOf = (index) => index;

/** A walk over the folios of the range, to which a form says what it thinks of each. */
export type Walk = (
  k: K,
  args: CheckArguments,
  indexOf: IndexOf,
  judge: (judgement: Judgement) => void,
  /** What is done between two looks at a folio, where the form does something there. */
  between?: { readonly wanted: Place<'bool'>; readonly drain: () => void },
) => void;

/** The same walk as the kernel's text, copied: `filemap_get_folios()` in batches. */
export const inBatches: Walk = (k, args, indexOf, judge, between) => {
  const { inode, start, nr, safe, err_index } = args;
  const from = k.let('from', optional(INDEX), start);
  const to = k.let('to', optional(INDEX), start.plus(nr).minus(1));
  const batch = folioBatch(k);
  const good = k.let('good', bool, true);
  const again = k.local('once_more', bool);
  k.loop(() => {
    k.call(filemap_get_folios, { inode, start: from, last: to, batch });
    k.if(batch.count.eq(0), () => k.break());
    k.claimingList('safety-check', batch.folios, 0, batch.count, {}, () => {
      const at = k.let('at', int(k.config.profile.batchSize), 0);
      k.loop(() => {
        k.if(at.ge(batch.count), () => k.break());
        again.set(false);
        judge({ folio: batch.folios.at(at), held: 1, safe: good, again });
        if (between !== undefined)
          k.if(between.wanted, () => {
            between.drain();
            again.set(true);
          });
        k.if(good.and(again.not()), () => at.add(1));
        k.if(good.not().and(again.not()), () => {
          k.step('tell', () => err_index.set(indexOf(folio.index.at(batch.folios.at(at)), start)));
          k.break();
        });
        k.if(again, () => good.set(true));
      });
    });
    k.call(folio_batch_release, { batch });
    k.if(good.not(), () => k.break());
  });
  safe.set(good);
};

/** The lookup by hand, entry by entry, into an array of the check's own; the index in a local of its own that is copied at the end. */
export const byHand: Walk = (k, args, indexOf, judge, between) => {
  const { inode, start, nr, safe, err_index } = args;
  const capacity = k.config.profile.batchSize;
  const from = k.let('pos', optional(INDEX), start);
  const end = k.let('stop', optional(INDEX), start.plus(nr));
  const own: FolioBatch = {
    holder: 'safety-check',
    folios: k.localArray('mine', capacity, optional(FOLIO)),
    count: k.let('many', int(capacity), 0),
    drained: k.let('released', bool, false),
  };
  const got = k.local('got_one', optional(FOLIO));
  const good = k.let('fine', bool, true);
  const again = k.local('repeat', bool);
  const bad = k.let('bad', optional(INDEX), none(INDEX));
  const current = k.local('this_one', optional(FOLIO));
  k.loop(() => {
    own.count.set(0);
    k.claimingList('safety-check', own.folios, 0, own.count, {}, () =>
      k.loop(() => {
        k.if(own.count.eq(capacity), () => k.break());
        k.call(find_get_entry, { inode, at: from, end, found: got });
        k.if(got.eq(none(FOLIO)), () => k.break());
        own.folios.at(own.count).set(got);
        own.count.add(1);
      }),
    );
    k.if(own.count.eq(0), () => k.break());
    k.claimingList('safety-check', own.folios, 0, own.count, {}, () =>
      k.for('nth', int(capacity), 0, own.count, (nth) => {
        current.set(own.folios.at(nth));
        k.loop(() => {
          again.set(false);
          judge({ folio: current, held: 1, safe: good, again });
          if (between !== undefined)
            k.if(between.wanted, () => {
              between.drain();
              again.set(true);
            });
          k.if(again.not(), () => k.break());
          good.set(true);
        });
        k.if(good.not(), () => {
          k.step('folio_index', () => bad.set(folio.index.at(current)));
          bad.set(indexOf(bad, start));
          k.break();
        });
      }),
    );
    k.call(folio_batch_release, { batch: own });
    k.if(good.not(), () => k.break());
  });
  err_index.set(bad);
  safe.set(good);
};

/** Page by page: a lookup and a release of its own for each. Where the range has more than one page, the local CPU is drained earlier. */
export const pageByPage: Walk = (k, args, indexOf, judge, between) => {
  const { inode, start, nr, safe, err_index } = args;
  const from = k.local('here', optional(INDEX));
  const batch = folioBatch(k);
  const good = k.let('good', bool, true);
  const again = k.local('again', bool);
  const first = k.local('the_folio', optional(FOLIO));
  const answer = k.let('answer', optional(INDEX), none(INDEX));
  k.for('page', optional(INDEX), start, start.plus(nr), (page) => {
    from.set(page);
    k.call(filemap_get_folios, { inode, start: from, last: page, batch });
    k.if(batch.count.eq(0), () => k.continue());
    k.claimingList('safety-check', batch.folios, 0, batch.count, {}, () => {
      first.set(batch.folios.at(0));
      k.loop(() => {
        again.set(false);
        judge({ folio: first, held: 1, safe: good, again });
        if (between !== undefined)
          k.if(between.wanted, () => {
            between.drain();
            again.set(true);
          });
        k.if(again.not(), () => k.break());
        good.set(true);
      });
      k.if(good.not(), () => k.step('index', () => answer.set(folio.index.at(first))));
    });
    k.call(folio_batch_release, { batch });
    k.if(good.not(), () => k.break());
  });
  k.if(good.not(), () => err_index.set(indexOf(answer, start)));
  safe.set(good);
};

/** On a mismatch it releases the batch, drains, and looks the folio up again; with `lock` it gives up the invalidate lock meanwhile, and begins anew. */
const releasing =
  (lock: boolean): Walk =>
  (k, args, indexOf, judge, between) => {
    const { inode, start, nr, safe, err_index } = args;
    const from = k.let('next', optional(INDEX), start);
    const to = k.let('last', optional(INDEX), start.plus(nr).minus(1));
    const back = k.local('back', optional(INDEX));
    const batch = folioBatch(k);
    const good = k.let('ok', bool, true);
    const again = k.local('again', bool);
    const drains = k.let('drains_now', bool, false);
    k.while(good.or(drains), () => {
      k.if(drains, () => {
        drains.set(false);
        if (lock) k.call(filemap_invalidate_unlock, { inode });
        between?.drain();
        if (lock) k.call(filemap_invalidate_lock, { inode });
        from.set(lock ? start : back);
        good.set(true);
      });
      k.call(filemap_get_folios, { inode, start: from, last: to, batch });
      k.if(batch.count.eq(0), () => k.break());
      k.claimingList('safety-check', batch.folios, 0, batch.count, {}, () => {
        const i = k.let('i', int(k.config.profile.batchSize), 0);
        k.while(good.and(i.lt(batch.count)), () => {
          const current = batch.folios.at(i);
          again.set(false);
          judge({ folio: current, held: 1, safe: good, again });
          if (between !== undefined)
            k.if(between.wanted, () => {
              k.step('remember', () => back.set(folio.index.at(current)));
              drains.set(true);
              good.set(false);
            });
          k.if(good, () => i.add(1));
          k.if(again, () => good.set(true));
          k.if(good.not().and(drains.not()), () =>
            k.step('folio_index', () => err_index.set(indexOf(folio.index.at(current), start))),
          );
        });
      });
      k.call(folio_batch_release, { batch });
    });
    safe.set(good);
  };

export const releaseAndLookUp = releasing(false);
export const givingUpTheLock = releasing(true);

/** Without a reference of its own: the invalidate lock alone keeps the folios where they are. */
export const withoutReferences: Walk = (k, args, indexOf, judge, between) => {
  const { inode, start, nr, safe, err_index } = args;
  const entry = k.local('entry', optional(FOLIO));
  const good = k.let('good', bool, true);
  const again = k.local('again', bool);
  k.for('page', optional(INDEX), start, start.plus(nr), (page) => {
    k.step('load', () => entry.set(iPages.at(inode, page)));
    k.if(entry.eq(none(FOLIO)), () => k.continue());
    k.loop(() => {
      again.set(false);
      judge({ folio: entry, held: 0, safe: good, again });
      if (between !== undefined)
        k.if(between.wanted, () => {
          between.drain();
          again.set(true);
        });
      k.if(again.not(), () => k.break());
      good.set(true);
    });
    k.if(good.not(), () => {
      k.step('index', () => err_index.set(indexOf(folio.index.at(entry), start)));
      k.break();
    });
  });
  safe.set(good);
};

const expectedOf = ({ folio: of, held }: Judgement): Value<'int'> => folioNrPages(of).plus(held);

function compare(k: K, judgement: Judgement): void {
  const { folio: of, safe } = judgement;
  k.step('count', () => safe.set(folio.refcount.at(of).eq(expectedOf(judgement))));
}

type Form = (k: K, args: CheckArguments, walk: Walk) => void;

const drainingOnce =
  (drain: typeof lru_add_drain, indexOf: IndexOf): Form =>
  (k, args, walk) => {
    const drained = k.let('have_drained', bool, false);
    const small = k.local('small', bool);
    const wanted = k.local('wanted', bool);
    walk(
      k,
      args,
      indexOf,
      (judgement) => {
        const { folio: of, safe } = judgement;
        k.step('count_and_order', () => {
          safe.set(folio.refcount.at(of).eq(expectedOf(judgement)));
          small.set(folioMayBeLruCached(of));
        });
        wanted.set(safe.not().and(small).and(drained.not()));
      },
      {
        wanted,
        drain: () => {
          k.call(drain, {});
          drained.set(true);
        },
      },
    );
  };

const comparing =
  (indexOf: IndexOf): Form =>
  (k, args, walk) =>
    walk(k, args, indexOf, (judgement) => compare(k, judgement));

const MOST_SCANS = 5;

/** The forms by the name of the one that they are like. */
export const OWN_FORMS: Readonly<Record<string, Form>> = {
  baseline: comparing(unclamped),
  'local-drain': drainingOnce(lru_add_drain, clamped),
  v6: drainingOnce(lru_add_drain_all, unclamped),
  v8: drainingOnce(lru_add_drain_all, clamped),
  'drain-for-folio': (k, args, walk) => {
    const drained = k.let('how_far', int(LRU_CACHE.drainedAll), LRU_CACHE.notDrained);
    const used = k.local('in_use', bool);
    walk(k, args, clamped, (judgement) => {
      const { folio: of, safe } = judgement;
      k.step('pinned', () => used.set(folioMaybeDmaPinned(k, of)));
      k.if(used.not(), () => k.step('mapped', () => used.set(folio.mapcount.at(of).gt(0))));
      k.if(used.not(), () => {
        k.call(lru_cache_drain_for_folio, { folio: of, extraRefs: judgement.held, drained });
        compare(k, judgement);
      });
      k.if(used, () => safe.set(false));
    });
  },
  'drain-all-per-folio': (k, args, walk) => {
    const small = k.local('small', bool);
    walk(k, args, clamped, (judgement) => {
      const { folio: of, safe } = judgement;
      k.step('count_and_order', () => {
        safe.set(folio.refcount.at(of).eq(expectedOf(judgement)));
        small.set(folioMayBeLruCached(of));
      });
      k.if(safe.not().and(small), () => {
        k.call(lru_add_drain_all, {});
        compare(k, judgement);
      });
    });
  },
  'drain-all-first': (k, args, walk) => {
    k.call(lru_add_drain_all, {});
    comparing(clamped)(k, args, walk);
  },
  'lru-cache-disable': (k, args, walk) => {
    k.call(lru_cache_disable, {});
    comparing(clamped)(k, args, walk);
    k.call(lru_cache_enable, {});
  },
  isolate: (k, args, walk) => {
    const isolated = k.local('off', bool);
    walk(k, args, clamped, (judgement) => {
      const { folio: of, safe } = judgement;
      k.call(folio_isolate_lru, { folio: of, isolated });
      k.if(
        isolated,
        () => {
          k.claiming('isolated', of, {}, () =>
            k.step('count', () => safe.set(folio.refcount.at(of).eq(expectedOf(judgement).plus(1)))),
          );
          k.call(folio_putback_lru, { folio: of });
        },
        () => safe.set(false),
      );
    });
  },
  'pg-lru': (k, args, walk) => {
    const drained = k.let('have_drained', bool, false);
    const lru = k.local('on_lru', bool);
    walk(k, args, clamped, (judgement) => {
      const { folio: of } = judgement;
      k.step('flag', () => lru.set(folio.lru.at(of)));
      k.if(lru.or(drained).not(), () => {
        k.call(lru_add_drain_all, {});
        drained.set(true);
      });
      compare(k, judgement);
    });
  },
  'try-again': (k, args, walk) => {
    const drained = k.let('have_drained', bool, false);
    walk(k, args, clamped, (judgement) => {
      const { safe } = judgement;
      k.for('scan', int(MOST_SCANS), 0, MOST_SCANS, (scan) => {
        compare(k, judgement);
        k.if(safe, () => k.break());
        k.if(scan.lt(MOST_SCANS - 1).and(drained.not()), () => {
          k.call(lru_add_drain_all, {});
          drained.set(true);
        });
      });
    });
  },
  'ref-freeze': (k, args, walk) => {
    const drained = k.let('have_drained', bool, false);
    const wanted = k.local('wanted', bool);
    walk(
      k,
      args,
      clamped,
      (judgement) => {
        const { folio: of, safe } = judgement;
        k.step('freeze', () => {
          safe.set(folio.refcount.at(of).eq(expectedOf(judgement)));
          k.when(safe, () => folio.frozen.at(of, 0).set(true));
        });
        k.if(safe, () => k.step('thaw', () => folio.frozen.at(of, 0).set(false)));
        wanted.set(safe.not().and(drained.not()));
      },
      {
        wanted,
        drain: () => {
          k.call(lru_add_drain_all, {});
          drained.set(true);
        },
      },
    );
  },
  'known-references': (k, args, walk) => {
    const used = k.local('in_use', bool);
    walk(k, args, clamped, (judgement) => {
      const { folio: of, safe } = judgement;
      k.step('pinned', () => used.set(folioMaybeDmaPinned(k, of)));
      k.if(used.not(), () => k.step('mapped', () => used.set(folio.mapcount.at(of).ne(0))));
      safe.set(used.not());
    });
  },
  'skip-lru': comparing(clamped),
};
