// SPDX-License-Identifier: MIT
import type { CFront, CSource } from '../../src/cfront/index.ts';
import { createMachine, formatSchedule, parseSchedule, type Patch, turnsTaken } from '../../src/machine/index.ts';
import { checking } from '../../src/verify/index.ts';
import { filmOf, scenarioOf, shownScenario, type Turns } from '../book/service.ts';
import { formTexts } from '../library/index.ts';
import type { Service } from '../view/index.ts';
import type { Judged, Mistake, PlayForm, PlaygroundAsk, PlaygroundTell } from './protocol.ts';

/** Scenarios that a text is checked in while it is typed: each takes a moment to explore; the mail's claim comes first. */
const SCENARIOS: readonly string[] = [
  'SC-02-other-cpu',
  'SC-01-same-cpu',
  'SC-03-migrated',
  'SC-16-own-unmap',
  'SC-11-longterm',
  'SC-12-walker',
  'SC-10-gup-fast',
  'SC-22-same-inode',
  'SC-06-flush-in-progress',
  'SC-08-guest-fault',
  'SC-14-two-processes',
  'SC-30-unsafe-behind-safe',
];

/** States after which a scenario is left undecided. */
const MOST_STATES = 20_000;

/** Lets messages arrive: a newer text ends the work for this one. */
const letIn = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 0);
  });

/** `FILE:LINE:COLUMN: what`; a message without a place is shown at the first line. */
function mistakeIn(message: string): Mistake {
  const [, line, column, what] = /:(\d+):(\d+): ([^]*)$/.exec(message) ?? [];
  return { line: Number(line ?? 1), column: Number(column ?? 1), what: what ?? message };
}

/** A machine that is built in a moment, to see whether a form can be built. */
const SMALLEST = { cpus: 1, tasks: [{ name: 'T', cpu: 0 }], guestMemfds: [{ pages: 1 }] };

/** The worker's side of the playground. */
export const playgroundService: Service<PlaygroundAsk, PlaygroundTell> = (tell) => {
  let front: CFront | undefined;
  let failureIn: (message: string) => string | undefined = () => undefined;
  let wholeFile: ((name: string, text: string) => CSource) | undefined;
  let form: Patch | undefined;
  let latest = 0;

  /** Works with the form. @returns undefined after a failure, which the page shows as a mistake of its text. */
  async function working<T>(id: number, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      tell({ kind: 'mistakes', id, mistakes: [mistakeIn(failureIn(message) ?? message)] });
      return undefined;
    }
  }

  async function judge(id: number, name: string, text: string): Promise<void> {
    if (front === undefined || wholeFile === undefined) return;
    const translation = front.translate(wholeFile(`${name}.c`, text), { name });
    if (translation.kind === 'refused') {
      form = undefined;
      tell({ kind: 'mistakes', id, mistakes: translation.errors.map(mistakeIn) });
      return;
    }
    const its = translation.form;
    form = its;
    await working(id, async () => {
      createMachine({ ...SMALLEST, patch: its, calls: ['touch', 'convert'] });
      tell({ kind: 'translated', id, scenarios: SCENARIOS });
      for (const scenario of SCENARIOS) {
        const judged = await judgedIn(scenario, its, () => latest !== id);
        if (judged === undefined) return;
        tell({ kind: 'judged', id, judged });
      }
      tell({ kind: 'all-judged', id });
    });
  }

  async function play({ id, scenario: name, schedule }: PlayForm): Promise<void> {
    const its = form;
    if (its === undefined) return;
    await working(id, async () => {
      const scenario = await scenarioOf({ kind: 'library', name });
      const film = filmOf(scenario, its, turnsOf(schedule));
      tell({ kind: 'played', id, scenario: shownScenario(scenario), film });
    });
  }

  return async (ask) => {
    switch (ask.kind) {
      case 'ready': {
        const { cFront, failureIn: placeIn, wholeFile: linesOf } = await import('./c-front.ts');
        [failureIn, wholeFile] = [placeIn, linesOf];
        front = await cFront({ grammar: new Uint8Array(ask.grammar), runtime: new Uint8Array(ask.runtime) });
        tell({ kind: 'ready', forms: [...formTexts()] });
        return;
      }
      case 'judge':
        latest = ask.id;
        await judge(ask.id, ask.name, ask.text);
        return;
      case 'play':
        await play(ask);
    }
  };
};

function turnsOf(schedule: string | undefined): Turns {
  const parsed = schedule === undefined ? undefined : parseSchedule(schedule);
  return parsed?.kind === 'list'
    ? { kind: 'follow', turns: parsed.turns }
    : { kind: 'exact', schedule: undefined, end: undefined };
}

/** Result of a form in a scenario; undefined if a newer question has arrived. */
async function judgedIn(name: string, patch: Patch, isObsolete: () => boolean): Promise<Judged | undefined> {
  const scenario = await scenarioOf({ kind: 'library', name });
  const pieces = checking(scenario, { patch, mostStates: MOST_STATES });
  let piece = pieces.next();
  while (piece.done !== true) {
    await letIn();
    if (isObsolete()) return undefined;
    piece = pieces.next();
  }
  await letIn();
  if (isObsolete()) return undefined;
  const { verdict, properties, explored, asExpected } = piece.value;
  const violated = properties.filter((property) => property.verdict === 'violated');
  const lengthOf = (steps: readonly unknown[] | undefined): number => steps?.length ?? Infinity;
  const [shortest] = violated
    .map(({ counterexample }) => counterexample)
    .filter((run) => run !== undefined)
    .toSorted((a, b) => lengthOf(a.steps) - lengthOf(b.steps));
  return {
    scenario: name,
    title: scenario.title,
    verdict,
    isExpected: asExpected === true,
    violated: violated.map(({ id }) => id),
    states: explored.states,
    steps: shortest?.steps.length,
    schedule:
      shortest === undefined
        ? undefined
        : formatSchedule({ kind: 'list', turns: turnsTaken(shortest.steps.map(({ thread }) => thread)) }),
  };
}
