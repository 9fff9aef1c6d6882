// SPDX-License-Identifier: MIT
// What explain says of simulated runs, beside what is true.
import { Explainer } from '../../src/explain/explainer.ts';
import { type Explanation, explainTrace, type Question } from '../../src/explain/index.ts';
import type { KernelEvent, Nanoseconds } from '../../src/ledger/index.ts';
import { memorySource, traceText } from '../../src/trace/index.ts';
import { summaryOf } from './kernel-events.ts';
import { batchesOf, CPUS, FIRST_INO, holdersOf, isBetweenFlushes, PROFILE, simulate, spell } from './simulated.ts';

/** `batches`: from stock events, whenever no CPU adds or flushes. `holders`: from page_ref events with stacks, always. */
export type Asked = 'batches' | 'holders';

export interface Comparison {
  readonly events: readonly KernelEvent[];
  /** Moments that were compared, once in this process and once through text. */
  readonly moments: number;
  /** Lines of which there are some in the truth, at all moments together: 0 would be no comparison. */
  readonly lines: number;
  /** No folio was inserted, so that nothing told which inode is a guest_memfd: each was asked for by its number. */
  readonly byInode: boolean;
  readonly wrong: readonly { readonly at: Nanoseconds; readonly truth: string; readonly said: string }[];
}

type Moment = Explanation['moments'][number];
const inode = (ino: bigint): number => Number(ino - FIRST_INO);

const SAID: Readonly<Record<Asked, (moment: Moment) => readonly string[]>> = {
  batches: ({ ino, folios }) =>
    folios.flatMap(({ index, holders }) =>
      holders.filter(({ kind }) => kind === 'lru-add-batch').map(({ cpu }) => `${inode(ino)}:${index} on CPU ${cpu}`),
    ),
  holders: ({ ino, folios }) => folios.map(({ index, holders }) => `${inode(ino)}:${index} ${spell(holders)}`),
};

/** Runs one seed and compares at `most` of its moments, which are one after every step; Infinity is all. */
export async function compare(seed: number, asked: Asked, most: number): Promise<Comparison> {
  const moments: { readonly at: Nanoseconds; readonly truth: readonly string[] }[] = [];
  const options = asked === 'holders' ? { pageReferences: true, stacks: true } : {};
  const events = simulate(seed, options, (machine, at, ledger) => {
    if (asked === 'holders') moments.push({ at, truth: holdersOf(machine, ledger) });
    else if (isBetweenFlushes(machine)) moments.push({ at, truth: batchesOf(machine) });
  });
  const times = events.flatMap(({ at }) => at ?? []);
  const [first, last] = [times[0] ?? 0n, times.at(-1) ?? 0n];
  const within = moments.filter(({ at }) => at >= first && at <= last);
  const some = within.filter((_, i) => i % Math.max(1, Math.ceil(within.length / most)) === 0);
  const question: Question = {
    moments: some.map(({ at }) => ({ kind: 'time', at })),
    patches: [],
    profile: PROFILE,
  };
  const text = new TextEncoder().encode([...traceText(events, CPUS)].join(''));
  const both = async (of: Question): Promise<readonly Explanation[]> => {
    const explainer = new Explainer(of);
    explainer.events(events);
    return [explainer.answer(summaryOf(events)), await explainTrace(memorySource('trace', text), of)];
  };
  const whole = await both(question);
  const isKnown = whole.every(({ inodes }) => inodes.some(({ kind }) => kind !== 'other'));
  const explanations = isKnown ? whole.map((one) => [one]) : await eachInode(events, question, both);
  return {
    events,
    moments: some.length,
    lines: some.reduce((sum, { truth }) => sum + truth.length, 0),
    byInode: !isKnown,
    wrong: explanations.flatMap((answers) =>
      some.flatMap(({ at, truth }) => {
        const said = answers.flatMap((answer) =>
          answer.moments.filter((moment) => moment.at === at).flatMap(SAID[asked]),
        );
        const [wanted, got] = [truth.join('; '), said.toSorted().join('; ')];
        return wanted === got ? [] : [{ at, truth: wanted, said: got }];
      }),
    ),
  };
}

/** The answers about each inode of which a folio was added, once from either reading. */
async function eachInode(
  events: readonly KernelEvent[],
  question: Question,
  both: (question: Question) => Promise<readonly Explanation[]>,
): Promise<readonly (readonly Explanation[])[]> {
  const added = new Set(events.flatMap((event) => (event.type === 'mm_filemap_add_to_page_cache' ? [event.ino] : [])));
  const answers = await Promise.all([...added].map((ino) => both({ ...question, inode: { dev: undefined, ino } })));
  return [0, 1].map((reading) => answers.flatMap((pair) => pair[reading] ?? []));
}
