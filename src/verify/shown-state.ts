// SPDX-License-Identifier: MIT
import { columnOf, type Memory, type Program, type Variable } from '../lang/index.ts';
import type { ShownVariable } from './answer.ts';

/** The values of some shared variables, element by element; variables that a program does not have are left out. */
export const shownIn = (
  { program, memory }: { readonly program: Program; readonly memory: Memory },
  variables: readonly Variable[],
): readonly ShownVariable[] =>
  variables
    .filter((variable) => memory.columns.has(variable))
    .map((variable) => ({
      name: variable.name,
      isTruth: variable.type.kind === 'bool',
      extents: variable.domains.map(({ name }) => program.sizes[name] ?? 0),
      values: [...columnOf(memory, { variable })],
    }));
