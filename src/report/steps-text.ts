// SPDX-License-Identifier: MIT
import type { CallAnswer, PatchAnswer, Scenario, StepAnswer } from '../scenario/index.ts';
import { fold, READ, sharedDepth, type StepItem, stepTree, withStatement } from './step-tree.ts';
import { unbroken, wrap } from './flow.ts';

/** Each step on its own line, or repetitions folded and short routines in one line. */
export type StepStyle = 'folded' | 'all';

/** Deeper nesting is not indented further, so that names keep room. */
const DEEPEST = 36;
const FOLIO_COUNT = 'folio.refcount';

const indent = (depth: number): string => ' '.repeat(Math.min(2 * depth, DEEPEST));

/** Number of steps that all forms share at their beginning. */
export function sharedSteps(patches: readonly PatchAnswer[]): number {
  const [first, ...others] = patches.map(({ steps }) => steps.map(identity));
  if (first === undefined) return 0;
  const end = first.findIndex((step, i) => others.some((steps) => steps[i] !== step));
  return end === -1 ? first.length : end;
}

/** The fields that equal steps share. */
const identity = ({ task, cpu, call, path, name, writes, read }: StepAnswer): string =>
  JSON.stringify([task, cpu, call, path, name, writes, read]);

/** Whether two forms took the same steps from `from` on. */
export const sameSteps = (a: PatchAnswer, b: PatchAnswer, from: number): boolean =>
  a.steps.length === b.steps.length &&
  a.steps.slice(from).every((step, i) => {
    const other = b.steps[from + i];
    return other !== undefined && identity(step) === identity(other);
  });

/** Lines for the steps `from` up to and without `to` of one form, a heading at each change of the task or its call. */
export function stepLines(
  scenario: Scenario,
  { calls, steps: taken }: PatchAnswer,
  range: { readonly from: number; readonly to: number; readonly style: StepStyle },
): readonly string[] {
  const { to, style } = range;
  const steps = taken.map(withStatement);
  const lines: string[] = [];
  /** Parts already shown, by heading. */
  const bodies = new Map<string, string>();
  for (let at = range.from; at < to; ) {
    const first = steps[at];
    if (first === undefined) break;
    let end = at + 1;
    while (end < to && steps[end]?.task === first.task && steps[end]?.call === first.call) end++;
    const call = first.call === undefined ? undefined : calls[first.call];
    const name = `${scenario.machine.tasks[first.task]?.name ?? `kworker/${first.cpu}`} on CPU ${first.cpu}`;
    const part = steps.slice(at, end).filter(({ returns }) => !returns);
    const open = openRoutines(steps, at, end);
    // A run that repeats for ever has more steps than a call can have arguments.
    const inside = part.reduce((least, { path }) => Math.min(least, sharedDepth(path, first.path)), open.before);
    const goesOn = call !== undefined && inside > 0;
    const doing = call === undefined ? '' : `: ${call.of.text}`;
    const heading = goesOn ? `${name} continues in ${first.path[inside - 1]}` : `${name}${doing}`;
    lines.push(...wrap(heading, indent(1), indent(2)));
    const from = goesOn ? inside : 0;
    const shown = { before: open.before - from, after: open.after - from };
    const body =
      style === 'all' ? allLines(part, from) : render(fold(collapse(stepTree(part, countMark, from), shown)), 2);
    const alike = bodies.get(body.join('\n'));
    if (alike !== undefined && body.length > 2) lines.push(...wrap(`as above: ${alike}`, indent(2), indent(3)));
    else for (const line of body) lines.push(line);
    bodies.set(body.join('\n'), alike ?? heading);
    if (end - at > part.length && call?.outcome !== undefined)
      lines.push(...wrap(`returns ${returnedText(call.outcome)}`, indent(2)));
    at = end;
  }
  return lines;
}

const returnedText = ({ result, errorIndex }: NonNullable<CallAnswer['outcome']>): string =>
  errorIndex === undefined ? result : `${result}, error_offset at index ${errorIndex}`;

/** Number of outer routines of a part that its task entered before it, or is still in after it. */
interface Open {
  readonly before: number;
  readonly after: number;
}

function openRoutines(steps: readonly StepAnswer[], at: number, end: number): Open {
  const [first, last] = [steps[at], steps[end - 1]];
  const same = (step: StepAnswer): boolean => step.task === first?.task && step.call === first.call;
  const before = steps.slice(0, at).findLast(same);
  const after = steps.slice(end).find(same);
  return {
    before: before === undefined || first === undefined ? 0 : sharedDepth(before.path, first.path),
    after: after === undefined || last === undefined ? 0 : sharedDepth(after.path, last.path),
  };
}

