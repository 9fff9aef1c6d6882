// SPDX-License-Identifier: MIT
import { COUNT } from '../src/kernel/index.ts';
import { copyMemory, Interpreter, type Memory, type Program } from '../src/lang/index.ts';

/** The folio whose count a task's next step reads; undefined where it reads none, or has to wait. */
export function countedFolio(
  { program, memory }: { readonly program: Program; readonly memory: Memory },
  task: number,
): number | undefined {
  const taken = new Interpreter(program, copyMemory(memory)).step(task);
  return taken?.observed.find(({ mark }) => mark === COUNT)?.args['folio'];
}
