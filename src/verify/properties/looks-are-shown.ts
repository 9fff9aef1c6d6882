// SPDX-License-Identifier: MIT
import { REFUSED } from '../../kernel/index.ts';
import type { Composer } from '../composer.ts';
import { assert, inConversions } from '../observing.ts';
import { nameOf } from './property.ts';

/** Name of the assert that a form shows its looks: not a property, but some properties need it. */
export const LOOKS_SHOWN = 'looks-shown';

/**
 * Asserts that every refusal follows a look at the page that it names; if it names none, or one without a look, at any
 * page.
 */
export function askForLooks(composer: Composer): void {
  const { looks } = composer;
  composer.watch(
    inConversions(REFUSED, (said, conversion) => [
      assert(nameOf(LOOKS_SHOWN), looks.areShown(conversion, said('index'))),
    ]),
  );
}
