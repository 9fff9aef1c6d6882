// SPDX-License-Identifier: MIT
import type { Parser } from 'web-tree-sitter';
import { DEFAULT_PROFILE, type KernelPart, type Patch, routine } from '../kernel/index.ts';
import { int, shared, withoutKinds } from '../lang/index.ts';
import { readUnit } from './decode.ts';
import { type Lasting, record } from './emit.ts';
import type { Form } from './ir.ts';
import { type Table, TABLE } from './known.ts';
import { type Answers, lower } from './lower.ts';
import type { RangeGiven } from './range-given.ts';
import { COUNTER, type Kernel, ranges } from './ranges.ts';
import { type CSource, inOneLine, placeName, Refused } from './source.ts';
import type { CFunction, CUnit } from './syntax.ts';
import { counted } from './turns.ts';

/** The check's function in every kernel with in-place conversion that is known here. */
export const CHECK_FUNCTION = 'kvm_gmem_is_safe_for_conversion';

/** Options of a translation. */
export interface TranslateOptions {
  /** The form's name, as reports call it. */
  readonly name: string;
  /** The check's function; if absent, {@link CHECK_FUNCTION}, or the only function with a check's parameters. */
  readonly function?: string | undefined;
  /** Names exported to modules, besides those that the text exports. */
  readonly exports?: readonly string[];
  /** Functions that may be called; {@link TABLE} if absent. Tests have tables of their own. */
  readonly table?: Table;
}

/** A form of the check, or why there is none. */
export type Translation =
  | {
      readonly kind: 'form';
      readonly form: Patch;
      /** The function's name. */
      readonly function: string;
      /** First and last line of the function in the source, from 0. */
      readonly lines: { readonly from: number; readonly to: number };
    }
  /** One line each: `FILE:LINE:COLUMN: what, expected what`. */
  | { readonly kind: 'refused'; readonly errors: readonly string[] };

/**
 * Remarks in comments for facts that the check's text does not contain: the meaning of its result, and what the rest of the
 * kernel does.
 */
const REMARKS = ['trueMeansUsed', 'givenCount', 'givenEnd', 'givenLast', 'skipsLru', 'guestFaultPutsAtOnce'] as const;
type Remark = (typeof REMARKS)[number];
const isRemark = (text: string): text is Remark => REMARKS.some((one) => one === text);

/** A kernel for a first range analysis, so that errors that occur in every kernel are reported at once. */
const TRIAL: Kernel = {
  config: {
    profile: DEFAULT_PROFILE,
    patch: { name: 'trial', summary: '', check: routine('trial', () => {}) },
  },
  sizes: { folio: 4, index: 4, inode: 2, references: 64, order: 1, mm: 2, cpu: 2, task: 4 },
};
const TRIAL_GIVEN = { inode: { low: 0, high: 1 }, start: { low: 0, high: 3 }, nr: { low: 1, high: 4 } };

/** Translates a check, without access to files. */
export function translateWith(parser: Parser, source: CSource, options: TranslateOptions): Translation {
  let done = (): void => {};
  try {
    const read = readUnit(parser, source);
    ({ done } = read);
    const fn = functionIn(read.unit, options.function);
    const remarks = read.unit.remarks.map(({ text, at }): Remark => {
      if (isRemark(text)) return text;
      throw new Refused(`'folioscope: ${inOneLine(text)}' is not a known remark, expected ${REMARKS.join(' or ')}`, at);
    });
    const lowered = lower(read.unit, fn, {
      table: options.table ?? TABLE,
      answers: answersOf(fn, remarks),
      remarked: rangeRemarked(remarks),
    });
    const form: Form = { ...lowered, body: counted(lowered.body) };
    const { statics } = ranges(form, TRIAL, TRIAL_GIVEN);
    const lasting = [...statics].map(([of, { low, high }]): Lasting => {
      const [from, to] = [Math.max(Math.min(low, 0), -COUNTER - 1), Math.min(high, COUNTER)];
      const first = of.value.op === 'const' ? of.value.value : 0;
      const type = { ...int(Math.max(1, to - from)), initial: first - from };
      return { of, shared: shared(`static ${of.name}`, [], type), low: from, high: to };
    });
    return {
      kind: 'form',
      function: fn.name,
      lines: { from: fn.at.line, to: fn.last },
      form: patchOf(form, source, lasting, { options, remarks, exported: read.unit.exported }),
    };
  } catch (error) {
    // A text that is nested beyond any readable depth overflows JavaScript's stack.
    const isTooDeep = error instanceof RangeError && error.message.includes('call stack');
    if (isTooDeep)
      return { kind: 'refused', errors: [`${source.name}:1:1: is nested too deeply, expected fewer levels`] };
    if (!(error instanceof Refused)) throw error;
    return { kind: 'refused', errors: [messageOf(error, source)] };
  } finally {
    done();
  }
}