/** The folio's count after a step that changed it, or as a step read it for a judgement. */
function countMark({ writes, read }: StepAnswer): string {
  if (read !== undefined) return `${READ}${read.count}]`;
  const written = writes.findLast(({ variable }) => variable === FOLIO_COUNT);
  return written === undefined ? '' : `[${written.after}]`;
}

/**
 * A routine of a single step becomes that step under the routine's name, and one whose steps all have its name becomes
 * these; not if only a part of the routine is shown.
 */
const collapse = (items: readonly StepItem[], open: Open): readonly StepItem[] =>
  items.flatMap((item, i): readonly StepItem[] => {
    if (item.kind !== 'routine') return [item];
    const before = i === 0 ? open.before : 0;
    const after = i === items.length - 1 ? open.after : 0;
    const inner = collapse(item.items, { before: before - 1, after: after - 1 });
    const whole = { ...item, items: inner };
    if (before > 0 || after > 0 || item.isStatement === true) return [whole];
    const [only, more] = inner;
    if (more === undefined && only?.kind === 'step') return [{ ...only, name: item.name }];
    return inner.every((one) => one.kind === 'step' && one.name === item.name) ? inner : [whole];
  });

/** Longest routine, in characters, that is written in its caller's line. */
const SHORT_ROUTINE = 60;
/** Longest routine, in characters, that is not broken into lines. */
const UNBROKEN_ROUTINE = 45;

/** The item in a few words, if it is short enough to share a line. */
function inline(item: StepItem): string | undefined {
  if (item.kind === 'step') return unbroken(item.mark === '' ? item.name : `${item.name} ${item.mark}`);
  const parts = item.items.map(inline);
  if (parts.some((part) => part === undefined)) return undefined;
  const text = parts.join(', ');
  if (item.kind === 'repeat')
    return unbroken(parts.length === 1 ? `${text} x${item.times}` : `(${text}) x${item.times}`);
  if (item.isStatement === true || item.items.some(({ kind }) => kind === 'routine')) return undefined;
  const called = `${item.name} (${text})`;
  if (called.length > SHORT_ROUTINE) return undefined;
  return called.length > UNBROKEN_ROUTINE ? called : unbroken(called);
}

function render(items: readonly StepItem[], depth: number): readonly string[] {
  const lines: string[] = [];
  let words: string[] = [];
  const flush = (): void => {
    if (words.length > 0) lines.push(...wrap(words.join(', '), indent(depth), indent(depth + 1)));
    words = [];
  };
  for (const item of items) {
    const short = inline(item);
    if (short !== undefined) {
      words.push(short);
      continue;
    }
    flush();
    lines.push(...renderRoutine(item, depth));
  }
  flush();
  return lines;
}

function renderRoutine(item: StepItem, depth: number): readonly string[] {
  if (item.kind === 'step') return [];
  const names: string[] = [];
  let inner = item;
  for (;;) {
    names.push(inner.kind === 'routine' ? inner.name : `x${inner.times}`);
    const [only, more] = inner.items;
    if (more !== undefined || only === undefined || only.kind === 'step' || inline(only) !== undefined) break;
    inner = only;
  }
  const heading = names.join(' > ');
  const short = inner.items.map(inline);
  if (short.every((part) => part !== undefined))
    return wrap(`${heading}: ${short.join(', ')}`, indent(depth), indent(depth + 1));
  return [...wrap(heading, indent(depth), indent(depth + 1)), ...render(inner.items, depth + 1)];
}

/** Every step on its own line with everything that it wrote, under its routines, without the outer `from`. */
function allLines(steps: readonly StepAnswer[], from: number): readonly string[] {
  const lines: string[] = [];
  let path: readonly string[] = steps[0]?.path.slice(0, from) ?? [];
  const left = (depth: number): string => indent(depth - from + 2);
  for (const step of steps) {
    const { name, writes, read } = step;
    for (let depth = sharedDepth(path, step.path); depth < step.path.length; depth++)
      lines.push(...wrap(step.path[depth] ?? '', left(depth)));
    path = step.path;
    const effects = [
      ...(read === undefined ? [] : [`reads ${FOLIO_COUNT}[${read.folio}] ${read.count}`]),
      ...writes.map(({ variable, index, before, after }) => `${variable}[${index.join()}] ${before} -> ${after}`),
    ];
    const text = effects.length === 0 ? name : `${name}: ${effects.map(unbroken).join(', ')}`;
    lines.push(...wrap(`- ${text}`, left(path.length), left(path.length + 1)));
  }
  return lines;
}
