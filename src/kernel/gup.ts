// SPDX-License-Identifier: GPL-2.0-only
import { bool, choose, int, literal, none, optional, type Place, shared, type Value } from '../lang/index.ts';
import { faultin_page } from './guest_memfd.ts';
import { FOLIO, isMutant, type K, LARGE, PIN, routine } from './kernel.ts';
import { checkedFolio, folio, folio_try_get, putReferences } from './page_ref.ts';
import { resultCode } from './sched.ts';
import { pte, pte_lock, pte_unlock } from './zap.ts';

/** Long-lived references from outside the page tables, by the machine's handle. */
export const pins = {
  folio: shared('pin.folio', [PIN], optional(FOLIO)),
  /** 1 for FOLL_GET (a pipe buffer) and for a large folio, GUP_PIN_COUNTING_BIAS for FOLL_PIN on a small one. */
  references: shared(
    'pin.references',
    [PIN],
    int(({ references = 0 }) => references),
  ),
  /** It is counted in a large folio's _pincount. */
  counted: shared('pin.counted', [PIN, LARGE], bool),
};

/**
 * Kind of long reference: `get` is FOLL_GET (vmsplice's pipe buffers, the fragments of MSG_ZEROCOPY), `pin` is FOLL_PIN
 * (O_DIRECT), `longterm` is FOLL_PIN | FOLL_LONGTERM | FOLL_WRITE (VFIO, RDMA, io_uring's buffers).
 */
export type PinKind = 'get' | 'pin' | 'longterm';

interface OfPage extends Readonly<Record<string, unknown>> {
  readonly mm: Value<'mm'>;
  readonly inode: Value<'inode'>;
  readonly index: Value<'index'>;
}
interface Pinned extends OfPage {
  readonly pin: Value<'pin'>;
  readonly kind: PinKind;
  readonly ret: Place<'int'>;
}

/**
 * include/linux/mm.h: folio_maybe_dma_pinned(), within a step: a small folio with many references looks pinned, too.
 */
export const folioMaybeDmaPinned = (k: K, of: Value<'folio'>): Value<'bool'> => {
  const small = checkedFolio.refcount.at(of).ge(k.config.profile.pinBias);
  return k.sizes['order'] === 0
    ? small
    : choose(folio.order.at(of).ne(0), checkedFolio.pincount.at(of, 0).gt(0), small);
};

/** include/linux/mm.h: folio_maybe_dma_pinned(). */
export const folio_maybe_dma_pinned = routine(
  'folio_maybe_dma_pinned',
  (k: K, args: { readonly folio: Value<'folio'>; readonly pinned: Place<'bool'> }) => {
    // A folio's order cannot change while the caller has a reference, so order and count are one access.
    k.step('folio_maybe_dma_pinned', () => args.pinned.set(folioMaybeDmaPinned(k, args.folio)));
  },
);

/** References that a kind adds to a folio's count, within a step. */
function referencesFor(k: K, kind: PinKind, of: Value<'folio'>): Value<'int'> {
  if (kind === 'get') return literal(1);
  const bias = literal<'int'>(k.config.profile.pinBias);
  return k.sizes['order'] === 0 ? bias : choose<'int'>(folio.order.at(of).eq(0), bias, 1);
}

/** Whether it is counted in _pincount, within a step. */
const isCounted = (k: K, kind: PinKind, of: Value<'folio'>): Value<'bool'> =>
  kind === 'get' || k.sizes['order'] === 0 ? literal(0) : folio.order.at(of).ne(0);

/** The reference becomes that of the handle, within the step that took or confirmed it. */
function handOver(k: K, pin: Value<'pin'>, kind: PinKind, of: Value<'folio'>, references: Value<'int'>): void {
  pins.folio.at(pin).set(of);
  pins.references.at(pin).set(references);
  if (kind !== 'get' && k.sizes['order'] !== 0) pins.counted.at(pin, 0).set(isCounted(k, kind, of));
}

/** mm/gup.c: gup_put_folio(), within a step: one atomic for the whole reference. */
function gupPut(k: K, of: Value<'folio'>, references: Value<'int'>, counted: Value<'bool'>): void {
  if (k.sizes['order'] !== 0) k.when(counted, () => folio.pincount.at(of, 0).sub(1));
  putReferences(k, of, references);
}

/**
 * mm/gup.c: gup_fast_pte_range() of one page: reads the entry, tries to take a reference, and backs off if the entry
 * has changed meanwhile. FOLL_PIN takes its remaining references in a second atomic. A long-term pin with write access
 * is refused at the very end, because the file is neither shmem nor anonymous memory. The reference then belongs to
 * `pin`; `found` is none if nothing is mapped.
 */
