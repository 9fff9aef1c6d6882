// SPDX-License-Identifier: MIT
import { contents, COUNT, DRAIN_ALL, DRAIN_LOCAL, REFUSED, RESULTS, RETURNED } from '../../kernel/index.ts';
import { choose, int, type Mark, type Value } from '../../lang/index.ts';
import { type Expected, expectedOf } from '../../scenario/index.ts';
import { all, any } from '../conditions.ts';
import type { Note } from '../composer.ts';
import { assert, inConversions, note, on } from '../observing.ts';
import type { SmallWorld, WorldCall } from '../small-world.ts';
import { nameOf, type PropertyText } from './property.ts';

const OK = RESULTS.indexOf('ok');

/** The scenario's expectation for a call under this form of the check. */
function expectedOfCall({ scenario, patch }: SmallWorld, { task, number }: WorldCall): Expected | undefined {
  const call = scenario.threads.find((thread) => thread.task === task)?.calls[number];
  return call === undefined ? undefined : expectedOf(call, patch);
}

/** Marks that are counted in a conversion. */
const COUNTED: readonly (readonly ['localDrains' | 'drainsOfAll' | 'countsRead', Mark])[] = [
  ['localDrains', DRAIN_LOCAL],
  ['drainsOfAll', DRAIN_ALL],
  ['countsRead', COUNT],
];

/** The scenario's expectation for each call, at the step that shows it. */
export const expected: PropertyText = {
  id: 'expected',
  sentence: 'every call has the result that the scenario expects',
  // With a schedule, the expectations apply to that order alone.
  applies: ({ scenario }) => scenario.schedule.kind === 'in-order',
  ask: (composer, world) => {
    const wantedOf = (call: WorldCall | undefined): Expected =>
      (call === undefined ? undefined : expectedOfCall(world, call)) ?? {};
    const name = ({ task, number }: WorldCall): string => nameOf('expected', `${task}.${number}`);
    const counters: { readonly what: (typeof COUNTED)[number][0]; readonly so: Note<'int'> }[] = [];
    for (const [what, mark] of COUNTED) {
      const highest = Math.max(0, ...world.calls.map((call) => beyond(wantedOf(call)[what])));
      const so = composer.note(`expected ${what}`, int(highest));
      counters.push({ what, so });
      composer.watch(
        inConversions(mark, (_, conversion) => {
          const wanted = wantedOf(conversion.call)[what];
          if (wanted === undefined) return [];
          const place = so(conversion);
          return [note(place, choose<'int'>(place.lt(beyond(wanted)), place.plus(1), place))];
        }),
      );
    }
    const looks = world.calls.some((call) => wantedOf(call).spurious !== undefined) ? composer.looks : undefined;
    composer.watch(
      inConversions(REFUSED, (said, conversion) => {
        const { index, spurious, verdict } = wantedOf(conversion.call);
        const conditions: Value<'bool'>[] = [];
        if (verdict !== undefined && !verdict.includes('refused')) conditions.push(all([]).not());
        if (index !== undefined) conditions.push(said('index').eq(index));
        if (spurious !== undefined && looks !== undefined) {
          const hadUser = looks.hadUser(conversion, said('index'));
          const isShown = looks.areShown(conversion, said('index'));
          conditions.push(isShown.not().or(spurious ? hadUser.not() : hadUser));
        }
        return conditions.map((condition) => assert(name(conversion.call), condition));
      }),
      on(RETURNED, (said, moment) => {
        const { call } = moment;
        if (call === undefined) return [];
        const wanted = wantedOf(call);
        const { returns, verdict, loads } = wanted;
        const result = said('result');
        const conditions: Value<'bool'>[] = [];
        if (returns !== undefined) conditions.push(any(returns.map((one) => result.eq(RESULTS.indexOf(one)))));
        if (verdict !== undefined && !verdict.includes('safe')) conditions.push(result.ne(OK));
        if (verdict !== undefined && !verdict.includes('refused')) conditions.push(result.eq(OK));
        for (const { what, so } of counters) {
          const count = wanted[what];
          if (count !== undefined) conditions.push(so(moment).eq(count));
        }
        if (loads !== undefined) {
          const found = contents.loaded.at(moment.task, 0);
          conditions.push(result.eq(OK), any(loads.map((value) => found.eq(value))));
        }
        return conditions.length === 0 ? [] : [assert(name(call), all(conditions))];
      }),
    );
  },
};

/** The highest number that an expectation distinguishes. */
const beyond = (count: number | undefined): number => (count ?? 0) + 1;
