// SPDX-License-Identifier: MIT
import { folio, folioNrPages } from '../kernel/index.ts';
import { bool, choose, int, literal, ordinal, Value } from '../lang/index.ts';
import type { Composer, Note, NoteOfPages } from './composer.ts';
import { any, numbers, sum } from './conditions.ts';
import type { AtLook, Looks, Of } from './looks.ts';
import { findsUser, forEachPlace, placeOf, watchLooks } from './watching-looks.ts';
import { type Conversion, note, rangeOf } from './observing.ts';

/** Result of the last look at a page: a folio that had left the file; only the page cache and the check; also a batch; a user. */
const FOUND = { notLooked: 0, gone: 1, nothing: 2, batch: 3, user: 4 } as const;

/** The looks of any check, with a note for every page of the file. */
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
    const forgets = (of: Value<'folio'>, conversion: Conversion) => [
      forEachPlace(composer, of, (place) => note(this.#found(conversion, place), literal<'int'>(FOUND.gone))),
      note(this.#last(conversion), literal<'int'>(0)),
    ];
    const notes = (of: Value<'folio'>, conversion: Conversion) => {
      const isExpected = folio.refcount.at(of).le(folioNrPages(of).plus(heldBy(conversion, of)));
      const unused = choose<'int'>(isExpected, FOUND.nothing, FOUND.batch);
      const found = choose<'int'>(findsUser(composer, of, conversion), FOUND.user, unused);
      return [
        forEachPlace(composer, of, (place) => note(this.#found(conversion, place), found)),
        note(this.#last(conversion), placeOf(of)),
      ];
    };
    watchLooks(composer, notes, forgets);
    this.#large = sizes.order === 0 ? () => literal(0) : this.noting('large', (of) => folio.order.at(of).ne(0));
  }

  noting(name: string, what: (of: Value<'folio'>, conversion: Conversion) => Value<'bool'>): AtLook {
    const noted = this.#composer.noteOfPages(name, bool);
    watchLooks(this.#composer, (of, conversion) => {
      const value = what(of, conversion);
      return [forEachPlace(this.#composer, of, (place) => note(noted(conversion, place), value))];
    });
    return (of, index) => noted(of, this.#judged(of, index));
  }

  areShown(of: Of, index: Value<'index'>): Value<'bool'> {
    return this.#found(of, this.#judged(of, index)).ge(FOUND.nothing);
  }

  areOfOthers(of: Of, index: Value<'index'>): Value<'bool'> {
    const every = numbers(this.#composer.world.sizes.pages + 1);
    return this.#isUnseen(of, index).and(any(every.map((place) => this.#found(of, place).ne(FOUND.notLooked))));
  }

  hadUser(of: Of, index: Value<'index'>): Value<'bool'> {
    return this.#found(of, this.#judged(of, index)).eq(FOUND.user);
  }

  isLarge(of: Conversion, index: Value<'index'>): Value<'bool'> {
    return this.#large(of, index).and(this.#isUnseen(of, index).not());
  }

  isFirst(of: Conversion, index: Value<'index'>): Value<'bool'> {
    const { start, end } = rangeOf(of.call);
    const pages = numbers(end - start).map((i) => start + i);
    const found = (page: number): Value<'int'> => this.#found(of, page + 1);
    const passed = any(pages.map((page) => ordinal(index).gt(page).and(found(page).eq(FOUND.user))));
    const others = any(pages.map((page) => found(page).gt(FOUND.nothing)));
    const isFree = this.#found(of, this.#place(of, index)).eq(FOUND.nothing);
    return passed.not().and(isFree.not().or(others.not()));
  }

  /** Whether no look at this page was seen. */
  #isUnseen(of: Of, index: Value<'index'>): Value<'bool'> {
    return this.#found(of, this.#place(of, index)).eq(FOUND.notLooked);
  }

  /** The place of the look that decides about this page. */
  #judged(of: Of, index: Value<'index'>): Value<'int'> {
    return choose<'int'>(this.#isUnseen(of, index), this.#last(of), this.#place(of, index));
  }

  /** The place of the page with this index. */
  #place(of: Of, index: Value<'index'>): Value<'int'> {
    const isNone = index.ge(this.#composer.world.sizes.pages);
    return choose<'int'>(isNone, this.#last(of), ordinal(index).plus(1));
  }
}

/** References that the looking task itself holds while it waits to take the step. */
const heldBy = ({ step }: Conversion, of: Value<'folio'>): Value<'int'> =>
  sum(
    (step?.claims ?? []).map(({ of: whose, amount }) =>
      // A batch of folios that the check has looked up: it contains the one under examination.
      'list' in whose
        ? new Value<'int'>(amount)
        : choose<'int'>(of.eq(new Value<'folio'>(whose)), new Value<'int'>(amount), 0),
    ),
  );
