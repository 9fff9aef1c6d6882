// SPDX-License-Identifier: MIT
import type { FolioStory } from '../../explain/index.ts';
import type { Holder, Nanoseconds } from '../../ledger/index.ts';

/** A time in which one holder held a folio. */
export interface Stay<Key> {
  readonly key: Key;
  readonly from: Nanoseconds;
  /** Undefined: it lasts at the end of the recording. */
  readonly to: Nanoseconds | undefined;
}

/** The times in which holders of a folio held it. A life is cut where any holder changes; the others stay through that. */
export function staysOf<Key>({ spans }: FolioStory, keyOf: (holder: Holder) => Key | undefined): readonly Stay<Key>[] {
  const over: Stay<Key>[] = [];
  let open = new Map<Key, Nanoseconds>();
  let before: Nanoseconds | undefined;
  for (const { from, to, folio } of spans) {
    const held = new Map<Key, Nanoseconds>();
    for (const holder of folio.holders) {
      const key = keyOf(holder);
      if (key !== undefined) held.set(key, (before === from ? open.get(key) : undefined) ?? from);
    }
    for (const [key, since] of open) if (held.get(key) !== since) over.push({ key, from: since, to: before });
    open = held;
    before = to;
  }
  for (const [key, since] of open) over.push({ key, from: since, to: before });
  return over;
}
