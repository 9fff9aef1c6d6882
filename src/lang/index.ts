// SPDX-License-Identifier: MIT
export { alikeTasks } from './alike.ts';
export type { Body, Claim, Effect, Observe, Step, Where } from './body.ts';
export type { Builder, LocalArray, Routine } from './builder.ts';
export { language, TASK } from './builder.ts';
export type { Columns } from './columns.ts';
export { compileColumns } from './columns.ts';
export { applyingWhere } from './effects.ts';
export type { Arg, Expr, SharedArray, Variable } from './expression.ts';
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
} from './expression.ts';
export type { Exported } from './export/index.ts';
export { toMurphi, toPromela } from './export/index.ts';
export { compilesText, generated } from './generated.ts';
export type { ClaimHeld, Observed, Taken, Write } from './interpreter.ts';
export { Interpreter } from './interpreter.ts';
export type { Independence } from './independence.ts';
export { FUSABLE, independence } from './independence.ts';
export type { Mark, MarkArgs, Nothing } from './mark.ts';
export { mark } from './mark.ts';
export type { Column, Memory } from './memory.ts';
export { columnOf, copyMemory, createMemory, IDLE, resetMemory } from './memory.ts';
export type { Packed } from './packed.ts';
export { compilePacked } from './packed.ts';
export type { Code, Program } from './program.ts';
export { buildCode, program } from './program.ts';
export type { Asked, Property, ReadSuccessors, Successors, SuccessorsText } from './successors.ts';
export type { Symmetry } from './symmetry.ts';
export { compileSuccessors, HEAPS, readSuccessors, writeSuccessors } from './successors.ts';
export {
  observationsIn,
  rewriteEffects,
  rewriteObservations,
  rewriteSteps,
  withLocal,
  withLocalArray,
  withoutAssert,
} from './rewrite.ts';
export type { Domain, Sizes, Type } from './types.ts';
export { bool, domain, int, one, optional } from './types.ts';
