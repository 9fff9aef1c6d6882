// SPDX-License-Identifier: MIT
import { errnoName } from '../abi/index.ts';
import type { DemoAnswer } from '../live/index.ts';
import { wrap } from './flow.ts';

/**
 * Result of a demonstration on this machine, as text: the statement first.
 * @example
 * import { cpu } from 'folioscope/ledger';
 * import { demoReport, demoToJson } from 'folioscope/report';
 * const shown = {
 *   pages: 4,
 *   touchedOn: cpu(1),
 *   lookedOn: cpu(0),
 *   waiting: { touched: 4, drainedHere: 4, drainedAll: 0 },
 *   rounds: 1,
 *   isClear: true,
 *   leftAlone: { milliseconds: 12.34, stillWaiting: false },
 *   conversion: undefined,
 * };
 * demoReport(shown, '0.1.0').includes("4 of 4 wait in CPU 1's lru_add batch"); // => true
 * JSON.parse(demoToJson(shown)).waiting.drainedAll; // => 0
 */
export function demoReport(shown: DemoAnswer, version: string): string {
  const { pages, touchedOn, lookedOn, waiting, rounds, isClear } = shown;
  const row = (when: string, what: string): string => `  ${when.padEnd(29)}  ${what}`;
  const of = (count: number): string => (count === 0 ? 'none waits' : `${count} of ${pages} wait`);
  return `${[
    ...wrap(
      isClear
        ? `shown on this machine: pages of a guest_memfd wait in the batch of the CPU that touched them, until that CPU is drained`
        : `not shown: in each of ${rounds} rounds other work filled or emptied the batches of this machine meanwhile; this is the last one`,
      '',
      '  ',
    ),
    row(`touched on CPU ${touchedOn}`, `${of(waiting.touched)} in CPU ${touchedOn}'s lru_add batch`),
    ...(waiting.drainedHere === undefined
      ? []
      : [row(`after a drain of CPU ${lookedOn} only`, of(waiting.drainedHere))]),
    row('after a drain of all CPUs', of(waiting.drainedAll)),
    '',
    ...wrap(leftAlone(shown), '', '  '),
    ...wrap(conversion(shown), '', '  '),
    '',
    ...wrap(
      'while a page waits, the batch holds a reference to it: without a drain a conversion to private is refused with -EAGAIN, though nobody uses the page',
      '',
      '  ',
    ),
    'seen in /proc/kpageflags: a page in a batch does not have LRU yet',
    ...wrap('not known: mlock batches and other references, which no page flag shows', '', '  '),
    `made by folioscope ${version}`,
    'the same in the model, on every order of steps:',
    '  folioscope check scenarios/SC-02-other-cpu.yaml --patch baseline',
    'again:',
    '  folioscope demo',
  ].join('\n')}\n`;
}

function leftAlone({ leftAlone: { milliseconds, stillWaiting } }: DemoAnswer): string {
  return stillWaiting
    ? `left alone they still waited after ${milliseconds.toFixed(1)} ms, when this ended`
    : `left alone they waited for up to ${milliseconds.toFixed(1)} ms, until other work filled the batch`;
}

function conversion({ conversion: converted }: DemoAnswer): string {
  if (converted === undefined) return 'conversion: this kernel has no KVM_SET_MEMORY_ATTRIBUTES2 on a guest_memfd';
  const { first, afterDrain } = converted;
  return `conversion of pages that wait: ${result(first)}${afterDrain === undefined ? '' : `; after a drain of all CPUs: ${result(afterDrain)}`}`;
}

const result = (returned: number): string =>
  returned === 0 ? 'done' : `refused with ${returned} (-${errnoName(returned) ?? '?'})`;

/** The same as the JSON document of `demo --json`. */
export const demoToJson = (shown: DemoAnswer): string => {
  const { pages, touchedOn, lookedOn, waiting, rounds, isClear, leftAlone: alone, conversion: converted } = shown;
  return `${JSON.stringify(
    {
      schema: 'folioscope.demo/1',
      pages,
      touchedOn,
      lookedOn,
      waiting: { ...waiting, drainedHere: waiting.drainedHere ?? null },
      rounds,
      isClear,
      leftAlone: alone,
      conversion: converted === undefined ? null : { ...converted, afterDrain: converted.afterDrain ?? null },
    },
    undefined,
    2,
  )}\n`;
};
