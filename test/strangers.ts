// SPDX-License-Identifier: MIT
// Forms of the check as people write them who know docs/new-patch.md alone: by hand, in words of their own.
import {
  clamped,
  compareCount,
  filemap_get_folios,
  filemap_invalidate_lock,
  filemap_invalidate_unlock,
  folio,
  folio_batch_release,
  folio_get,
  folio_isolate_lru,
  folio_may_be_lru_cached,
  folio_ref_count,
  folio_put,
  folio_putback_lru,
  folio_ref_freeze,
  folioBatch,
  FOLIO,
  gmemInode,
  folioNrPages,
  forEachFolio,
  INDEX,
  iPages,
  type K,
  LOOK,
  lru_add_drain_all,
  lru_cache_disable,
  type Patch,
  refcountType,
  safetyCheck,
} from '../src/kernel/index.ts';
import { bool, int, none, optional, type Place, type Value } from '../src/lang/index.ts';

type Arguments = Parameters<Patch['check']['text']>[1];

/** A walk by hand: the form's judgement of one folio says whether it may be converted. */
function walk(
  k: K,
  { inode, start, nr }: Arguments,
  judge: (of: Value<'folio'>, fine: Place<'bool'>) => void,
  refused: (of: Value<'folio'>) => void,
): Place<'bool'> {
  const cursor = k.let('cursor', optional(INDEX), start);
  const end = k.let('end', optional(INDEX), start.plus(nr).minus(1));
  const batch = folioBatch(k);
  const fine = k.let('fine', bool, true);
  k.while(fine, () => {
    k.call(filemap_get_folios, { inode, start: cursor, last: end, batch });
    k.if(batch.count.eq(0), () => k.break());
    k.claimingList('safety-check', batch.folios, 0, batch.count, {}, () => {
      const n = k.let('n', int(k.config.profile.batchSize), 0);
      k.while(fine.and(n.lt(batch.count)), () => {
        const of = batch.folios.at(n);
        judge(of, fine);
        k.if(
          fine,
          () => n.add(1),
          () => refused(of),
        );
      });
    });
    k.call(folio_batch_release, { batch });
  });
  return fine;
}

const expected = (of: Value<'folio'>): Value<'int'> => folioNrPages(of).plus(1);
const isExpected = (of: Value<'folio'>): Value<'bool'> => folio.refcount.at(of).eq(expected(of));
const form = (name: string, text: (k: K, args: Arguments) => void, more: Partial<Patch> = {}): Patch => ({
  name,
  summary: name,
  check: safetyCheck(text),
  ...more,
});

/** It never drains, and forgets to say which page it was. */
export const noIndex = form('no-index', (k, args) => {
  args.safe.set(
    walk(
      k,
      args,
      (of, fine) => k.step('look', () => fine.set(isExpected(of))),
      () => {},
    ),
  );
});

/** `baseline` by hand, its comparison under a condition, the index in a local of its own until the end. */
export const ownIndex = form('own-index', (k, args) => {
  const bad = k.let('bad', optional(INDEX), none(INDEX));
  const fine = walk(
    k,
    args,
    (of, place) =>
      k.step('compare', () =>
        k.when(isExpected(of).not(), () => {
          place.set(false);
          bad.set(folio.index.at(of));
        }),
      ),
    () => {},
  );
  args.safe.set(fine);
  k.if(fine.not(), () => args.err_index.set(bad));
});

/** The same, which copies the index from local to local between steps. */
export const copiedIndex = form('copied-index', (k, args) => {
  const [first, second] = ['first', 'second'].map((name) => k.let(name, optional(INDEX), none(INDEX)));
  const fine = walk(
    k,
    args,
    (of, place) => k.step('look', () => place.set(isExpected(of))),
    (of) => k.step('which', () => first?.set(folio.index.at(of))),
  );
  if (first !== undefined) second?.set(first);
  if (second !== undefined) args.err_index.set(second);
  args.safe.set(fine);
});

/** On a mismatch it releases its batch, drains all CPUs, looks the folio up again and reads again. */
export const looksUpAgain = form('looks-up-again', (k, args) => {
  const drained = k.let('did', bool, false);
  const fine = k.local('so', bool);
  k.loop(() => {
    fine.set(
      walk(
        k,
        args,
        (of, place) => k.step('look', () => place.set(isExpected(of))),
        (of) => k.step('which', () => args.err_index.set(folio.index.at(of))),
      ),
    );
    k.if(fine.or(drained), () => k.break());
    k.call(lru_add_drain_all, {});
    drained.set(true);
  });
  args.safe.set(fine);
});

