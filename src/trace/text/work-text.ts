// SPDX-License-Identifier: MIT
import type { Cpu, SchedSwitch, SchedWakeup, WorkqueueEvent } from '../../ledger/index.ts';
import type { LineOrigin } from './decoded-text.ts';

/** `struct=P function=F workqueue=W req_cpu=1 cpu=1`, `struct P function=F `, `struct P: function F`, as the step needs. */
const WORK = /^(workqueue_\w+): *work struct[ =](?:0x)?([0-9a-f]{1,16}|\([^)]*\)):?(?: function[ =](\S+))?/;
const QUEUED = /(?: workqueue=(.*))? req_cpu=(-?\d{1,10}) cpu=(-?\d{1,10})\s*$/;
/** As option `fields` prints them; addresses also in brackets, behind their number. */
const WORK_FIELD = /\bwork=0x([0-9a-f]{1,16})/;
const FUNCTION_FIELD = /\bfunction=(?:0x[0-9a-f]+ \()?([a-z_]\w*)/i;
const WORKQUEUE_FIELD = /\bworkqueue=(\S+)/;
const CPU_FIELDS = /\breq_cpu=0x([0-9a-f]{1,8}) \(-?\d+\) cpu=0x([0-9a-f]{1,8}) \(/;

/** Reads `workqueue:*`, of which four events are used. @param text from the name to the end of the line. */
export function workFromText(text: string, origin: LineOrigin): WorkqueueEvent | 'nothing' | 'unreadable' {
  const type = text.slice(0, text.indexOf(':'));
  switch (type) {
    case 'workqueue_queue_work':
    case 'workqueue_activate_work':
    case 'workqueue_execute_start':
    case 'workqueue_execute_end': {
      const [, , work, name] = WORK.exec(text) ?? [];
      if (work === undefined) return workFromFields(type, text, origin);
      const [, workqueue, requested, taken] = (text.includes(' req_cpu=') ? QUEUED.exec(text) : undefined) ?? [];
      return {
        type,
        ...origin,
        work: withoutZeros(work),
        function: withoutOffset(name),
        workqueue,
        requestedCpu: requested !== undefined && requested === taken ? (Number(requested) as Cpu) : undefined,
      };
    }
    default:
      return 'nothing';
  }
}

function workFromFields(type: WorkqueueEvent['type'], text: string, origin: LineOrigin): WorkqueueEvent | 'unreadable' {
  const [, work] = WORK_FIELD.exec(text) ?? [];
  if (work === undefined) return 'unreadable';
  const [, requested, taken] = CPU_FIELDS.exec(text) ?? [];
  return {
    type,
    ...origin,
    work: withoutZeros(work),
    function: FUNCTION_FIELD.exec(text)?.[1],
    workqueue: WORKQUEUE_FIELD.exec(text)?.[1],
    requestedCpu: requested !== undefined && requested === taken ? (Number.parseInt(requested, 16) as Cpu) : undefined,
  };
}

const withoutZeros = (digits: string): string => (digits.startsWith('0') ? digits.replace(/^0+(?=.)/, '') : digits);
const withoutOffset = (name: string | undefined): string | undefined =>
  name?.includes('+0x0/') === true ? name.replace(/\+0x0\/.*$/, '') : name;

const SWITCH = /^sched_switch: .* ==> next_comm=(.*) next_pid=(?:0x[0-9a-f]+ \()?(\d{1,10})\)? next_prio=/;
const REPORTED_SWITCH = /^sched_switch: .* ==> (.*):(\d{1,10}) \[-?\d+\]\s*$/;
const FIELDS_SWITCH = /^sched_switch: .* next_comm=(.*) next_pid=0x[0-9a-f]+ \((\d{1,10})\)/;
const WAKEUP = /^sched_wakeup(?:_new)?: +comm=(.*) pid=(\d{1,10}) prio=.* target_cpu=0*(\d{1,5})\s*$/;
const REPORTED_WAKEUP = /^sched_wakeup(?:_new)?: +(.*):(\d{1,10}) \[-?\d+\].* CPU:0*(\d{1,5})\s*$/;
const FIELDS_WAKEUP =
  /^sched_wakeup(?:_new)?: +comm=(.*) pid=0x[0-9a-f]+ \((\d{1,10})\).* target_cpu=0x[0-9a-f]+ \((\d{1,5})\)/;

/** Reads `sched_switch` and `sched_wakeup`, as the kernel and as trace-cmd's plugin print them. */
export function schedFromText(text: string, origin: LineOrigin): SchedSwitch | SchedWakeup | 'nothing' | 'unreadable' {
  if (text.startsWith('sched_switch:')) {
    const [, nextComm, nextPid] = SWITCH.exec(text) ?? REPORTED_SWITCH.exec(text) ?? FIELDS_SWITCH.exec(text) ?? [];
    if (nextComm === undefined) return 'unreadable';
    return { type: 'sched_switch', ...origin, nextPid: Number(nextPid), nextComm };
  }
  const [, wokenComm, wokenPid, target] =
    WAKEUP.exec(text) ?? REPORTED_WAKEUP.exec(text) ?? FIELDS_WAKEUP.exec(text) ?? [];
  if (wokenComm === undefined) return /^sched_wakeup(?:_new)?:/.test(text) ? 'unreadable' : 'nothing';
  return {
    type: 'sched_wakeup',
    ...origin,
    wokenPid: Number(wokenPid),
    wokenComm,
    targetCpu: Number(target) as Cpu,
  };
}
