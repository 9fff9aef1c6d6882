// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Explanation, explainFrame, explainTrace, parsePfn, readHistory } from '../../explain/index.ts';
import { cpu, dev, folioIndex, ino, nanoseconds, order, pfn } from '../../ledger/index.ts';
import { PATCHES, PROFILES } from '../../machine/index.ts';
import { memorySource } from '../../trace/index.ts';
import { explanationToHtml, frameToHtml } from './answers-html.ts';
import { BatchesSeen, inodeKey } from './batches-seen.ts';
import { escaped } from './escape.ts';
import { htmlPage } from './page.ts';
import { type SeenRun, stepsFigure } from './steps-picture.ts';

/** Elements of a well-formed document, in their order, with their attributes. @throws Error if it is not well-formed. */
function elementsOf(
  document: string,
): readonly { readonly name: string; readonly attributes: ReadonlyMap<string, string> }[] {
  const open: string[] = [];
  const found: { name: string; attributes: ReadonlyMap<string, string> }[] = [];
  const rest = document
    .replace(/^<!DOCTYPE html>\n/, '')
    .replaceAll(
      /<(\/?)([A-Za-z][\w]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g,
      (_, end: string, name: string, all: string, empty: string) => {
        if (end === '/') {
          const begun = open.pop();
          if (begun !== name) throw new Error(`</${name}> ends <${begun}>`);
          return '';
        }
        if (empty !== '/') open.push(name);
        const attributes = new Map(
          [...all.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
        );
        found.push({ name, attributes });
        return '';
      },
    );
  if (open.length > 0) throw new Error(`<${open.join('> <')}> has no end`);
  if (/[<>]/.test(rest)) throw new Error(`a stray < or >: ${/.{0,40}[<>].{0,40}/.exec(rest)?.[0]}`);
  const entity = /&(?!(?:amp|lt|gt|quot|#39);).{0,20}/.exec(rest);
  if (entity !== null) throw new Error(`a stray &: ${entity[0]}`);
  return found;
}

const classed = (document: string, look: string) =>
  elementsOf(document).filter(({ attributes }) => attributes.get('class')?.split(' ').includes(look) === true);

const sumOf = (elements: ReturnType<typeof elementsOf>, name: string): number =>
  elements.reduce((sum, { attributes }) => sum + Number(attributes.get(`data-${name}`) ?? 0), 0);

const OPTIONS = {
  outcome: 'bad',
  file: 'trace.dat',
  text: 'refused: it\n  waits\n\nmore\n',
  command: ['folioscope'],
} as const;

async function documentOf(file: string, bytes: Uint8Array = readFileSync(file)) {
  const source = memorySource(file, bytes);
  const explanation = await explainTrace(source, { moments: [], patches: PATCHES });
  const own = new Set([...explanation.dwell, ...explanation.moments].map(inodeKey));
  const seen = new BatchesSeen(own.size === 0 ? undefined : own);
  const { hidden } = await readHistory(source, { patches: [], onFolio: seen.folio, onMarker: () => {} });
  return { explanation, document: explanationToHtml(explanation, seen.batches(hidden), OPTIONS) };
}

describe('a recording', () => {
  test.each([
    'examples/two-cpu.dat',
    'test/recordings/s4_vmsplice.baseline.pageref.txt',
    'test/recordings/lab_drain.dat',
    'test/recordings/t_lossy.dat',
    'test/recordings/random-1.dat',
  ])('%s: the numbers in the picture are those of the answer', async (file) => {
    const { explanation, document } = await documentOf(file);
    const { conversions, moments, dwell, drains, trace } = explanation;
    const calls = classed(document, 'call').filter(({ attributes }) => attributes.has('data-calls'));
    expect(calls).toHaveLength(conversions.length);
    expect(sumOf(calls, 'refused')).toBe(conversions.filter(({ returned }) => returned === -11).length);
    const signs = elementsOf(document).filter(({ attributes }) => attributes.has('data-moments'));
    expect(sumOf(signs, 'moments')).toBe(moments.length);
    expect(sumOf(signs, 'refused')).toBe(moments.filter(({ baseline }) => baseline.verdict === 'refused').length);
    expect(sumOf(classed(document, 'drain'), 'drains')).toBe(drains?.count ?? 0);
    const waiting = dwell
      .flatMap(({ cpus }) => cpus)
      .reduce((sum, one) => sum + one.folios + one.waiting + one.gone, 0);
    const stays = classed(document, 'wait').filter(({ attributes }) => attributes.has('data-stays'));
    expect(sumOf(stays, 'stays')).toBe(waiting);
    if (trace.lost.length === 0) expect(document).not.toContain('lost events');
    else expect(document).toContain(`${trace.lost.length} loss`);
  });

  test('the verdict comes first, then the picture, the text and the command', async () => {
    const { document } = await documentOf('examples/two-cpu.dat');
    const places = [
      'The result is not good',
      'refused: it',
      '<svg xmlns="http://www.w3.org/2000/svg" class="picture"',
      '<pre>',
      'How to reproduce',
    ].map((part) => document.indexOf(part));
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(document).toContain(`<pre>${escaped(OPTIONS.text)}</pre>`);
  });

  test('nothing of it needs a network or a script, and it is the same each time', async () => {
    const [{ document }, again] = [await documentOf('examples/two-cpu.dat'), await documentOf('examples/two-cpu.dat')];
    expect(again.document).toBe(document);
    expect(document).toMatch(/Content-Security-Policy" content="default-src &#39;none&#39;;/);
    expect(elementsOf(document).map(({ name }) => name)).not.toContain('script');
    expect(document.replaceAll(/xmlns="[^"]*"/g, '')).not.toMatch(/https?:|src=|href=|@import|url\((?!#)/);
  });

  test('names of tasks, markers and files cannot leave their text', async () => {
    const hostile = `x"'></svg><script>alert(1)</script>&\u0001\u202E`;
    const name = '"></title><b>';
    const lines = [
      `${name}-1000 [001] ..... 1.000001: mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x7 ofs=0 order=0`,
      `${name}-1000 [001] ..... 1.000002: tracing_mark_write: ${hostile}`,
      `${name}-1000 [001] ..... 1.000003: mm_lru_insertion: pfn=0x7 lru=4 flags=M`,
    ];
    const text = `# tracer: nop\n#\n# entries-in-buffer/entries-written: 3/3   #P:2\n#\n${lines.map((line) => ` ${line}\n`).join('')}`;
    const { explanation } = await documentOf('trace.txt', new TextEncoder().encode(text));
    expect(explanation.moments.map(({ marker }) => marker)).toContain(hostile);
    const document = explanationToHtml(explanation, new BatchesSeen(undefined).batches([]), {
      ...OPTIONS,
      file: hostile,
      text: hostile,
      command: ['folioscope', hostile],
      version: hostile,
    });
    expect(elementsOf(document).map((one) => one.name)).not.toContain('script');
    for (const part of ['<script', '<b>', '\u0001', '\u202E']) expect(document).not.toContain(part);
    expect(document).toContain('&lt;/svg&gt;&lt;script&gt;');
  });

  test('a million stays are folded, and the picture says so', { timeout: 60_000 }, () => {
    const seen = new BatchesSeen(undefined);
    const many = 1_000_000;
    for (let i = 0; i < many; i++) {
      const [from, to] = [nanoseconds(BigInt(1000 * i)), nanoseconds(BigInt(1000 * i + 31_000))];
      seen.folio({
        dev: dev(0, 16),
        ino: ino(1n),
        index: folioIndex(i),
        order: order(0),
        pfn: pfn(i),
        life: { number: 1, since: from },
        task: undefined,
        insertedAt: to,
        removedAt: undefined,
        flush: { cpu: cpu(i % 4), first: to, last: to },
        spans: [
          {
            from,
            to,
            mayBeGone: false,
            folio: {
              index: folioIndex(i),
              pfn: pfn(i),
              order: order(0),
              strength: 'derived',
              holders: [{ kind: 'lru-add-batch', references: 1, cpu: cpu(i % 4) }],
            },
          },
        ],
      });
    }
    const document = explanationToHtml(EMPTY, seen.batches([]), OPTIONS);
    expect(sumOf(classed(document, 'wait'), 'stays')).toBe(many);
    expect(sumOf(classed(document, 'flush'), 'flushes')).toBe(many);
    expect(document).toContain('CPU 3: its 250000 stays are folded into a curve');
    expect(document).toContain('CPU 3: 250000 stays in its batch, at most 8 at once, the longest 31 us.');
    expect(document.length).toBeLessThan(600_000);
  });
});

/** An explanation without anything. */
const EMPTY: Explanation = {
  trace: {
    format: 'ftrace text',
    events: 0,
    cpus: [],
    from: undefined,
    to: undefined,
    lost: [],
    notes: [],
    damage: [],
    buffers: undefined,
    recordedOn: undefined,
    showsLosses: true,
    countsTime: false,
    pageSize: undefined,
    clock: undefined,
  },
  profile: { profile: PROFILES[0]!, because: '' },
  inodes: [],
  moments: [],
  conversions: [],
  dwell: [],
  drains: undefined,
  notes: [],
  mayHideInodes: false,
  openInodes: 0,
  open: [],
  doubt: undefined,
  strays: 0,
  form: undefined,
  missing: [],
  created: [],
};

describe('a page frame', () => {
  test('each life, stay and reference is drawn', async () => {
    const source = memorySource('pinned.txt', readFileSync('examples/pinned.txt'));
    const answer = await explainFrame(source, { pfn: parsePfn('0x671c') ?? pfn(0), moments: [] });
    const document = frameToHtml(answer, OPTIONS);
    const changing = answer.lives
      .flatMap(({ touches }) => touches)
      .filter(({ changes }) => changes.reduce((sum, { references }) => sum + references, 0) !== 0);
    expect(sumOf(classed(document, 'life'), 'lives')).toBe(answer.lives.length);
    expect(sumOf(classed(document, 'wait'), 'stays')).toBe(answer.lives.flatMap(({ waits }) => waits).length);
    expect(sumOf(classed(document, 'check'), 'touches')).toBe(changing.length);
  });
});

describe('a run', () => {
  const folio = (index: number, ...holders: SeenRun['ledgerBefore'][number]['holders']) => ({
    index: folioIndex(index),
    pfn: pfn(index),
    order: order(0),
    strength: 'proved' as const,
    holders,
  });
  const cache = { kind: 'page-cache', references: 1 } as const;
  const batch = { kind: 'lru-add-batch', references: 1, cpu: cpu(1) } as const;
  const step = (task: number, ledger?: SeenRun['ledgerBefore']) => ({
    task,
    routine: 'f',
    name: '<s>',
    call: 'convert 0..1 to private',
    isBefore: false,
    read: undefined,
    ledger,
  });
  const about = { id: 'run', heading: undefined };
  const inPage = (run: SeenRun): string =>
    htmlPage({ ...OPTIONS, title: '', verdict: [], figures: [stepsFigure(run, about)], noFigure: undefined });

  test('a step has a column, and a holder a bar from the step after which it holds to the one that takes it away', () => {
    const document = inPage({
      tasks: [{ name: 'T<0>', cpu: 0 }],
      ledgerBefore: [folio(0, cache)],
      steps: [step(0, [folio(0, cache, batch)]), step(0), step(0, [folio(0, cache)])],
      more: 0,
      violated: 'I2 does not hold',
    });
    const held = elementsOf(document).flatMap(({ attributes }) =>
      attributes.get('data-kind') === 'lru-add-batch' ? [[attributes.get('x'), attributes.get('width')]] : [],
    );
    // Four columns: the state before, and three steps.
    expect(held).toEqual([['25%', '50%']]);
    expect(classed(document, 'step').filter(({ attributes }) => attributes.has('data-step'))).toHaveLength(3);
    expect(document).toContain('In the last step, \u2717, I2 does not hold.');
  });

  test('folios with the same holders share their lanes; a long run and many folios are folded, which is said', () => {
    const alike = Array.from({ length: 100 }, (_, i) => folio(i, cache));
    const one = inPage({ tasks: [], ledgerBefore: alike, steps: [step(0)], more: 0, violated: undefined });
    expect(one).toContain('100 folios alike, pages 0 to 99');
    const steps = Array.from({ length: 5000 }, (_, i) => step(i % 2, [folio(i % 40, cache, batch)]));
    const many = inPage({ tasks: [], ledgerBefore: [], steps, more: 77, violated: undefined });
    expect(many).toContain('77 later steps are not drawn');
    expect(many).toContain('its 2500 steps are folded');
    expect(many).toContain('16 more folios, with other holders, are not drawn.');
    expect(many.length).toBeLessThan(1_200_000);
  });
});