/** v8, whose comparison stands under `when`. */
export const whenV8 = form('when-v8', (k, args) => {
  const drained = k.let('did', bool, false);
  const may = k.local('may', bool);
  forEachFolio(k, args, clamped, ({ folio: of, safe, again }) => {
    safe.set(true);
    k.step('compare', () => k.when(folio.refcount.at(of).ne(expected(of)), () => safe.set(false)));
    k.if(safe.not(), () => {
      k.call(folio_may_be_lru_cached, { folio: of, cached: may });
      k.if(may.and(drained.not()), () => {
        k.call(lru_add_drain_all, {});
        drained.set(true);
        again.set(true);
      });
    });
  });
});

/** v8 that gives up the invalidate lock and takes it again for each of three drains. */
export const relocks = form('relocks', (k, args) => {
  for (let turn = 0; turn < 3; turn++) {
    forEachFolio(k, args, clamped, (judgement) => compareCount(k, judgement));
    k.if(args.safe.not(), () => {
      k.call(filemap_invalidate_unlock, { inode: args.inode });
      k.call(lru_add_drain_all, {});
      k.call(filemap_invalidate_lock, { inode: args.inode });
    });
  }
  forEachFolio(k, args, clamped, (judgement) => compareCount(k, judgement));
});

/** It gives up the invalidate lock twice, and takes it once. */
export const unlocksTwice = form('unlocks-twice', (k, args) => {
  k.call(filemap_invalidate_unlock, { inode: args.inode });
  k.call(filemap_invalidate_unlock, { inode: args.inode });
  k.call(filemap_invalidate_lock, { inode: args.inode });
  forEachFolio(k, args, clamped, (judgement) => compareCount(k, judgement));
});

/** It looks at every folio first, and refuses the first that was unexpected. */
export const scansFirst = form('scans-first', (k, args) => {
  const bad = k.let('bad', optional(INDEX), none(INDEX));
  const at = k.local('at', optional(INDEX));
  const so = k.local('so', bool);
  walk(
    k,
    args,
    (of, fine) => {
      k.step('look', () => so.set(isExpected(of)));
      k.step('at', () => at.set(folio.index.at(of)));
      k.if(so.not().and(bad.eq(none(INDEX))), () => bad.set(at));
      fine.set(true);
    },
    () => {},
  );
  args.safe.set(bad.eq(none(INDEX)));
  args.err_index.set(bad);
});

/** It refuses without looking at any folio. */
export const blind = form('blind', (k, { start, safe, err_index }) => {
  k.step('decide', () => safe.set(false));
  err_index.set(start);
});

/** It drains nothing, trusts what it is told, and names a page that it never looked at. */
export const wrongIndex = form('wrong-index', (k, args) => {
  args.safe.set(
    walk(
      k,
      args,
      (of, fine) => k.step('look', () => fine.set(isExpected(of))),
      () => args.err_index.set(args.start.plus(args.nr).minus(1)),
    ),
  );
});

/** It looks at every folio, and blames the first page for any of them. */
export const blamesFirst = form('blames-first', (k, args) => {
  const so = k.local('so', bool);
  const any = k.let('any', bool, false);
  walk(
    k,
    args,
    (of, fine) => {
      k.step('look', () => so.set(isExpected(of)));
      k.if(so.not(), () => any.set(true));
      fine.set(true);
    },
    () => {},
  );
  args.safe.set(any.not());
  args.err_index.set(args.start);
});

/** It freezes every folio, and thaws none. */
export const staysFrozen = form(
  'stays-frozen',
  (k, args) =>
    forEachFolio(k, args, clamped, ({ folio: of, safe }) =>
      k.call(folio_ref_freeze, { folio: of, expected: 2, frozen: safe }),
    ),
  { freezes: true },
);

