// SPDX-License-Identifier: MIT
import type { CheckAnswer, CommandAbility, Diagnosis } from '../live/index.ts';
import { unbroken, wrap } from './flow.ts';

/**
 * Abilities of a machine, as text: the number of good checks first.
 * @param names of the requested checks.
 * @example
 * import { doctorReport, doctorToJson } from 'folioscope/report';
 * const features = {
 *   drainNeeded: true,
 *   batchSize: 31,
 *   unmapDrainsLocal: undefined,
 *   mlockBatchHoldsReference: undefined,
 *   drainOfAllMicroseconds: undefined,
 * };
 * const checks = [{ name: 'kvm', result: 'missing', why: 'there is no /dev/kvm', enable: 'modprobe kvm' }] as const;
 * doctorReport({ checks, commands: [], features }, [], '0.1.0').includes('to get it: modprobe kvm'); // => true
 * JSON.parse(doctorToJson({ checks, commands: [], features })).profile.batchSize; // => 31
 */
export function doctorReport(
  { checks, commands, features }: Diagnosis,
  names: readonly string[],
  version: string,
): string {
  const well = checks.filter(({ result }) => result === 'ok').length;
  const profile = [
    ['a check needs to drain all CPUs', yesOrNo(features.drainNeeded)],
    ['folios in a full batch', features.batchSize],
    ['an unmap drains its CPU', yesOrNo(features.unmapDrainsLocal)],
    ['an entry of the mlock batch holds a reference', yesOrNo(features.mlockBatchHoldsReference)],
    ['a drain of all CPUs takes, in us', features.drainOfAllMicroseconds?.toFixed(0)],
  ].flatMap(([what, value]) => (value === undefined ? [] : wrap(`${what}: ${value}`, '  ', '    ')));
  const lines = [
    `${well} of ${checks.length} check${checks.length === 1 ? '' : 's'} ok`,
    ...checks.flatMap(checkLines),
    ...(commands.length === 0 ? [] : ['', 'what each command can do here', ...commands.flatMap(commandLines)]),
    ...(commands.length === 0 ? [] : ['  all others need neither this kernel nor rights']),
    ...(profile.length === 0 ? [] : ['', 'features of this kernel, found by trying', ...profile]),
    '',
    `made by folioscope ${version}`,
    'again:',
    ...wrap(`folioscope doctor${names.map((name) => ` ${name}`).join('')}`, '  ', '    '),
  ];
  return `${lines.join('\n')}\n`;
}

const yesOrNo = (value: boolean | undefined): string | undefined =>
  value === undefined ? undefined : value ? 'yes' : 'no';

const checkLines = ({ name, result, why, enable }: CheckAnswer): readonly string[] => [
  ...wrap(`${unbroken(result.padEnd(11))} ${name}: ${why}`, '  ', `  ${' '.repeat(12)}`),
  ...(enable === undefined ? [] : wrap(`to get it: ${enable}`, `  ${' '.repeat(12)}`)),
];

const commandLines = ({ command, can, but }: CommandAbility): readonly string[] =>
  wrap(`${command}: ${can ? 'yes' : 'no'}${but === '' ? '' : `; ${but}`}`, '  ', '    ');

/** The same as the JSON document of `doctor --json`. */
export const doctorToJson = ({ checks, commands, features }: Diagnosis): string =>
  `${JSON.stringify(
    {
      schema: 'folioscope.doctor/1',
      checks: checks.map(({ name, result, why, enable }) => ({ name, result, why, enable: enable ?? null })),
      commands,
      profile: {
        drainNeeded: features.drainNeeded ?? null,
        batchSize: features.batchSize ?? null,
        unmapDrainsLocal: features.unmapDrainsLocal ?? null,
        mlockBatchHoldsReference: features.mlockBatchHoldsReference ?? null,
        drainOfAllMicroseconds: features.drainOfAllMicroseconds ?? null,
      },
    },
    undefined,
    2,
  )}\n`;
