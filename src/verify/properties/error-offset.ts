// SPDX-License-Identifier: MIT
import { REFUSED, RESULTS, RETURNED, STORED } from '../../kernel/index.ts';
import { bool, choose, int, literal, ordinal, type Value } from '../../lang/index.ts';
import type { Composer } from '../composer.ts';
import { all } from '../conditions.ts';
import { assert, type Conversion, inConversions, note, rangeOf } from '../observing.ts';
import { nameOf, type PropertyText } from './property.ts';

const OK = RESULTS.indexOf('ok');
const EAGAIN = RESULTS.indexOf('EAGAIN');
const premise = { event: 'refused', otherwise: 'no page is ever refused' } as const;

const isWithin = ({ call }: Conversion, index: Value<'index'>): Value<'bool'> => {
  const { start, end } = rangeOf(call);
  return index.ge(start).and(index.lt(end));
};

/** The caller receives the refused index, and an error leaves the attributes unchanged. */
function assertReportedPage(composer: Composer): void {
  const { pages } = composer.world.sizes;
  const stored = composer.note('stored', bool);
  /** The index plus one; 0 if no index was returned. */
  const refused = composer.note('refused', int(pages));
  const numberOf = (index: Value<'index'>): Value<'int'> => choose<'int'>(index.lt(pages), ordinal(index).plus(1), 0);
  composer.watch(
    inConversions(STORED, (_, conversion) => [note(stored(conversion), literal(1))]),
    inConversions(REFUSED, (said, conversion) => [note(refused(conversion), numberOf(said('index')))]),
    inConversions(RETURNED, (said, conversion) => {
      const isReported = numberOf(said('index')).eq(refused(conversion));
      return [
        assert(nameOf('I4'), said('result').eq(OK).or(stored(conversion).not())),
        assert(nameOf('I4'), said('result').ne(EAGAIN).or(isReported)),
      ];
    }),
  );
}

/** I4, at the decision of a refusal and at the return of the call. */
const itself: PropertyText = {
  id: 'I4',
  sentence:
    'error_offset names the first page in use among those that the check looked at; an error leaves the attributes unchanged',
  premise,
  needsLooks: true,
  ask: (composer) => {
    const { looks } = composer;
    composer.watch(
      inConversions(REFUSED, (said, conversion) => {
        const index = said('index');
        const isKnown = looks.areOfOthers(conversion, index).not();
        const isRight = all([isWithin(conversion, index), looks.isFirst(conversion, index), isKnown]);
        // Of a large folio any page may be named that is not behind the range; I4/SC-17 asks for one in the range.
        const isOfLarge = looks.isLarge(conversion, index).and(index.lt(rangeOf(conversion.call).end));
        return [assert(nameOf('I4'), isOfLarge.or(isRight))];
      }),
    );
    assertReportedPage(composer);
  },
};

/** For a large folio that begins before the range, an index in the range is one of the folio's. */
const ofLargeFolios: PropertyText = {
  id: 'I4/SC-17',
  sentence: 'error_offset is not before the range, for large folios either',
  premise,
  needsLooks: true,
  applies: ({ sizes }) => sizes.order > 0,
  ask: (composer) => {
    const { looks } = composer;
    composer.watch(
      inConversions(REFUSED, (said, conversion) => {
        const index = said('index');
        const isLarge = looks.isLarge(conversion, index);
        return [assert(nameOf('I4/SC-17'), isLarge.not().or(index.ge(rangeOf(conversion.call).start)))];
      }),
    );
  },
};

export const errorOffset: readonly PropertyText[] = [itself, ofLargeFolios];
