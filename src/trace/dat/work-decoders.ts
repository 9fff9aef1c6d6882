// SPDX-License-Identifier: MIT
import type { Cpu, WorkqueueEvent } from '../../ledger/index.ts';
import type { Maker } from './decoder.ts';
import type { NumberField } from './record-fields.ts';
import { numberField, readBigint, readNumber } from './record-fields.ts';
import { textField } from './text-field.ts';

/** include/trace/events/workqueue.h. The function is an address: the walker finds its name. */
const work =
  (type: WorkqueueEvent['type']): Maker =>
  ({ format, number, littleEndian }) => {
    const item = number('work');
    const code = number('function');
    const requested = number('req_cpu');
    const taken = number('cpu');
    const queue = textField(format.fields.get('workqueue'), littleEndian); // a pointer before 5.11
    const name = format.fields.get('workqueue')?.type.startsWith('__') === true ? queue : undefined;
    if (item === undefined) return undefined;
    const fields = [item, code, requested, taken];
    return {
      needs: Math.max(name?.needs ?? 0, ...fields.map((field) => field?.needs ?? 0)),
      decode: (record): WorkqueueEvent => {
        const { words, base, at, cpu, pid, comm, buffer } = record;
        if (code !== undefined) record.addresses = [readBigint(words, base, code)];
        return {
          type,
          at,
          cpu,
          pid,
          comm,
          buffer,
          work: readBigint(words, base, item).toString(16),
          function: undefined,
          workqueue: name?.read(record),
          requestedCpu: cpuIfBoth(words, base, requested, taken),
        };
      },
    };
  };

function cpuIfBoth(
  words: Uint32Array,
  base: number,
  requested: NumberField | undefined,
  taken: NumberField | undefined,
): Cpu | undefined {
  if (requested === undefined || taken === undefined) return undefined;
  const value = readNumber(words, base, requested);
  return value === readNumber(words, base, taken) ? (value as Cpu) : undefined;
}

/** More frames count as damage. */
const MAX_FRAMES = 512;

/** `ftrace:kernel_stack`: int size, then the addresses; those beyond the record are absent. */
const kernelStack: Maker = ({ format, number, littleEndian }) => {
  const size = number('size');
  const caller = format.fields.get('caller');
  if (caller === undefined) return undefined;
  // `unsigned long caller[8]`, also where there are more
  const long = caller.size > 0 && caller.size % 8 === 0 ? caller.size / 8 : 8;
  const first = numberField({ ...caller, size: long }, littleEndian);
  if (first === undefined) return undefined;
  return {
    needs: Math.max(size?.needs ?? 0, caller.offset >>> 2),
    decode: (record) => {
      const { words, base, length } = record;
      const room = Math.floor((length * 4 - caller.offset) / long);
      const count = Math.min(size === undefined ? room : readNumber(words, base, size), room, MAX_FRAMES);
      const end = (1n << BigInt(8 * long)) - 1n; // kernels before 5.2 end the list with ULONG_MAX
      const addresses: bigint[] = [];
      for (let nth = 0; nth < count; nth++) {
        const address = readBigint(words, base + (nth * long) / 4, first);
        if (address === end || address === 0n) break;
        addresses.push(address);
      }
      record.addresses = addresses;
      return 'nothing';
    },
  };
};

const schedSwitch: Maker = ({ format, number, littleEndian }) => {
  const nextPid = number('next_pid');
  const nextComm = textField(format.fields.get('next_comm'), littleEndian);
  if (nextPid === undefined || nextComm === undefined) return undefined;
  return {
    needs: Math.max(nextPid.needs, nextComm.needs),
    decode: (record) => {
      const { words, base, at, cpu, pid, comm, buffer } = record;
      const name = nextComm.read(record) ?? '';
      return {
        type: 'sched_switch',
        at,
        cpu,
        pid,
        comm,
        buffer,
        nextPid: readNumber(words, base, nextPid),
        nextComm: name,
      };
    },
  };
};

const schedWakeup: Maker = ({ format, number, littleEndian }) => {
  const wokenPid = number('pid');
  const target = number('target_cpu');
  const wokenComm = textField(format.fields.get('comm'), littleEndian);
  if (wokenPid === undefined || target === undefined || wokenComm === undefined) return undefined;
  return {
    needs: Math.max(wokenPid.needs, target.needs, wokenComm.needs),
    decode: (record) => {
      const { words, base, at, cpu, pid, comm, buffer } = record;
      return {
        type: 'sched_wakeup',
        at,
        cpu,
        pid,
        comm,
        buffer,
        wokenPid: readNumber(words, base, wokenPid),
        wokenComm: wokenComm.read(record) ?? '',
        targetCpu: readNumber(words, base, target) as Cpu,
      };
    },
  };
};

export const WORK_MAKERS: readonly (readonly [string, Maker])[] = [
  ['workqueue:workqueue_queue_work', work('workqueue_queue_work')],
  ['workqueue:workqueue_activate_work', work('workqueue_activate_work')],
  ['workqueue:workqueue_execute_start', work('workqueue_execute_start')],
  ['workqueue:workqueue_execute_end', work('workqueue_execute_end')],
  ['ftrace:kernel_stack', kernelStack],
];

/** Made only on request. */
export const SCHED_MAKERS: readonly (readonly [string, Maker])[] = [
  ['sched:sched_switch', schedSwitch],
  ['sched:sched_wakeup', schedWakeup],
  ['sched:sched_wakeup_new', schedWakeup],
];
