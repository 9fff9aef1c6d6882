// SPDX-License-Identifier: MIT
export { alikeTasks } from './analyse/alike.ts';
export type { Body, Claim, Effect, Observe, Origin, Step, Where } from './text/body.ts';
export type { Builder, LocalArray, Routine, Turn } from './text/builder.ts';
export { language, TASK } from './text/builder.ts';
export type { Columns } from './compile/columns.ts';
export { compileColumns } from './compile/columns.ts';
export { applyingWhere } from './text/effects.ts';
export { withoutKinds } from './text/expression.ts';
export type { Arg, SharedArray } from './text/expression.ts';
export type { Expr, Variable } from './text/expr.ts';
export {
  choose,
  claimed,
  element,
  finished,
  first,
  literal,
  none,
  observed,
  ordinal,
  Place,
  shared,
  sharedScalar,
  size,
  Value,
} from './text/expression.ts';
export type { Exported } from './export/index.ts';
export { toMurphi, toPromela } from './export/index.ts';
export { compilesText, generated } from './compile/generated.ts';
export type { ClaimHeld, ElementRead, Observed, Taken, Write } from './run/interpreter.ts';
export { Interpreter } from './run/interpreter.ts';
export type { Independence } from './analyse/independence.ts';
export { independence } from './analyse/independence.ts';
export { FUSABLE } from './analyse/choice.ts';
export type { Mark, MarkArgs, Nothing } from './text/mark.ts';
export { mark } from './text/mark.ts';
export { OutOfRange } from './text/out_of_range.ts';
export type { Column, Memory } from './program/memory.ts';
export { columnOf, copyMemory, createMemory, IDLE, resetMemory } from './program/memory.ts';
export type { Packed } from './compile/packed.ts';
export { compilePacked } from './compile/packed.ts';
export type { Code, Program } from './program/program.ts';
export { buildCode, program } from './program/program.ts';
export type { Asked, Compiling, Property, ReadSuccessors, Successors, SuccessorsText } from './explore/successors.ts';
export type { Symmetry } from './analyse/symmetry.ts';
export { compileSuccessors, readSuccessors, writeSuccessors } from './explore/successors.ts';
export { HEAPS } from './explore/state_words.ts';
export {
  observationsIn,
  rewriteEffects,
  rewriteObservations,
  rewriteSteps,
  withLocal,
  withLocalArray,
  withoutAssert,
} from './program/rewrite.ts';
export type { Domain, Sizes, Type } from './text/types.ts';
export { bool, domain, int, one, optional } from './text/types.ts';