/** Where a count is unexpected it gives up the lock, drains, and believes a second look at the folio that it still has. */
export const looksOutside = form('looks-outside', (k, args) => {
  const of = k.let('of', optional(FOLIO), none(FOLIO));
  const bad = k.let('bad', optional(INDEX), none(INDEX));
  const fine = walk(
    k,
    args,
    (one, place) => {
      k.step('look', () => place.set(isExpected(one)));
      k.if(place.not(), () => {
        of.set(one);
        k.step('which', () => bad.set(folio.index.at(one)));
        k.call(filemap_invalidate_unlock, { inode: args.inode });
        k.call(lru_add_drain_all, {});
        k.call(filemap_invalidate_lock, { inode: args.inode });
        k.step('again', () => place.set(isExpected(of)));
      });
    },
    () => {},
  );
  args.safe.set(fine);
  k.if(fine.not(), () => args.err_index.set(bad));
});

/** It says that it looks at the folio of the first page, where there may be none, and refuses. */
export const looksAtNothing = form('looks-at-nothing', (k, { inode, start, safe, err_index }) => {
  k.step('decide', () => {
    k.observe(LOOK, { folio: iPages.at(inode, start) });
    safe.set(false);
  });
  err_index.set(start);
});

/** GUP_PIN_COUNTING_BIAS, as a form may write it. */
const BIAS = 1024;

/** It drains, and judges each folio by its count alone. */
const byCount = (name: string, isFine: (count: Value<'int'>) => Value<'bool'>): Patch =>
  form(name, (k, args) => {
    const count = k.local('count', refcountType);
    k.call(lru_add_drain_all, {});
    forEachFolio(k, args, clamped, (judgement) => {
      k.call(folio_ref_count, { folio: judgement.folio, count });
      judgement.safe.set(isFine(count));
    });
  });

/** It takes a device's pin for no use of the page. */
export const pinnedIsFine = byCount('pinned-is-fine', (count) => count.eq(2).or(count.ge(BIAS)));

/** It refuses what FOLL_PIN holds, and nothing else. */
export const onlyPins = byCount('only-pins', (count) => count.lt(BIAS));

/** It isolates each folio, and claims that reference up to the end of the routine that puts it, which claims it, too. */
export const claimsTooMuch = form('claims-too-much', (k, args) => {
  const got = k.local('got', bool);
  forEachFolio(k, args, clamped, (judgement) => {
    const { folio: of } = judgement;
    k.call(folio_isolate_lru, { folio: of, isolated: got });
    k.if(got, () =>
      k.claiming('isolated', of, {}, () => {
        compareCount(k, judgement);
        k.call(folio_putback_lru, { folio: of });
      }),
    );
  });
});

/** It drains, and names the first page of the range, whichever it found in use. */
export const namesStart = form('names-start', (k, args) => {
  k.call(lru_add_drain_all, {});
  forEachFolio(
    k,
    args,
    (_, start) => start,
    (judgement) => compareCount(k, judgement),
  );
});

/** It makes the first page private by itself, then refuses if a page is in use. */
export const storesItself = form('stores-itself', (k, args) => {
  k.step('store early', () => gmemInode.private.at(args.inode, args.start).set(true));
  forEachFolio(k, args, clamped, (judgement) => compareCount(k, judgement));
});

/** A check that disables the batches must enable them again. */
export const staysDisabled: Patch = {
  name: 'stays-disabled',
  summary: 'lru_cache_disable() without lru_cache_enable()',
  parts: ['lru_disable'],
  check: safetyCheck((k, args) => {
    k.call(lru_cache_disable, {});
    forEachFolio(k, args, clamped, (judgement) => compareCount(k, judgement));
  }),
};

/** A check that takes so many references of its own to each folio, and puts them again. */
export const holding = (many: number): Patch => ({
  name: `holds-${many}`,
  summary: `takes ${many} references of its own`,
  ownReferences: many,
  check: safetyCheck((k, args) =>
    forEachFolio(k, args, clamped, ({ folio: of, safe }) => {
      const mine = k.localArray('mine', many, optional(FOLIO));
      const n = k.let('n', int(many), 0);
      k.claimingList('safety-check', mine, 0, n, {}, () => {
        k.while(n.lt(many), () => {
          k.call(folio_get, { folio: of });
          mine.at(n).set(of);
          n.add(1);
        });
        k.step('count', () => safe.set(folio.refcount.at(of).eq(folioNrPages(of).plus(many + 1))));
        k.while(n.gt(0), () => {
          k.call(folio_put, { folio: of });
          n.sub(1);
        });
      });
    }),
  ),
});
