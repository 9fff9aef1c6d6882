// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { KernelEvent, Loss } from '../ledger/index.ts';
import { JsonBytes, memorySource, readTrace, readWholeTrace, type WholeEvent } from './index.ts';

const FOLDERS = ['examples', 'test/recordings'];
const RECORDINGS = FOLDERS.flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => /\.(dat|txt|gz)$/.test(file) && file !== 'refused.txt')
    .map((file) => `${folder}/${file}`),
);

const sourceOf = (file: string) => memorySource(file, readFileSync(file));

/** A whole event as it is when it is told, since the object is used again. */
const told = ({ at, cpu, pid, comm, buffer, name, system, dev, ino, pfn, index, order }: WholeEvent) => ({
  at,
  cpu,
  pid,
  comm,
  buffer,
  name,
  system,
  dev,
  ino,
  pfn,
  index,
  order,
});

async function whole(file: string) {
  const events: (ReturnType<typeof told> & { readonly fields: Readonly<Record<string, unknown>> })[] = [];
  const losses: Loss[] = [];
  const json = new JsonBytes();
  const trace = await readWholeTrace(
    sourceOf(file),
    {
      onEvent: (event) => {
        json.clear();
        event.writeFields(json);
        const fields = JSON.parse(new TextDecoder(undefined, { fatal: true }).decode(json.written())) as object;
        events.push({ ...told(event), fields: { ...fields } });
      },
      onLoss: (loss) => void losses.push(loss),
    },
    {},
  );
  return { events, losses, trace };
}

/** What a decoded event and the same one read whole have in common. */
function inCommon(event: KernelEvent): readonly unknown[] | undefined {
  const { type } = event;
  if (type === 'mm_filemap_add_to_page_cache' || type === 'mm_filemap_delete_from_page_cache') {
    const { at, cpu, pid, comm, dev, ino, pfn, index, order } = event;
    return [type, at, cpu, pid, comm, dev, ino, pfn, index, order];
  }
  if (type !== 'mm_lru_insertion') return undefined;
  const { at, cpu, pid, comm, pfn } = event;
  return [type, at, cpu, pid, comm, undefined, undefined, pfn, undefined, undefined];
}

describe('a recording read whole has the events, the losses and the summary of the same read for answers', () => {
  test.each(RECORDINGS)('%s', async (file) => {
    const decoded: KernelEvent[] = [];
    const trace = await readTrace(sourceOf(file), { onEvents: (some) => void decoded.push(...some) });
    const { events, losses, trace: wholeTrace } = await whole(file);
    expect(events).toHaveLength(trace.events);
    expect(losses).toEqual(trace.lost);
    expect({ ...wholeTrace, notes: [] }).toEqual({ ...trace, notes: [] });
    const wanted = decoded.flatMap((event) => (inCommon(event) === undefined ? [] : [inCommon(event)]));
    // A line that is cut off is a loss to one, and what is left of it to the other.
    const names = new Set(wanted.map((common) => common?.[0]));
    const found = events
      .filter(
        ({ name, pfn, dev }) =>
          names.has(name) && pfn !== undefined && (dev !== undefined || name === 'mm_lru_insertion'),
      )
      .map(({ name, at, cpu, pid, comm, dev, ino, pfn, index, order }) =>
        name === 'mm_lru_insertion'
          ? [name, at, cpu, pid, comm, undefined, undefined, pfn, undefined, undefined]
          : [name, at, cpu, pid, comm, dev, ino, pfn, index, order ?? 0],
      );
    expect(found).toEqual(wanted);
  });
});

describe('fields', () => {
  test('of a trace.dat: numbers, addresses, texts, and functions by their names', async () => {
    const { events } = await whole('test/recordings/lab_drain.dat');
    const of = (name: string) => events.find((event) => event.name === name)?.fields;
    expect(of('page_fault_user')).toEqual({ address: '0x7fdc66667078', ip: '0x4688a8', error_code: 7 });
    expect(of('mm_filemap_add_to_page_cache')).toEqual({ i_ino: 7150, pfn: 25596, index: 0, s_dev: 15, order: 0 });
    expect(of('print')).toEqual({ ip: 'tracing_mark_write', buf: 'begin s2_othercpu mode all ino 1bee' });
    expect(of('workqueue_queue_work')).toEqual({
      work: '0xffff88807daa2d40',
      function: 'lru_add_drain_per_cpu',
      workqueue: 'mm_percpu_wq',
      req_cpu: 1,
      cpu: 1,
    });
    expect(events.find(({ name }) => name === 'print')).toMatchObject({ system: 'ftrace', pfn: undefined });
  });

  test('of events that no answer needs', async () => {
    const { events } = await whole('test/recordings/odd_v7_zstd.dat');
    expect(events.find(({ name }) => name === 'sched_switch')?.fields).toEqual({
      prev_comm: 'bash',
      prev_pid: 10689,
      prev_prio: 120,
      prev_state: 0,
      next_comm: 'bash',
      next_pid: 10707,
      next_prio: 120,
    });
  });

  test('of text: the printed words, and the pairs among them', async () => {
    const { events } = await whole('test/recordings/trace_fields.txt');
    expect(events.find(({ name }) => name === 'workqueue_queue_work')?.fields).toMatchObject({
      work: '0xffff8881024c1a40',
      workqueue: 'kblockd',
      req_cpu: 256,
    });
    const { events: referenced } = await whole('test/recordings/s4_vmsplice.v8.pageref.txt');
    expect(referenced.find(({ name }) => name === 'kernel_stack')?.fields['caller']).toContain('kvm_gmem_get_folio');
    expect(referenced.find(({ name }) => name === 'tracing_mark_write')).toMatchObject({
      ino: undefined,
      fields: { text: 'begin s4_vmsplice mode all ino 3b6d' },
    });
  });
});

test('JSON of numbers and texts, also at their limits', () => {
  const json = new JsonBytes();
  const numbers = [0, 9, 10, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, -1, -(2 ** 31), -(2 ** 53 - 1)];
  json.raw('[');
  for (const number of numbers) json.number(number);
  const bytes = Buffer.from('a"\\\u0007é\u{1f600}\xff', 'latin1');
  json.textOf(bytes, 0, bytes.length).textOf(bytes, 0, 1).hex(0, 0).hex(0, 1).raw('[').raw(']').raw(']');
  expect(JSON.parse(new TextDecoder().decode(json.written()))).toEqual([
    ...numbers,
    bytes.toString('utf8'),
    'a',
    '0x0',
    '0x100000000',
    [],
  ]);
});
