// SPDX-License-Identifier: MIT
import type { RoutineState } from '../source/index.ts';
import { wrap } from './flow.ts';

const WORDS = { same: 'same', changed: 'changed', moved: 'moved', gone: 'gone', absent: 'not in this tree' } as const;

/**
 * Comparison of the kernel's routines, as text to be mailed: the numbers first, then the routines that differ.
 * @example
 * import { sourceReport, sourceToJson } from 'folioscope/report';
 * const gone = { file: 'mm/folio.c', routine: 'folio_add_lru', state: 'gone', now: undefined, since: undefined } as const;
 * sourceReport('linux', '7.3.4', [gone], false).includes('mm/folio.c: folio_add_lru()'); // => true
 * JSON.parse(sourceToJson('linux', '7.3.4', [gone])).heldAgainst; // => '7.3.4'
 */
export function sourceReport(dir: string, release: string, states: readonly RoutineState[], all: boolean): string {
  const counts = Object.entries(WORDS).flatMap(([name, word]) => {
    const count = states.filter(({ state }) => state === name).length;
    return count === 0 ? [] : [`${count} ${word}`];
  });
  const rows = sourceRows(states, release, all);
  return `${[
    ...wrap(`${dir}: of ${states.length} routines that the model follows ${counts.join(', ')}`, '', '  '),
    `compared with linux-${release}`,
    ...(rows.length === 0 ? [] : ['', ...rows]),
  ].join('\n')}\n`;
}

/** A line for each routine that differs. @param all includes the equal ones. */
export const sourceRows = (states: readonly RoutineState[], release: string, all: boolean): readonly string[] => [
  ...states
    .filter(({ state }) => state !== 'absent' && (all || state !== 'same'))
    .flatMap(({ file, routine, state, now, since }) => {
      const place = now === undefined ? '' : `, now in ${now}`;
      const known = since === undefined || since === release ? '' : `, as in linux-${since}`;
      return wrap(`${file}: ${routine}()${place}${known}`, `  ${state.padEnd(8)}`, '            ');
    }),
  ...absentRows(states),
];

/** A line for each file that the tree lacks, with its routines. */
function absentRows(states: readonly RoutineState[]): readonly string[] {
  const absent = states.filter(({ state }) => state === 'absent');
  return [...new Set(absent.map(({ file }) => file))].flatMap((file) => {
    const names = absent.flatMap((one) => (one.file === file ? [`${one.routine}()`] : []));
    return wrap(`${WORDS.absent}: ${file}, with ${names.join(', ')}`, '  ', '    ');
  });
}

/** A routine for JSON. */
export const routineJson = ({ file, routine, state, now, since }: RoutineState): object => ({
  file,
  routine,
  state,
  now: now ?? null,
  since: since ?? null,
});

/** The same as the JSON document of `source --json`. */
export const sourceToJson = (dir: string, release: string, states: readonly RoutineState[]): string =>
  `${JSON.stringify(
    {
      schema: 'folioscope.source/1',
      directory: dir,
      heldAgainst: release,
      routines: states.map(routineJson),
    },
    undefined,
    2,
  )}\n`;
