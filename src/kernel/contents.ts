// SPDX-License-Identifier: GPL-2.0-only
import { int, shared, TASK, type Value } from '../lang/index.ts';
import { CONTENTS, FOLIO, hasPart, type K } from './kernel.ts';
import { folio } from './page_ref.ts';

/** Content of a page: one byte that stands for all of it. A large folio has one for all its pages. */
export const contentsType = int(255);

/** With the part `contents`: the content of memory, enough to see whether it survived, was cleared, or leaked. */
export const contents = {
  /** The last written value. A freed folio keeps it, as memory does. */
  data: shared('folio.data', [FOLIO, CONTENTS], contentsType),
  /** The value that each task's last load found. */
  loaded: shared('task.loaded', [TASK, CONTENTS], contentsType),
};

/** What an access does with the page. */
export type Access = { readonly kind: 'load' } | { readonly kind: 'store'; readonly value: Value<'int'> };

/** The access itself, within the step that found the page. */
export function accessContents(k: K, of: Value<'folio'>, access: Access | undefined): void {
  if (access === undefined) return;
  if (access.kind === 'load') contents.loaded.at(k.self, 0).set(contents.data.at(of, 0));
  else contents.data.at(of, 0).set(access.value);
}

/**
 * virt/kvm/guest_memfd.c: clear_highpage() of a page that is not up to date, and folio_mark_uptodate(), as one step:
 * the folio is locked.
 */
export function markUptodate(k: K, of: Value<'folio'>): void {
  k.step('folio_mark_uptodate', () => {
    if (hasPart(k, 'contents')) k.when(folio.uptodate.at(of).not(), () => contents.data.at(of, 0).set(0));
    folio.uptodate.at(of).set(true);
  });
}