const gup_fast_pte_range = routine(
  'gup_fast_pte_range',
  (k, args: Pinned & { readonly found: Place<'folio'>; readonly taken: Place<'bool'> }) => {
    const { mm, inode, index, pin, kind, found, taken } = args;
    const pinning = kind !== 'get';
    // For a small folio the number is constant, and takes no place in a state.
    const varies = pinning && k.sizes['order'] !== 0;
    const refs = varies
      ? k.local(
          'refs',
          int(({ references = 0 }) => references),
        )
      : undefined;
    const references = refs ?? referencesFor(k, kind, found);
    taken.set(false);
    k.step('ptep_get_lockless', () => found.set(pte.at(mm, inode, index)));
    k.if(found.eq(none(FOLIO)), () => k.return());
    k.call(folio_try_get, { folio: found, got: taken });
    k.if(taken.not(), () => k.return());
    if (pinning)
      k.claiming('gup', found, {}, () => {
        k.step('folio_ref_add', () => {
          refs?.set(referencesFor(k, kind, found));
          const addRest = (): void => folio.refcount.at(found).add(k.config.profile.pinBias - 1);
          if (varies) k.when(isCounted(k, kind, found), () => folio.pincount.at(found, 0).add(1), addRest);
          else addRest();
        });
      });
    k.claiming('gup', found, { amount: references }, () => {
      k.step('recheck_pte', () => {
        taken.set(isMutant(k, 'gup-no-barrier') ? true : pte.at(mm, inode, index).eq(found));
        if (kind !== 'longterm') k.when(taken, () => handOver(k, pin, kind, found, references));
      });
      if (kind === 'longterm') k.if(taken, () => k.step('gup_fast_folio_allowed', () => taken.set(false)));
    });
    k.if(taken.not(), () =>
      k.claiming('gup', found, { amount: references }, () => {
        k.step('gup_put_folio', () => gupPut(k, found, references, isCounted(k, kind, found)));
      }),
    );
  },
);

/** GUP of a mapped page, only by the lockless way, repeated until it succeeds. -EFAULT if nothing is mapped. */
export const gup_fast = routine('gup_fast', (k, args: Pinned) => {
  const found = k.local('found', optional(FOLIO));
  const taken = k.local('taken', bool);
  k.loop(() => {
    k.call(gup_fast_pte_range, { ...args, found, taken });
    k.if(taken, () => {
      args.ret.set(resultCode('ok'));
      k.return();
    });
    k.if(found.eq(none(FOLIO)), () => {
      args.ret.set(resultCode('EFAULT'));
      k.return();
    });
  });
});

/**
 * mm/gup.c: follow_page_pte() and try_grab_folio(): with the page-table lock held the page cannot be unmapped, and
 * one atomic takes the whole reference.
 */
const follow_page_pte = routine(
  'follow_page_pte',
  (k, { mm, inode, index, pin, kind, taken }: Pinned & { readonly taken: Place<'bool'> }) => {
    const found = k.local('found', optional(FOLIO));
    k.call(pte_lock, { mm });
    k.step('ptep_get', () => found.set(pte.at(mm, inode, index)));
    taken.set(found.ne(none(FOLIO)));
    k.if(taken, () =>
      k.step('try_grab_folio', () => {
        const references = referencesFor(k, kind, found);
        folio.refcount.at(found).add(references);
        if (k.sizes['order'] !== 0) k.when(isCounted(k, kind, found), () => folio.pincount.at(found, 0).add(1));
        handOver(k, pin, kind, found, references);
      }),
    );
    k.call(pte_unlock, { mm });
  },
);

/**
 * mm/gup.c: gup_fast_fallback(): the lockless way once, then __get_user_pages(), which faults an unmapped page. A
 * guest_memfd folio may be pinned for long where it is: it is in no movable zone and no CMA, so nothing is collected,
 * drained or migrated. -EFAULT if the page cannot be mapped.
 */
export const gup_fast_fallback = routine('gup_fast_fallback', (k, args: Pinned) => {
  const { mm, inode, index, ret } = args;
  const taken = k.local('taken', bool);
  const found = k.local('found', optional(FOLIO));
  k.call(gup_fast_pte_range, { ...args, found, taken });
  k.if(taken, () => {
    ret.set(resultCode('ok'));
    k.return();
  });
  k.loop(() => {
    k.call(follow_page_pte, { ...args, taken });
    k.if(taken, () => {
      ret.set(resultCode('ok'));
      k.return();
    });
    k.call(faultin_page, { mm, inode, index, ret });
    k.if(ret.ne(resultCode('ok')), () => {
      // GUP takes no signal: a fault that fails is a bad address.
      ret.set(resultCode('EFAULT'));
      k.return();
    });
  });
});

/** mm/gup.c: unpin_user_page(), or the put of a pipe buffer: one atomic for the whole reference. */
export const unpin = routine('unpin_user_page', (k: K, { pin }: { readonly pin: Value<'pin'> }) => {
  k.step('gup_put_folio', () => {
    const pinned = pins.folio.at(pin);
    k.when(pinned.ne(none(FOLIO)), () => {
      gupPut(k, pinned, pins.references.at(pin), pins.counted.at(pin, 0));
      pins.folio.at(pin).set(none(FOLIO));
      pins.references.at(pin).set(0);
      if (k.sizes['order'] !== 0) pins.counted.at(pin, 0).set(false);
    });
  });
});
