// SPDX-License-Identifier: MIT
import { REFUSED } from '../../kernel/index.ts';
import type { Composer } from '../composer.ts';
import { assert, inConversions } from '../observing.ts';
import { nameOf } from './property.ts';

/** The name under which a question asks whether a form says when it looks: no property, but what some need. */
export const LOOKS_SHOWN = 'looks-shown';

/** Why a property that needs looks is undecided where that is not so. */
export const NOT_SHOWN = 'this form does not say when it looks at a page';

/** Every refusal comes after a look at the page that it names; after any look, where it names none. */
export function askForLooks(composer: Composer): void {
  const { looks } = composer;
  composer.watch(
    inConversions(REFUSED, (said, conversion) => [
      assert(nameOf(LOOKS_SHOWN), looks.areShown(conversion, said('index'))),
    ]),
  );
}
