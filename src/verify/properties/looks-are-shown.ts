// SPDX-License-Identifier: MIT
import { REFUSED } from '../../kernel/index.ts';
import type { Composer } from '../composer.ts';
import { assert, inConversions } from '../observing.ts';
import { nameOf } from './property.ts';

/** Name of the assert that a form shows its looks: not a property, but some properties need it. */
export const LOOKS_SHOWN = 'looks-shown';

/** Reason for "undecided" of a property that needs looks, if that assert fails. */
export const NOT_SHOWN = 'this form does not say when it looks at a page';

/** Asserts that every refusal follows a look at the page that it names; if it names none, at any page. */
export function askForLooks(composer: Composer): void {
  const { looks } = composer;
  composer.watch(
    inConversions(REFUSED, (said, conversion) => [
      assert(nameOf(LOOKS_SHOWN), looks.areShown(conversion, said('index'))),
    ]),
  );
}
