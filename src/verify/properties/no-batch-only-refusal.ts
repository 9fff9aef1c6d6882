// SPDX-License-Identifier: MIT
import { LRU_ADD_QUEUED, REFUSED } from '../../kernel/index.ts';
import { bool, domain, observationsIn, shared, type Value } from '../../lang/index.ts';
import type { PropertyId } from '../../scenario/index.ts';
import type { Composer } from '../composer.ts';
import { any, hasHotplug, inLruAddOf, isLeaving, numbers } from '../conditions.ts';
import type { AtLook } from '../looks.ts';
import { assert, inConversions, note, on } from '../observing.ts';
import type { SmallWorld } from '../small-world.ts';
import { nameOf, type PropertyText } from './property.ts';

/** An exception to I2: a condition on the refused folio at the last look. */
interface Exception {
  readonly id: PropertyId;
  readonly sentence: string;
  readonly applies: (world: SmallWorld) => boolean;
  readonly when: (world: SmallWorld, of: Value<'folio'>) => Value<'bool'>;
}

/** By folio: whether it waits in lru_add because it was isolated and put back, not because it is new. */
const putBack = shared('noted.put_back', [domain('folio')], bool);

/** Whether a task puts back a folio that it has isolated. */
function putsBack({ program }: SmallWorld): boolean {
  for (const { observed } of observationsIn(program)) {
    const { putBack: isPutBack } = observed.args;
    if (observed.mark === LRU_ADD_QUEUED && (isPutBack?.op !== 'const' || isPutBack.value !== 0)) return true;
  }
  return false;
}

const EXCEPTIONS: readonly Exception[] = [
  {
    id: 'I2/SC-20',
    sentence: 'no batch-only refusal by the batch of a CPU that is going offline',
    applies: hasHotplug,
    when: (world, of) =>
      any(numbers(world.sizes.cpus).map((cpu) => isLeaving(cpu).and(any(inLruAddOf(world, cpu, of))))),
  },
  {
    id: 'I2/SC-21',
    sentence: 'no batch-only refusal by a batch into which isolation has put the page back',
    applies: putsBack,
    when: (_, of) => putBack.at(of),
  },
];

/** The notes of the exceptions that apply to a scenario. */
const notesOf = new WeakMap<Composer, ReadonlyMap<PropertyId, AtLook>>();

function exceptionsOf(composer: Composer): ReadonlyMap<PropertyId, AtLook> {
  const known = notesOf.get(composer);
  if (known !== undefined) return known;
  const { world, looks } = composer;
  const noted = EXCEPTIONS.filter(({ applies }) => applies(world)).map(({ id, when }) => {
    return [id, looks.noting(id, (of) => when(world, of))] as const;
  });
  if (putsBack(world)) {
    composer.share(putBack.variable);
    composer.watch(on(LRU_ADD_QUEUED, (said) => [note(putBack.at(said('folio')), said('putBack'))]));
  }
  const notes = new Map(noted);
  notesOf.set(composer, notes);
  return notes;
}

const premise = { event: 'refused', otherwise: 'no page is ever refused' } as const;

/** I2, at the decision of a refusal: it does not apply to a page that is an exception. */
const itself: PropertyText = {
  id: 'I2',
  sentence: 'no batch-only refusal: a refused page had a user when the check last looked at it',
  premise,
  needsLooks: true,
  ask: (composer) => {
    const { looks } = composer;
    const exceptions = exceptionsOf(composer);
    composer.watch(
      inConversions(REFUSED, (said, conversion) => {
        const index = said('index');
        const excepted = any([...exceptions.values()].map((wasOne) => wasOne(conversion, index)));
        const shown = looks.areShown(conversion, index);
        return [assert(nameOf('I2'), shown.not().or(looks.hadUser(conversion, index)).or(excepted))];
      }),
    );
  },
};

const exception = ({ id, sentence, applies }: Exception): PropertyText => ({
  id,
  sentence,
  premise,
  needsLooks: true,
  applies,
  ask: (composer) => {
    const { looks } = composer;
    const wasOne = exceptionsOf(composer).get(id);
    if (wasOne === undefined) return;
    composer.watch(
      inConversions(REFUSED, (said, conversion) => {
        const index = said('index');
        return [assert(nameOf(id), looks.hadUser(conversion, index).or(wasOne(conversion, index).not()))];
      }),
    );
  },
});

/** I2 and its known exceptions. */
export const noBatchOnlyRefusal: readonly PropertyText[] = [itself, ...EXCEPTIONS.map(exception)];
