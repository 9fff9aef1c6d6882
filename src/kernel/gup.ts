// SPDX-License-Identifier: GPL-2.0-only
import { bool, int, literal, none, optional, type Place, shared, type Value } from '../lang/index.ts';
import { FOLIO, type K, PIN, routine } from './kernel.ts';
import { folio, folio_try_get, putReferences } from './page_ref.ts';
import { resultCode } from './sched.ts';
import { pte } from './zap.ts';

/** Long-lived references from outside the page tables, by the handle that the machine gave out. */
export const pins = {
  folio: shared('pin.folio', [PIN], optional(FOLIO)),
  /** 1 for FOLL_GET (a pipe buffer), GUP_PIN_COUNTING_BIAS for FOLL_PIN on a small folio. */
  references: shared(
    'pin.references',
    [PIN],
    int(({ references = 0 }) => references),
  ),
};

/** What kind of long reference: `get` is FOLL_GET (vmsplice's pipe buffers), `pin` is FOLL_PIN. */
export type PinKind = 'get' | 'pin';

interface OfPage extends Readonly<Record<string, unknown>> {
  readonly mm: Value<'mm'>;
  readonly inode: Value<'inode'>;
  readonly index: Value<'index'>;
}

/**
 * mm/gup.c: gup_fast_pte_range() of one page: reads the entry, tries to take a reference, and backs off
 * where the entry has changed meanwhile. FOLL_PIN takes its rest in a second atomic. The reference then
 * belongs to `pin`. -EFAULT where nothing is mapped.
 */
export const gup_fast = routine(
  'gup_fast_pte_range',
  (k, args: OfPage & { readonly pin: Value<'pin'>; readonly kind: PinKind; readonly ret: Place<'int'> }) => {
    const { mm, inode, index, pin, ret } = args;
    const references = args.kind === 'pin' ? k.config.profile.pinBias : 1;
    const found = k.local('found', optional(FOLIO));
    const got = k.local('got', bool);
    const same = k.local('same', bool);
    k.loop(() => {
      k.step('ptep_get_lockless', () => found.set(pte.at(mm, inode, index)));
      k.if(found.eq(none(FOLIO)), () => {
        ret.set(resultCode('EFAULT'));
        k.return();
      });
      k.call(folio_try_get, { folio: found, got });
      k.if(got, () => {
        if (references > 1)
          k.claiming('gup', found, {}, () => {
            k.step('folio_ref_add', () => folio.refcount.at(found).add(references - 1));
          });
        k.claiming('gup', found, { amount: literal<'int'>(references) }, () => {
          k.step('recheck_pte', () => {
            same.set(pte.at(mm, inode, index).eq(found));
            k.when(same, () => {
              pins.folio.at(pin).set(found);
              pins.references.at(pin).set(references);
            });
          });
        });
        k.if(same, () => {
          ret.set(resultCode('ok'));
          k.return();
        });
        k.claiming('gup', found, { amount: literal<'int'>(references) }, () => {
          k.step('gup_put_folio', () => putReferences(k, found, references));
        });
      });
    });
  },
);

/** mm/gup.c: unpin_user_page(), or the put of a pipe buffer: one atomic for the whole reference. */
export const unpin = routine('unpin_user_page', (k: K, { pin }: { readonly pin: Value<'pin'> }) => {
  k.step('gup_put_folio', () => {
    const pinned = pins.folio.at(pin);
    k.when(pinned.ne(none(FOLIO)), () => {
      putReferences(k, pinned, pins.references.at(pin));
      pins.folio.at(pin).set(none(FOLIO));
      pins.references.at(pin).set(0);
    });
  });
});
