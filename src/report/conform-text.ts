// SPDX-License-Identifier: MIT
import type { Conformance } from '../conform/index.ts';
import type { Conformed } from './conform-json.ts';
import { eventLines } from './explain-evidence.ts';
import { wrap } from './flow.ts';

const thousands = (number: number): string => String(number).replaceAll(/(?<=\d)(?=(?:\d{3})+$)/g, ' ');

/**
 * What became of recordings, as text to be mailed: the verdict, the events by kind, the calls that no event shows, and
 * the first divergence.
 * @example
 * import { conformReport } from 'folioscope/report';
 * conformReport([]); // => ''
 */
export const conformReport = (all: readonly Conformed[]): string =>
  all.map(({ file, answer }) => `${recording(file, answer).join('\n')}\n`).join('\n');

function recording(file: string, answer: Conformance): string[] {
  return [
    ...wrap(`${file}: ${verdictOf(answer)}`, '', '  '),
    ...wrap(
      `${thousands(answer.consumed)} of ${thousands(totalOf(answer))} events consumed, ${thousands(answer.matched)} matched; ${thousands(silentOf(answer))} silent calls; ${thousands(answer.steps)} steps of the model`,
      '  ',
    ),
    ...wrap(`profile ${answer.profile.name} (${answer.profile.because})`, '  ', '    '),
    ...wrap(formsOf(answer), '  ', '    '),
    ...kindRows(answer),
    ...silentRows(answer),
    ...lossRows(answer),
    ...divergenceRows(answer),
    ...answer.trace.notes.flatMap((note) => wrap(`note: ${note}`, '  ', '    ')),
  ];
}

const totalOf = ({ trace }: Conformance): number => trace.events;
const silentOf = ({ silent }: Conformance): number => silent.reduce((sum, { times }) => sum + times, 0);

function verdictOf({ verdict, because }: Conformance): string {
  switch (verdict) {
    case 'conforms':
      return 'conforms: the recorded run is a behaviour of the model';
    case 'diverges':
      return 'diverges: the model has no step that shows a recorded event';
    case 'undecided':
      return `undecided: ${because ?? ''}`;
  }
}

function formsOf({ forms, formsTried, kinds }: Conformance): string {
  if (!kinds.some(({ kind }) => kind === 'conversion'))
    return 'no conversion is recorded, so no form of the check is asked';
  if (forms.length === 0) return `no form of the check explains it, of ${formsTried.join(', ')}`;
  return `the check behaves as ${forms.join(', ')}${forms.length < formsTried.length ? `, of ${formsTried.join(', ')}` : ''}`;
}

/** A column's width. */
const NAME = 28;
const NUMBER = 11;

const cells = (name: string, numbers: readonly string[]): string =>
  `  ${name.padEnd(NAME)}${numbers.map((number) => number.padStart(NUMBER)).join('')}`.trimEnd();

function kindRows({ kinds }: Conformance): string[] {
  const hasUnknown = kinds.some(({ unknown }) => unknown > 0);
  const head = ['consumed', 'matched', ...(hasUnknown ? ['unknown'] : [])];
  return [
    '',
    cells('events', head),
    ...kinds.map(({ kind, consumed, matched, unknown }) =>
      cells(KIND_WORDS[kind], [
        thousands(consumed),
        kind === 'other' ? '-' : thousands(matched),
        ...(hasUnknown ? [thousands(unknown)] : []),
      ]),
    ),
  ];
}

const KIND_WORDS: Readonly<Record<Conformance['kinds'][number]['kind'], string>> = {
  add: 'addition to the page cache',
  insertion: 'LRU insertion',
  delete: 'deletion',
  'work-queued': 'drain work queued',
  'work-begun': 'drain work begun',
  'work-done': 'drain work done',
  conversion: 'ioctl',
  fallocate: 'fallocate',
  reference: 'page_ref',
  other: 'not of the model',
};

function silentRows({ silent }: Conformance): string[] {
  if (silent.length === 0) return [];
  return [
    '',
    '  silent, each needed by the event after it',
    ...silent.map(({ kind, times }) => cells(`  ${kind}`, ['', thousands(times)])),
  ];
}

function lossRows({ lostOn, unknown, consumed }: Conformance): string[] {
  if (lostOn.length === 0) return [];
  const share = consumed === 0 ? 0 : (100 * unknown) / consumed;
  const cpus = `CPU${lostOn.length === 1 ? '' : 's'} ${lostOn.join(', ')}`;
  return [
    '',
    ...wrap(`events were lost on ${cpus}: ${share.toFixed(1)} % of the events are unknown until a flush`, '  ', '    '),
  ];
}

function divergenceRows({ divergence }: Conformance): string[] {
  if (divergence === undefined) return [];
  const { event, number, allowed, guard, ledgers, before } = divergence;
  return [
    '',
    ...wrap(`first divergence, event ${thousands(number)} of those that the model has steps for:`, '  '),
    ...before.flatMap((line) => eventLines(line.trim(), '      ')),
    ...eventLines(event.trim(), '  --> '),
    ...wrap(`the model allowed: ${allowed}`, '  ', '    '),
    ...wrap(`not held: ${guard}`, '  ', '    '),
    ...ledgers.flatMap((line) => wrap(line, '  ', '    ')),
  ];
}
