// SPDX-License-Identifier: MIT
import { folio, folioNrPages, LOOK } from '../kernel/index.ts';
import { applyingWhere, bool, choose, type Effect, int, literal, ordinal, type Step, Value } from '../lang/index.ts';
import type { Composer, Note, NoteOfPages } from './composer.ts';
import { any, numbers, sum, used } from './conditions.ts';
import { type Conversion, inConversions, note, rangeOf } from './observing.ts';

/** What the last look at a page found, in rising order of how much it forbids to convert the page. */
const FOUND = { nothing: 1, more: 2, user: 3 } as const;
const MOST_FOUND = FOUND.user;

/** Whose looks: those of a converting task. */
interface Of {
  readonly task: number;
}

/**
 * What each conversion's check has looked at: of every page of its file, what the last look at it found, and which page was
 * looked at last. A place among pages is 0 for no page, else one more than the page's index.
 */
export class Looks {
  readonly #composer: Composer;
  readonly #found: NoteOfPages<'int'>;
  readonly #last: Note<'int'>;
  readonly #large: NoteOfPages<'bool'> | undefined;

  constructor(composer: Composer) {
    const { sizes } = composer.world;
    this.#composer = composer;
    this.#found = composer.noteOfPages('found', int(MOST_FOUND));
    this.#last = composer.note('looked_at', int(sizes.pages));
    this.#large = sizes.order === 0 ? undefined : composer.noteOfPages('large', bool);
    this.noting(this.#found, (of, conversion) => this.#whatFound(of, conversion));
    if (this.#large !== undefined) this.noting(this.#large, (of) => folio.order.at(of).ne(0));
    composer.watch(
      inConversions(LOOK, (said, conversion) => {
        const of = said('folio');
        return ofFile(of, conversion, [note(this.#last(conversion), ordinal(folio.index.at(of)).plus(1))]);
      }),
    );
  }

  /** Notes something of each page of a folio whenever that is looked at. */
  noting<K extends string>(
    place: NoteOfPages<K>,
    what: (of: Value<'folio'>, conversion: Conversion) => Value<K>,
  ): void {
    this.#composer.watch(
      inConversions(LOOK, (said, conversion) => {
        const of = said('folio');
        const value = what(of, conversion);
        return ofFile(of, conversion, [this.#eachPage(of, (page) => note(place(conversion, page), value))]);
      }),
    );
  }

  /** Whether a look at any page of the file was seen. */
  any(of: Of): Value<'bool'> {
    return this.#last(of).ne(0);
  }

  /**
   * The place of the page that a refusal is about: the one that it names, or, where it names none that was looked at, the one that was
   * looked at last.
   */
  refused(of: Of, index: Value<'index'>): Value<'int'> {
    const named = this.#place(index);
    return choose<'int'>(this.#found(of, named).ne(0), named, this.#last(of));
  }

  /** Whether the last look at the page in this place found a user. */
  hadUser(of: Of, place: Value<'int'>): Value<'bool'> {
    return this.#found(of, place).eq(FOUND.user);
  }

  /** Whether an index is that of a page of a large folio that was looked at. */
  isLarge(of: Of, index: Value<'index'>): Value<'bool'> {
    return this.#large?.(of, this.#place(index)) ?? literal(0);
  }

  /**
   * Whether an index names the first page that was found in use: it was looked at, no page of the range before it was left with a
   * user, and where it was found free, so was every other.
   */
  isFirst(of: Conversion, index: Value<'index'>): Value<'bool'> {
    const { start, end } = rangeOf(of.call);
    const named = this.#found(of, this.#place(index));
    const pages = numbers(end - start).map((i) => start + i);
    const found = (page: number): Value<'int'> => this.#found(of, page + 1);
    const passed = any(pages.map((page) => ordinal(index).gt(page).and(found(page).eq(FOUND.user))));
    const others = any(pages.map((page) => found(page).gt(FOUND.nothing)));
    return named.ne(0).and(passed.not()).and(named.gt(FOUND.nothing).or(others.not()));
  }

  /** The place of the page with an index; of none, which stands for no page. */
  #place(index: Value<'index'>): Value<'int'> {
    const { pages } = this.#composer.world.sizes;
    return choose<'int'>(index.lt(pages), ordinal(index).plus(1), 0);
  }

  #whatFound(of: Value<'folio'>, { step }: Conversion): Value<'int'> {
    const free = folio.refcount.at(of).le(folioNrPages(of).plus(heldBy(step, of)));
    const found = choose<'int'>(free, FOUND.nothing, FOUND.more);
    return choose<'int'>(used(this.#composer.world, of, step), FOUND.user, found);
  }

  /** An effect for the place of each page of a folio. */
  #eachPage(of: Value<'folio'>, effect: (place: Value<'int'>) => Effect): Effect {
    const first = ordinal(folio.index.at(of)).plus(1);
    if (this.#composer.world.sizes.order === 0) return effect(first);
    const bound = { name: 'place' };
    const body = [effect(new Value<'int'>({ op: 'bound', bound }))];
    return { kind: 'each', bound, from: first.expr, to: first.plus(folioNrPages(of)).expr, body };
  }
}

/** References that the task which looks holds itself while it waits to take the step. */
const heldBy = (step: Step | undefined, of: Value<'folio'>): Value<'int'> =>
  sum(
    (step?.claims ?? []).map(({ of: whose, amount }) =>
      // A batch of folios that the check has looked up: the one that it looks at is among them.
      'list' in whose
        ? new Value<'int'>(amount)
        : choose<'int'>(of.eq(new Value<'folio'>(whose)), new Value<'int'>(amount), 0),
    ),
  );

/** Effects that apply where the folio is one of the file that is converted. */
const ofFile = (of: Value<'folio'>, { call }: Conversion, effects: readonly Effect[]): readonly Effect[] => [
  applyingWhere(folio.mapping.at(of).eq(rangeOf(call).inode), effects),
];
