// SPDX-License-Identifier: MIT
// Prints the tables of docs/results.md: what holds under which form of the check, explored over how many states.
//
//   npx tsx bench/results.ts
import { readFileSync } from 'node:fs';
import { ALTERNATIVES, PATCHES } from '../src/kernel/index.ts';
import type { Patch } from '../src/machine/index.ts';
import { parseScenario } from '../src/scenario/index.ts';
import { type CheckAnswer, checking } from '../src/verify/index.ts';

const ROWS: readonly (readonly [file: string, forms: readonly string[]])[] = [
  ['SC-02-other-cpu', ['v6', 'v8', 'drain-for-folio', ...ALTERNATIVES.map(({ name }) => name)]],
  ['SC-07-fault-in-flight', ['v6', 'v8', 'drain-for-folio']],
  ['SC-15-mlock-batch', ['v6', 'v8', 'drain-for-folio', 'skip-lru']],
  ['SC-20-cpu-offline', ['v6', 'v8', 'drain-for-folio']],
  ['SC-21-putback-after-drain', ['v6', 'v8', 'drain-for-folio', 'lru-cache-disable']],
  ['SC-11-vmsplice', ['v6', 'v8', 'drain-for-folio', 'known-references']],
];

function answerOf(file: string, patch: Patch): CheckAnswer {
  const path = `scenarios/${file}.yaml`;
  const text = readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
  const pieces = checking(parseScenario(path, text), { patch, mostStates: 2_000_000 });
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}

/** What does not hold, with the steps of the shortest run. */
function verdictOf({ verdict, properties }: CheckAnswer): string {
  const wrong = properties.flatMap(({ id, counterexample }) =>
    counterexample === undefined ? [] : [`${id} in ${counterexample.steps.length} steps`],
  );
  return wrong.length === 0 ? verdict : `violated: ${wrong.join(', ')}`;
}

for (const [file, forms] of ROWS) {
  process.stdout.write(`### ${file}\n\n`);
  let isFirst = true;
  for (const name of forms) {
    const patch = [...PATCHES, ...ALTERNATIVES].find((form) => form.name === name);
    if (patch === undefined) throw new Error(`there is no form '${name}'`);
    const answer = answerOf(file, patch);
    const { machine, explored, properties } = answer;
    if (isFirst) {
      const sizes = `${machine.cpus} CPUs, ${machine.tasks} tasks, ${machine.pages} pages, ${machine.folios} folios`;
      process.stdout.write(
        `${machine.profile}, ${sizes}, batches of ${machine.batchSize}; asked: ${properties.map(({ id }) => id).join(', ')}\n\n`,
      );
      process.stdout.write('| form | comes to | states | transitions | depth |\n|---|---|---|---|---|\n');
    }
    isFirst = false;
    process.stdout.write(
      `| ${name} | ${verdictOf(answer)} | ${explored.states} | ${explored.transitions} | ${explored.depth} |\n`,
    );
  }
  process.stdout.write('\n');
}
