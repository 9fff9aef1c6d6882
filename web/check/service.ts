// SPDX-License-Identifier: MIT
import { ALTERNATIVES } from '../../src/kernel/index.ts';
import { InputError } from '../../src/ledger/index.ts';
import { formatSchedule, patchNamed, PATCHES, turnsTaken } from '../../src/machine/index.ts';
import { type CheckAnswer, checking, type PropertyAnswer } from '../../src/verify/index.ts';
import { libraryEntries, scenarioOf } from '../book/service.ts';
import type { Service } from '../view/index.ts';
import type { CheckAsk, Checked, CheckStart, CheckTell } from './protocol.ts';

const lengthOf = ({ counterexample }: PropertyAnswer): number => counterexample?.steps.length ?? Infinity;

/** What the page shows of an answer. */
export function checkedOf(scenario: string, answer: CheckAnswer): Checked {
  const { explored, properties } = answer;
  const shortest = properties
    .filter(({ verdict, counterexample }) => verdict === 'violated' && counterexample !== undefined)
    .toSorted((a, b) => lengthOf(a) - lengthOf(b))[0]?.counterexample;
  return {
    scenario,
    form: answer.patch,
    verdict: answer.verdict,
    states: explored.states,
    transitions: explored.transitions,
    depth: explored.depth,
    reason: answer.reason,
    interpreted: answer.interpreted,
    asExpected: answer.asExpected,
    properties: properties.map(({ id, sentence, verdict, detail, vacuous, counterexample }) => ({
      id,
      sentence,
      verdict,
      detail,
      vacuous,
      steps: counterexample?.steps.length,
    })),
    schedule:
      shortest === undefined
        ? undefined
        : formatSchedule({ kind: 'list', turns: turnsTaken(shortest.steps.map(({ thread }) => thread)) }),
  };
}

/** The worker's side of the check view. */
export const checkService: Service<CheckAsk, CheckTell> = (tell) => {
  const check = async ({ id, scenario: name, form, mostStates }: CheckStart): Promise<void> => {
    const scenario = await scenarioOf({ kind: 'library', name });
    const pieces = checking(scenario, { patch: patchNamed(form), mostStates });
    let piece = pieces.next();
    while (piece.done !== true) {
      const { states, transitions, depth, round } = piece.value;
      tell({ kind: 'progress', id, progress: { states, transitions, depth, round } });
      piece = pieces.next();
    }
    tell({ kind: 'checked', id, checked: checkedOf(name, piece.value) });
  };
  return async (ask) => {
    switch (ask.kind) {
      case 'library':
        tell({
          kind: 'library',
          scenarios: libraryEntries(),
          forms: [...PATCHES, ...ALTERNATIVES].map(({ name }) => name),
        });
        return;
      case 'start':
        try {
          await check(ask);
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
          tell({ kind: 'bad', id: ask.id, line: error.message });
        }
    }
  };
};
