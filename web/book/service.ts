// SPDX-License-Identifier: MIT
import { ALTERNATIVES } from '../../src/kernel/index.ts';
import { InputError } from '../../src/ledger/index.ts';
import { parseSchedule, patchNamed, PATCHES, ScheduleMisfit } from '../../src/machine/index.ts';
import { readRecorded, readScenario, type Scenario } from '../../src/scenario/index.ts';
import { checking } from '../../src/verify/index.ts';
import { scenarioTexts } from '../library/index.ts';
import type { Service } from '../view/index.ts';
import { filmOf, type Turns } from './film.ts';

import type {
  BookAsk,
  BookTell,
  EveryOrder,
  LibraryEntry,
  PlayAsked,
  Played,
  ScenarioSource,
  ShownScenario,
} from './protocol.ts';

export { filmOf, type Turns };

/** The title of a scenario file, without parsing the file: the list is shown before any file is parsed. */
const titleIn = (text: string): string => /^title: *(.*)$/m.exec(text)?.[1]?.replaceAll(/^['"]|['"]$/g, '') ?? '';

/** The scenarios of the library, with their titles. */
export const libraryEntries = (): readonly LibraryEntry[] =>
  [...scenarioTexts()].map(([name, text]) => ({ name, title: titleIn(text) }));

/** The scenario of a source. @throws InputError if it is none. */
export async function scenarioOf(source: ScenarioSource): Promise<Scenario> {
  if (source.kind === 'text') return readScenario(source.file, source.text);
  const text = scenarioTexts().get(source.name);
  if (text === undefined) throw new InputError(`no scenario '${source.name}' in this page`);
  return readScenario(`scenarios/${source.name}.yaml`, text);
}

function turnsOf(schedule: string | undefined): Turns {
  if (schedule === undefined) return { kind: 'exact', schedule: undefined, end: undefined };
  const parsed = parseSchedule(schedule);
  if (parsed.kind !== 'list') throw new InputError(`schedule: expected turns such as T0:12,kworker/1:4`);
  return { kind: 'follow', turns: parsed.turns };
}

/** Films of a scenario under each form. */
export async function play({ scenario: source, forms, schedule, recorded }: PlayAsked): Promise<Played> {
  const scenario = await scenarioOf(source);
  const runs = recorded === undefined ? [] : readRecorded(recorded.file, recorded.text, scenario);
  const films = forms.map((form) => {
    const own = runs.find(({ patch }) => patch === form);
    if (own !== undefined)
      return filmOf(scenario, patchNamed(form), { kind: 'exact', schedule: own.schedule, end: own.end });
    const [other] = runs;
    const turns: Turns =
      other?.schedule.kind === 'list' ? { kind: 'follow', turns: other.schedule.turns } : turnsOf(schedule);
    return filmOf(scenario, patchNamed(form), turns);
  });
  return { scenario: shownScenario(scenario), films };
}

/** A scenario as the page shows it. */
export const shownScenario = ({ file, name, title, about, machine }: Scenario): ShownScenario => ({
  file,
  name,
  title,
  about,
  profile: machine.profile.name,
  cpus: machine.cpus,
});

/** Largest number of states for exploring every order beside a film: some tenths of a second. */
const MOST_STATES = 20_000;

/** Result for every order of the threads, if there are not too many states. */
export function everyOrder(scenario: Scenario, form: string): EveryOrder {
  const pieces = checking(scenario, { patch: patchNamed(form), mostStates: MOST_STATES });
  let piece = pieces.next();
  while (piece.done !== true) piece = pieces.next();
  const { verdict, explored, properties } = piece.value;
  const violated = properties.filter((property) => property.verdict === 'violated').map(({ id }) => id);
  return { form, verdict, states: explored.states, violated };
}

/** The worker's side of the flip-book. */
export const bookService: Service<BookAsk, BookTell> = (tell) => {
  let latest = 0;
  return async (ask) => {
    switch (ask.kind) {
      case 'library': {
        const scenarios = libraryEntries();
        const forms = [...PATCHES, ...ALTERNATIVES].map(({ name, summary }) => ({ name, summary }));
        tell({ kind: 'library', scenarios, forms });
        return;
      }
      case 'play': {
        const { id } = ask;
        latest = id;
        try {
          tell({ kind: 'played', id, ...(await play(ask)) });
          const scenario = await scenarioOf(ask.scenario);
          for (const form of ask.forms) {
            // Lets a newer question arrive first.
            await new Promise((resolve) => {
              setTimeout(resolve, 0);
            });
            if (latest !== id) return;
            tell({ kind: 'every-order', id, answer: everyOrder(scenario, form) });
          }
        } catch (error) {
          const isInput = error instanceof InputError || error instanceof RangeError || error instanceof ScheduleMisfit;
          if (!isInput) throw error;
          tell({ kind: 'bad', id, line: error.message });
        }
      }
    }
  };
};
