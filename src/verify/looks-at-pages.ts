// SPDX-License-Identifier: MIT
import { folio } from '../kernel/index.ts';
import { bool, choose, int, literal, ordinal, type Value } from '../lang/index.ts';
import type { Composer, Note, NoteOfPages } from './composer.ts';
import { any, numbers } from './conditions.ts';
import { type AtLook, findsUser, forEachPlace, type Looks, type Of, placeOf, watchLooks } from './looks.ts';
import { type Conversion, note, rangeOf } from './observing.ts';

/** What the last look at a page found. */
const FOUND = { notLooked: 0, noUser: 1, user: 2 } as const;

/** The looks of any check, of every page of the file. */
export class LooksAtPages implements Looks {
  readonly #composer: Composer;
  readonly #found: NoteOfPages<'int'>;
  readonly #last: Note<'int'>;
  readonly #large: AtLook;

  constructor(composer: Composer) {
    const { sizes } = composer.world;
    this.#composer = composer;
    this.#found = composer.noteOfPages('found', int(FOUND.user));
    this.#last = composer.note('looked_at', int(sizes.pages));
    watchLooks(composer, (of, conversion) => {
      const found = choose<'int'>(findsUser(composer, of, conversion), FOUND.user, FOUND.noUser);
      return [
        forEachPlace(composer, of, (place) => note(this.#found(conversion, place), found)),
        note(this.#last(conversion), placeOf(of)),
      ];
    });
    this.#large = sizes.order === 0 ? () => literal(0) : this.noting('large', (of) => folio.order.at(of).ne(0));
  }

  noting(name: string, what: (of: Value<'folio'>, conversion: Conversion) => Value<'bool'>): AtLook {
    const noted = this.#composer.noteOfPages(name, bool);
    watchLooks(this.#composer, (of, conversion) => {
      const value = what(of, conversion);
      return [forEachPlace(this.#composer, of, (place) => note(noted(conversion, place), value))];
    });
    return (of, index) => noted(of, this.#place(of, index));
  }

  areShown(of: Of, index: Value<'index'>): Value<'bool'> {
    return this.#found(of, this.#place(of, index)).ne(FOUND.notLooked);
  }

  hadUser(of: Of, index: Value<'index'>): Value<'bool'> {
    return this.#found(of, this.#place(of, index)).eq(FOUND.user);
  }

  isLarge(of: Conversion, index: Value<'index'>): Value<'bool'> {
    return this.#large(of, index);
  }

  isFirst(of: Conversion, index: Value<'index'>): Value<'bool'> {
    const { start, end } = rangeOf(of.call);
    const before = numbers(end - start).map((i) =>
      ordinal(index)
        .gt(start + i)
        .and(this.#found(of, start + i + 1).eq(FOUND.user)),
    );
    return any(before).not();
  }

  /** The place of the page that an index stands for. */
  #place(of: Of, index: Value<'index'>): Value<'int'> {
    const isNone = index.ge(this.#composer.world.sizes.pages);
    return choose<'int'>(isNone, this.#last(of), ordinal(index).plus(1));
  }
}
