// SPDX-License-Identifier: MIT
import { REFUSED } from '../kernel/index.ts';
import { applyingWhere, bool, int, literal, ordinal, type Value } from '../lang/index.ts';
import type { Composer, Note } from './composer.ts';
import type { AtLook, Looks, Of } from './looks.ts';
import { findsUser, placeOf, watchLooks } from './watching-looks.ts';
import { assert, type Conversion, inConversions, note } from './observing.ts';

/**
 * Name of the assert that looks advance in the order of pages, at folios of the file, and that a refusal names the last
 * one.
 */
export const LOOKS_IN_ORDER = 'looks-in-order';

/**
 * The looks of checks that look at one page after the other, and refuse the one of the last look: only that page is
 * remembered. If a form does otherwise, {@link LOOKS_IN_ORDER} is violated before any verdict. Then every page is
 * remembered (LooksAtPages), which takes more states and much more analysis.
 */
export class LooksInOrder implements Looks {
  readonly #composer: Composer;
  readonly #last: Note<'int'>;
  readonly #user: Note<'bool'>;
  readonly #passed: Note<'bool'>;

  constructor(composer: Composer) {
    this.#composer = composer;
    this.#last = composer.note('looked_at', int(composer.world.sizes.pages));
    this.#user = composer.note('had_user', bool);
    this.#passed = composer.note('passed_by', bool);
    watchLooks(composer, (of, conversion) => [assert(LOOKS_IN_ORDER, placeOf(of).ge(this.#last(conversion)))]);
    composer.watch(
      inConversions(REFUSED, (said, conversion) => {
        const [index, last] = [said('index'), this.#last(conversion)];
        return [
          assert(
            LOOKS_IN_ORDER,
            this.#isNone(index)
              .or(last.eq(0))
              .or(last.eq(ordinal(index).plus(1))),
          ),
        ];
      }),
    );
    const leaves = () => [assert(LOOKS_IN_ORDER, literal(0))];
    const notes = (of: Value<'folio'>, conversion: Conversion) => {
      const [last, user, passed] = [this.#last(conversion), this.#user(conversion), this.#passed(conversion)];
      return [
        applyingWhere(placeOf(of).ne(last), [note(passed, passed.or(user))]),
        note(user, findsUser(composer, of, conversion)),
        note(last, placeOf(of)),
      ];
    };
    watchLooks(composer, notes, leaves);
  }

  noting(name: string, what: (of: Value<'folio'>, conversion: Conversion) => Value<'bool'>): AtLook {
    const noted = this.#composer.note(name, bool);
    watchLooks(this.#composer, (of, conversion) => [note(noted(conversion), what(of, conversion))]);
    return noted;
  }

  areShown(of: Of): Value<'bool'> {
    return this.#last(of).ne(0);
  }

  areOfOthers(): Value<'bool'> {
    return literal(0);
  }

  hadUser(of: Of): Value<'bool'> {
    return this.#user(of);
  }

  isLarge(): Value<'bool'> {
    return literal(0);
  }

  isFirst(of: Of): Value<'bool'> {
    return this.#passed(of).not();
  }

  #isNone(index: Value<'index'>): Value<'bool'> {
    return index.ge(this.#composer.world.sizes.pages);
  }
}
