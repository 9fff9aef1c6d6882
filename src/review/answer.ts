// SPDX-License-Identifier: MIT
import type { Change, SideVerdict } from './compare.ts';
import type { Judged } from './judge.ts';
import type { RoutineState } from '../source/index.ts';
import type { Prepared } from './prepare.ts';

/** One side of a change, with its verdicts. */
export type ReviewedSide =
  | {
      readonly kind: 'judged';
      readonly verdict: SideVerdict;
      /** One for each scenario with a conversion. */
      readonly judged: readonly Judged[];
      /** Functions that it calls and that neither the kernel nor the mail exports to modules. */
      readonly unexportedCalls: readonly string[];
    }
  /** Its C cannot be translated; one line each: `FILE:LINE:COLUMN: what, expected what`. */
  | { readonly kind: 'refused'; readonly errors: readonly string[] }
  /** The mail shows too little of it; one line with its place. */
  | { readonly kind: 'unshown'; readonly why: string };

/** A change of a check in a mail, before and after. */
export interface ReviewedChange {
  readonly prepared: Prepared;
  /** Undefined if the mail adds the function. */
  readonly before: ReviewedSide | undefined;
  /** Undefined if the mail removes the function. */
  readonly after: ReviewedSide | undefined;
  /** Empty unless both sides are judged. */
  readonly changes: readonly Change[];
}

/** The kernel's routines that a verdict depends on, compared with a tree. */
export interface ComparedSource {
  readonly tree: string;
  /** The release that the model was compared with. */
  readonly release: string;
  readonly states: readonly RoutineState[];
  /** Why nothing was compared; the states are empty then. */
  readonly failure: string | undefined;
}

/** Result of a review: every change of the check, in the order of the mails. */
export interface ReviewAnswer {
  readonly file: string;
  /** The kernel that the scenarios are run on. */
  readonly profiles: readonly string[];
  readonly changes: readonly ReviewedChange[];
  /** State in the tree of the kernel's routines that the verdict depends on; undefined without a tree. */
  readonly source: ComparedSource | undefined;
  /** Scenarios left out because of an interruption. */
  readonly notRun: readonly string[];
  /** The change that the report is about: the last, which includes all others; of alternatives in one mail the worst. */
  readonly last: ReviewedChange;
  readonly outcome: 'holds' | 'violated' | 'undecided';
}

/**
 * An answer with its outcome: that of the check with every change applied.
 * @example
 * import { patchNamed } from 'folioscope/machine';
 * import { changesBetween, failed, hasOccasion, judging, nameOf, prepare, readMails, reviewAnswer, type ReviewedSide, Tree, verdictOf } from 'folioscope/review';
 * import { parseScenario } from 'folioscope/scenario';
 * const scenario = parseScenario('files/t.yaml', `
 * scenario: T
 * title: A page faulted on another CPU
 * machine: { cpus: 2 }
 * guest_memfd: { pages: 1 }
 * tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
 * before: [{ T1: { touch: 0..1 } }]
 * threads: { T0: [{ convert: { range: 0..1, to: private } }] }
 * `);
 * hasOccasion(scenario); // => true
 * nameOf(scenario); // => 't'
 * const begin = ['static bool safe(struct inode *inode, pgoff_t start, size_t nr, pgoff_t *at)', '{'];
 * const lines = ['--- a/a.c', '+++ b/a.c', '@@ -1,3 +1,4 @@', ...begin.map((line) => ` ${line}`), '+\tlru_add_drain_all();', ' }'];
 * const mails = await readMails(new TextEncoder().encode(lines.join('\n')));
 * const about = { file: 'a.diff', function: 'safe', known: new Set<string>() };
 * const [change] = await prepare(mails, about);
 * change!.shown; // => 'whole'
 * const tree = new Tree('linux', async () => [...begin, '}', ''].join('\n'));
 * (await prepare(mails, { ...about, tree }))[0]!.after!.source.lines.length; // => 5
 * // src/cfront translates both sides; here two forms stand for them.
 * const sideOf = (name: string): Extract<ReviewedSide, { kind: 'judged' }> => {
 *   const pieces = judging(scenario, patchNamed(name), { mostStates: 100_000 });
 *   let piece = pieces.next();
 *   while (piece.done !== true) piece = pieces.next();
 *   const judged = [piece.value];
 *   return { kind: 'judged', judged, verdict: verdictOf(judged), unexportedCalls: [] };
 * };
 * const [before, after] = [sideOf('baseline'), sideOf('v6')];
 * const changes = changesBetween(before.judged, after.judged);
 * changes.map(({ id, kind }) => `${id} ${kind}`); // => ['I2 fixed']
 * const answer = reviewAnswer({ file: 'a.diff', profiles: ['linux-7.3'], changes: [{ prepared: change!, before, after, changes }], source: undefined, notRun: [] });
 * answer.outcome; // => 'holds'
 * verdictOf([failed(scenario, 'it spins')]).verdict; // => 'undecided'
 */
export function reviewAnswer(parts: Omit<ReviewAnswer, 'last' | 'outcome'>): ReviewAnswer {
  const isOpen = parts.notRun.length > 0;
  const [last, ...others] = judgedOnes(parts.changes).toSorted(
    (a, b) => WORST.indexOf(outcomeOf(a, isOpen)) - WORST.indexOf(outcomeOf(b, isOpen)),
  );
  if (last === undefined) throw new Error('a review without a change');
  return { ...parts, last, outcome: worstOf([last, ...others].map((one) => outcomeOf(one, isOpen))) };
}

const WORST: readonly ReviewAnswer['outcome'][] = ['violated', 'undecided', 'holds'];
const worstOf = (outcomes: readonly ReviewAnswer['outcome'][]): ReviewAnswer['outcome'] =>
  WORST.find((one) => outcomes.includes(one)) ?? 'holds';

/** The changes that the outcome is about: the last one, and each that stands beside another in its mail. */
function judgedOnes(changes: readonly ReviewedChange[]): readonly ReviewedChange[] {
  const last = changes.at(-1);
  return last === undefined ? [] : [last, ...changes.filter((one) => one !== last && one.prepared.isAlternative)];
}

function outcomeOf({ after }: ReviewedChange, isOpen: boolean): ReviewAnswer['outcome'] {
  if (after?.kind !== 'judged') return 'undecided';
  if (after.verdict.verdict === 'violated') return 'violated';
  return isOpen ? 'undecided' : after.verdict.verdict;
}