/** A refusal in one line. */
const messageOf = ({ message, at }: Refused, source: CSource): string =>
  at === undefined
    ? `${source.name}:1:1: ${message}`
    : `${placeName(source, at)}: ${quoted(at.text, message)}${message}`;

/** The text at the place, unless the message already contains it. */
const quoted = (text: string, message: string): string => (text === '' || message.startsWith("'") ? '' : `'${text}' `);

function functionIn(unit: CUnit, wanted: string | undefined): CFunction {
  const names = [...unit.functions.keys()];
  if (wanted !== undefined) {
    const found = unit.functions.get(wanted);
    if (found !== undefined) return found();
    throw new Refused(`no function '${wanted}', expected ${namesText(names)}`, undefined);
  }
  const usual = unit.functions.get(CHECK_FUNCTION);
  if (usual !== undefined) return usual();
  const [first, more] = names;
  if (first === undefined)
    throw new Refused(`has no function, expected ${CHECK_FUNCTION}() or another check`, undefined);
  // Helpers come first in C, and the check calls them.
  const found = more === undefined ? unit.functions.get(first) : unit.functions.get(names.at(-1) ?? '');
  if (found === undefined || names.length > MOST_GUESSED)
    throw new Refused(
      `no function '${CHECK_FUNCTION}', expected it, or another name after a colon: ${namesText(names)}`,
      undefined,
    );
  return found();
}

/** Above this number of functions in a file, the check is not guessed. */
const MOST_GUESSED = 8;
const MOST_NAMED = 8;

function namesText(names: readonly string[]): string {
  if (names.length === 0) return 'a function';
  // The parser's name may be a whole declarator.
  const named = names
    .slice(0, MOST_NAMED)
    .map((name) => inOneLine(name))
    .join(', ');
  return names.length > MOST_NAMED ? `one of ${named} and ${names.length - MOST_NAMED} more` : `one of ${named}`;
}

/**
 * Meaning of a check's result. A bool says that the pages are safe, unless a remark says that it reports users; an int of 0
 * says that they are safe.
 */
function answersOf({ returns, at }: CFunction, remarks: readonly Remark[]): Answers {
  if (returns.kind === 'bool') return remarks.includes('trueMeansUsed') ? 'true-is-used' : 'true-is-safe';
  if (returns.kind === 'int') return 'zero-is-safe';
  throw new Refused(`returns no result, expected bool or int`, at);
}

/** Meaning of the range's second number by a remark. */
function rangeRemarked(remarks: readonly Remark[]): RangeGiven | undefined {
  if (remarks.includes('givenCount')) return 'count';
  if (remarks.includes('givenEnd')) return 'end';
  return remarks.includes('givenLast') ? 'last' : undefined;
}

/** Whether a remark describes the kernel outside the check. */
const isOfKernel = (remark: Remark): boolean => remark === 'skipsLru' || remark === 'guestFaultPutsAtOnce';

function patchOf(
  form: Form,
  source: CSource,
  lasting: readonly Lasting[],
  {
    options,
    remarks,
    exported,
  }: { readonly options: TranslateOptions; readonly remarks: readonly Remark[]; readonly exported: readonly string[] },
): Patch {
  const parts = [...new Set(form.calls.flatMap((known): readonly KernelPart[] => known.parts ?? []))];
  const exports = [...new Set([...exported, ...(options.exports ?? [])])];
  return {
    name: options.name,
    summary: `${form.name}() of ${source.name}`,
    check: routine(form.name, (k, args) => {
      try {
        withoutKinds(() => record(form, source, lasting, k, args));
      } catch (error) {
        if (error instanceof Refused) throw new Error(messageOf(error, source), { cause: error });
        throw error;
      }
    }),
    ...(parts.length === 0 ? {} : { parts }),
    ...(form.calls.some(({ freezes }) => freezes === true) ? { freezes: true } : {}),
    ...(lasting.length === 0 ? {} : { statics: lasting.map((one) => one.shared) }),
    ...(exports.length === 0 ? {} : { exports }),
    ...Object.fromEntries(remarks.filter(isOfKernel).map((remark) => [remark, true])),
  };
}
