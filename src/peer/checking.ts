// SPDX-License-Identifier: MIT
import type { Question } from '../check/index.ts';
import { compilePacked, compilesText, createMemory, Interpreter, withoutAssert } from '../lang/index.ts';
import { cpu } from '../ledger/index.ts';
import {
  asExpected,
  type CheckAnswer,
  type CheckProgress,
  type Counterexample,
  coveredBy,
  inRounds,
  type SearchOptions,
  shownIn,
  switchesIn,
} from '../verify/index.ts';
import type { PeerQuestion } from './file.ts';
import { buildPeer, NO_FALSE_POSITIVE, type Peer, type PeerConfig } from './protocol.ts';

const DEADLOCK = 'deadlock';

/** Options for checking the peer protocol. */
export interface PeerOptions extends SearchOptions {
  readonly variant: PeerConfig['variant'];
}

/**
 * Checks the protocol with which other model checkers were measured.
 * @example
 * import { checkingPeer, parsePeerQuestion } from 'folioscope/peer';
 * const file = `
 * model: peer-protocol
 * scenario: peer
 * title: The protocol
 * cpus: 2
 * folios: 1
 * `;
 * const asked = parsePeerQuestion('peer.yaml', file);
 * const pieces = checkingPeer(asked, { variant: 'v6', mostStates: 100_000 });
 * let piece = pieces.next();
 * while (piece.done !== true) piece = pieces.next();
 * piece.value.verdict; // => 'holds'
 */
export function* checkingPeer(asked: PeerQuestion, options: PeerOptions): Generator<CheckProgress, CheckAnswer> {
  const { cpus, folios } = asked;
  const { variant } = options;
  const peer = buildPeer({ cpus, folios, variant });
  const initial = createMemory(peer.program);
  const interpreter = new Interpreter(peer.program, initial);
  for (const task of peer.codeOf) interpreter.start(task, task);
  const symmetry = options.exact !== true && options.symmetry !== false && cpus > 2 ? peer.symmetry : undefined;
  const ids = [NO_FALSE_POSITIVE, ...peer.properties.map(({ name }) => name), DEADLOCK];
  const question = (without: ReadonlySet<string>): Question => ({
    ...peer,
    program: without.has(NO_FALSE_POSITIVE) ? withoutAssert(peer.program, NO_FALSE_POSITIVE) : peer.program,
    initial,
    coverage: options.coverage === true,
    properties: peer.properties.filter(({ name }) => !without.has(name)),
    symmetry,
  });
  const rounds = yield* inRounds(
    {
      ids,
      sentence: (id) => id,
      question,
      named: (name) => ({ id: name, detail: '' }),
      counterexampleOf: (moves, nearness) => ({
        ...peerCounterexample(peer, moves),
        contextSwitches: switchesIn(moves),
        ...nearness,
        round: undefined,
      }),
    },
    options,
  );
  const { unreached: _, coverage, ...rest } = rounds;
  const expected = asked.check.byPatch.get(variant) ?? asked.check.every;
  return {
    ...rest,
    coverage: coverage && coveredBy(coverage),
    endsNotAsked: false,
    interpreted: !compilesText(),
    walked: options.walks,
    patch: variant,
    notes: { mutant: undefined, unexportedCalls: [] },
    routines: [],
    machine: {
      profile: 'peer-protocol',
      cpus,
      tasks: peer.codeOf.length,
      folios,
      pages: folios,
      batchSize: undefined,
      profileBatchSize: undefined,
      words: compilePacked(peer.program, peer.codeOf).words,
    },
    before: [],
    expected,
    asExpected: asExpected(expected, rounds.properties),
  };
}

/** The CPU at the end of a task's name. */
const cpuOf = (name: string) => cpu(Number(/\d+$/.exec(name)?.[0] ?? 0));

function peerCounterexample(
  peer: Peer,
  moves: Parameters<typeof switchesIn>[0],
): Omit<Counterexample, 'contextSwitches' | 'isShortest' | 'fewestSwitches' | 'round'> {
  const interpreter = new Interpreter(peer.program, createMemory(peer.program));
  for (const task of peer.codeOf) interpreter.start(task, task);
  const stateBefore = shownIn(interpreter, peer.program.variables);
  const tasks = peer.codeOf.map((code) => {
    const name = peer.program.codes[code]?.name ?? '';
    return { name, cpu: cpuOf(name) };
  });
  const steps = moves.map(({ task, option }): Counterexample['steps'][number] => {
    const taken = interpreter.step(task, option);
    if (taken === undefined) throw new Error(`task ${task} cannot take a step of the counterexample`);
    const name = taken.code.name;
    return {
      task,
      thread: name,
      cpu: cpuOf(name),
      call: undefined,
      option,
      path: taken.step.path,
      name: taken.step.name,
      writes: taken.writes.map(({ variable, index, before, after }) => ({
        variable: variable.name,
        index,
        before,
        after,
      })),
      read: undefined,
      ledger: [],
      state: shownIn(interpreter, peer.program.variables),
    };
  });
  return { steps, ledgerBefore: [], stateBefore, tasks };
}
