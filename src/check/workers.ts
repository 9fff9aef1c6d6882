// SPDX-License-Identifier: MIT
import { readSuccessors, type SuccessorsText } from '../lang/index.ts';
import { Barrier } from './barrier.ts';
import { exactly, nearestOf, type ProgramExploration, type Question, spaceOfProgram, whatElse } from './explore.ts';
import type { Exploration, Reach } from './model.ts';
import { type Order, Part, type Reply } from './part.ts';
import { Search } from './search.ts';
import {
  commonFrom,
  orderFrom,
  replyFrom,
  type SentCommon,
  type SentOrder,
  type SentReply,
  sentCommon,
  sentOrder,
  sentReply,
} from './sent.ts';
import type { Space } from './space.ts';
import { Watchdog } from './watchdog.ts';

/** A message to a worker: first its part and search, then its orders. */
export type ToWorker =
  | { readonly kind: 'setup'; readonly text: SuccessorsText; readonly common: SentCommon; readonly index: number }
  | SentOrder;

/** A message from a worker. */
export type FromWorker = SentReply;

/** The connection to a worker. Messages are structured clones; shared memory in them stays shared. */
export interface WorkerPort {
  readonly post: (message: ToWorker) => void;
  readonly onMessage: (listener: (message: FromWorker) => void) => void;
  /** Called if the worker ends without a reply, or if a message to or from it is lost. */
  readonly onFailure: (listener: (error: Error) => void) => void;
  readonly close: () => void;
}

/** Starts threads: worker_threads of Node, or a browser's workers. Each must call `serve`. */
export interface WorkerHost {
  readonly start: () => WorkerPort;
  /** Calls a listener about once a second, until its result is called. */
  readonly everySecond: (listener: () => void) => () => void;
}

/** Entry point of a worker: it does a part's work. */
export function serve(
  onMessage: (listener: (message: ToWorker) => void) => void,
  answer: (message: FromWorker) => void,
): void {
  let part: Part | undefined;
  onMessage((message) => {
    if (message.kind === 'setup') {
      const { text, common, index } = message;
      part = new Part(readSuccessors(text), commonFrom(common), index);
    } else if (part === undefined) throw new Error('a worker was told to work before it was told on what');
    else answer(sentReply(part.do(orderFrom(message))));
  });
}

/**
 * Explores a program with threads that share memory. States, transitions, depth and counterexample are those of one
 * thread. The calling thread only coordinates, so it stays free; `reach.interrupted` is called between two rounds of
 * work.
 * @param workers at least 1, at most the number of heaps (64).
 * @example
 * import { exploreProgramWith, type FromWorker, serve, type ToWorker, type WorkerHost } from 'folioscope/check';
 * import { buildCode, createMemory, int, Interpreter, literal, program, sharedScalar } from 'folioscope/lang';
 * const total = sharedScalar('total', int(9));
 * const adding = buildCode('adding', null, { task: 2 }, 0, (k) => k.step('add', () => total.add(1)));
 * const counting = program({ task: 2 }, [total], [adding]);
 * const initial = createMemory(counting);
 * const interpreter = new Interpreter(counting, initial);
 * for (const task of [0, 1]) interpreter.start(task, 0);
 * const question = {
 *   program: counting,
 *   codeOf: [0, 0],
 *   initial,
 *   properties: [{ name: 'at most one', holds: total.le(1) }],
 *   mayEnd: literal<'bool'>(1),
 * };
 * // Workers in this thread; a host of threads posts to them instead.
 * const host: WorkerHost = {
 *   start: () => {
 *     let work = (_message: ToWorker): void => {};
 *     let tell = (_message: FromWorker): void => {};
 *     serve(
 *       (listener) => (work = listener),
 *       (message) => queueMicrotask(() => tell(message)),
 *     );
 *     return {
 *       post: (message) => queueMicrotask(() => work(message)),
 *       onMessage: (listener) => (tell = listener),
 *       onFailure: () => {},
 *       close: () => {},
 *     };
 *   },
 *   everySecond: () => () => {},
 * };
 * const found = await exploreProgramWith(question, { mostStates: 1000 }, { workers: 1, host });
 * found.verdict; // => 'violated'
 */
export async function exploreProgramWith(
  question: Question,
  reach: Reach,
  { workers, host }: { readonly workers: number; readonly host: WorkerHost },
): Promise<ProgramExploration> {
  // They load their modules while the program is compiled.
  const team = Array.from({ length: workers }, () => new Colleague(host.start()));
  try {
    const { space, isPartial } = spaceOfProgram(question, true);
    const found = await searchWith(space, reach, team, host);
    const about = whatElse(question, space, isPartial);
    if (found.verdict !== 'violated' || !isPartial)
      return { ...found, ...about, isShortest: found.counterexample !== undefined };
    const whole = spaceOfProgram({ ...question, partialOrder: false }, true);
    return { ...found, ...about, ...nearestOf(await searchWith(whole.space, exactly(reach), team, host)) };
  } finally {
    for (const colleague of team) colleague.close();
  }
}

/** A search that its threads cannot finish: one has died, or none works any more. The message says how far it was. */
class LostSearchError extends Error {
  override readonly name = 'LostSearchError';
}

async function searchWith(
  space: Space,
  reach: Reach,
  team: readonly Colleague[],
  host: WorkerHost,
): Promise<Exploration> {
  const { text } = space;
  if (text === undefined) throw new Error('a model written by hand is for one thread');
  const search = new Search(space, reach, team.length, true);
  const { common } = search;
  const watchdog = new Watchdog(common.pulse, reach.interrupted, host.everySecond);
  for (const [index, colleague] of team.entries())
    colleague.post({ kind: 'setup', text, common: sentCommon(common), index });
  try {
    const rounds = search.run();
    for (let replies: readonly Reply[] = []; ; ) {
      const next = rounds.next(replies);
      if (next.done === true) return next.value;
      if (!('order' in next.value)) continue;
      const { order, parts } = next.value;
      const asked = team.filter((_, part) => parts.includes(part));
      const answers = Promise.all(asked.map(async (colleague) => colleague.ask(order)));
      const ended = await watchdog.watching(answers).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        throw new LostSearchError(`${why}; until then ${search.account}`, { cause: error });
      });
      if (ended === 'interrupted') return search.leftOff();
      replies = ended;
    }
  } finally {
    watchdog.stop();
    // Otherwise the other threads would wait for ever for the one that has ended.
    new Barrier(common.barrier, team.length).breakDown();
  }
}

/** A worker, with one order at a time. */
class Colleague {
  readonly #port: WorkerPort;
  #settle: { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void } | undefined;
  #failure: Error | undefined;

  constructor(port: WorkerPort) {
    this.#port = port;
    port.onMessage((reply) => this.#settle?.resolve(replyFrom(reply)));
    port.onFailure((error) => {
      this.#failure = error;
      this.#settle?.reject(error);
    });
  }

  post(message: ToWorker): void {
    this.#port.post(message);
  }

  async ask(order: Order): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure);
      this.#settle = { resolve, reject };
      this.#port.post(sentOrder(order));
    });
  }

  close(): void {
    this.#port.close();
  }
}
