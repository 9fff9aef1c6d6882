// SPDX-License-Identifier: MIT
import type { KernelEvent, PageReference } from '../../ledger/index.ts';
import { formatBody, microseconds, taskColumn } from '../format-event.ts';

/** The kernel's header above the columns; without it tools do not recognise a trace. Readers skip the notes. */
const header = (entries: number, cpus: number, notes: readonly string[]): string => `# tracer: nop
#
${notes.map((note) => `# ${note}\n#\n`).join('')}# entries-in-buffer/entries-written: ${entries}/${entries}   #P:${cpus}
#
#                                _-----=> irqs-off/BH-disabled
#                               / _----=> need-resched
#                              | / _---=> hardirq/softirq
#                              || / _--=> preempt-depth
#                              ||| / _-=> migrate-disable
#                              |||| /     delay
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
`;

/** The context of an event is unknown. */
const CONTEXT = '.....';
/** Address of the struct pages on x86-64, and the size of one: for a plausible folio pointer. */
const VMEMMAP = 0xffff_ea00_0000_0000n;
const STRUCT_PAGE = 64n;

/**
 * Events as a kernel's `trace` file, with their stacks, for this program and others that read such files.
 * @param notes lines for human readers; no program reads them.
 */
export function* traceText(
  events: readonly KernelEvent[],
  cpus: number,
  notes: readonly string[] = [],
): Generator<string> {
  const entries = events.reduce((sum, event) => sum + ('stack' in event && event.stack !== undefined ? 2 : 1), 0);
  yield header(entries, cpus, notes);
  for (const event of events) {
    if (event.type === 'loss') {
      yield `CPU:${event.cpu} [LOST ${event.events === undefined ? '' : `${event.events} `}EVENTS]\n`;
      continue;
    }
    const cpu = String(event.cpu).padStart(3, '0');
    const start = `${taskColumn(event)} [${cpu}] ${CONTEXT} ${microseconds(event.at).padStart(12)}: `;
    yield `${start}${whole(event)}\n`;
    if (event.stack === undefined) continue;
    yield `${start}<stack trace>\n${event.stack.map((name) => ` => ${name}\n`).join('')}`;
  }
}

/** An event with all fields, also those that folioscope does not read. */
function whole(event: Exclude<KernelEvent, { type: 'loss' }>): string {
  if (event.type === 'mm_lru_insertion') {
    const flags = `${event.mapped === true ? 'M' : ' '}f    `;
    return `${event.type}: folio=${struct(event.pfn)} pfn=0x${event.pfn.toString(16)} lru=${event.lru} flags=${flags}`;
  }
  if (event.type === 'mm_page_free')
    return `${event.type}: page=${struct(event.pfn)} pfn=0x${event.pfn.toString(16)} order=${event.order}`;
  return event.type === 'page-reference'
    ? formatBody(withMapping(event)).replace(' val=', ' mt=0 val=')
    : formatBody(event);
}

const withMapping = (event: PageReference): PageReference => ({ ...event, mapping: event.mapping ?? '0'.repeat(16) });

const struct = (pfn: number): string => (VMEMMAP + BigInt(pfn) * STRUCT_PAGE).toString(16);
