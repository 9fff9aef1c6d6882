// SPDX-License-Identifier: MIT
import type {
  FrameAnswer,
  FrameLife,
  FrameOrigin,
  FrameOwner,
  FrameTouch,
  FrameWait,
  LeftReference,
} from '../explain/index.ts';
import { type Holder, nanoseconds, referencesOf } from '../ledger/index.ts';
import { timeText, withClock } from './clock-text.ts';
import { commandLines } from './command-lines.ts';
import { durationText } from './duration-text.ts';
import { holderPhrase } from './explain-evidence.ts';
import { inodeName } from './explain-names.ts';
import type { ExplainCommand } from './explain-text.ts';
import { unbroken, wrap } from './flow.ts';
import { originLines } from './origin-lines.ts';
import { quoteText } from './wrap.ts';

/** Numbers of lives, and of references of a life, in the text; --json has them all. */
const MOST_LIVES = 8;
const MOST_TOUCHES = 100;
const MOST_OWNERS = 8;
const MOST_WAITS = 8;

/**
 * A page frame as a mail: what holds it at the end, and its lives with every reference.
 * @example
 * import { explainFrame, parsePfn } from 'folioscope/explain';
 * import { frameToJson, frameToText } from 'folioscope/report';
 * import { memorySource } from 'folioscope/trace';
 * const text = `# tracer: nop
 * #
 * # entries-in-buffer/entries-written: 1/1   #P:2
 * #
 *  vmm-1000 [001] ..... 1.000001: mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x7 ofs=0 order=0
 * `;
 * const source = memorySource('trace.txt', new TextEncoder().encode(text));
 * const answer = await explainFrame(source, { pfn: parsePfn('7')!, moments: [] });
 * frameToText(answer, { file: 'trace.txt', options: [] }).includes('page frame 0x7'); // => true
 * JSON.parse(frameToJson(answer)).outcome; // => 'unknown'
 */
export const frameToText = (answer: FrameAnswer, command: ExplainCommand): string =>
  withClock(answer.trace.countsTime, () => mail(answer, command));

function mail(answer: FrameAnswer, command: ExplainCommand): string {
  const { lives, trace } = answer;
  const shown = lives.slice(-MOST_LIVES);
  const before = lives.length - shown.length;
  const span =
    trace.from === undefined || trace.to === undefined ? '' : `, ${timeText(trace.from)} to ${timeText(trace.to)}`;
  const blocks = [
    headLines(answer),
    momentLines(answer),
    ...(before > 0 ? [wrap(`${before} earlier lives: --json has them`, '', '  ')] : []),
    ...shown.map((life, i) => lifeLines(life, before + i + 1, lives.length)),
    countLines(answer),
    unknownLines(answer),
    [
      ...wrap(`recording: ${trace.format}, ${trace.events} events, ${trace.cpus.length} CPUs${span}`, '', '  '),
      ...originLines(command.version, undefined),
      ...commandLines(['folioscope', 'explain', command.file, ...command.options]),
    ],
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

const frameName = (answer: Pick<FrameAnswer, 'pfn'>): string => `page frame 0x${answer.pfn.toString(16)}`;

function headLines(answer: FrameAnswer): readonly string[] {
  const { left, outcome, lives } = answer;
  const name = frameName(answer);
  const last = lives.at(-1);
  const freed = last?.freed;
  const over = left.filter(({ isLeftOver }) => isLeftOver);
  const rest = left.filter(({ isLeftOver }) => !isLeftOver);
  const expected = rest.length === 0 ? '' : sumPhrase(rest.map(({ holder }) => holder));
  const lines =
    freed === undefined
      ? outcome === 'clean'
        ? wrap(`nothing left over: ${name} is held at the end by ${expected}`, '', '  ')
        : outcome === 'left'
          ? wrap(
              `left over: ${over.length} of ${left.length} references of ${name} ${over.length === 1 ? 'was' : 'were'} not put by the end of the recording`,
              '',
              '  ',
            )
          : wrap(
              `undecided: ${answer.references === 0 ? `no page_ref event shows the references of ${name}` : `not every reference of ${name} is known`}${expected === '' && over.length === 0 ? '' : `; at the end at least ${sumPhrase(left.map(({ holder }) => holder))}`}`,
              '',
              '  ',
            )
      : wrap(`nothing left over: ${name} was freed ${whereText(freed)}`, '', '  ');
  if (freed !== undefined || over.length === 0) return lines;
  return [
    ...lines,
    ...over.flatMap(leftLines),
    ...(expected === '' || outcome === 'unknown' ? [] : wrap(`besides: ${expected}`, '  ', '    ')),
  ];
}

function leftLines({ holder, taken }: LeftReference): readonly string[] {
  if (taken === undefined) return wrap(`${holderPhrase(holder)}, taken before what this recording shows`, '  ', '    ');
  return [...wrap(`${holderPhrase(holder)}, taken ${whereText(taken)}`, '  ', '    '), ...stackLines(taken, '    ')];
}

/** `2 page-cache + 1 gup ('conv')`. */
function sumPhrase(holders: readonly Holder[]): string {
  const sums = new Map<string, Holder>();
  for (const holder of holders) {
    const key = `${holder.kind} ${holder.cpu} ${holder.task}`;
    const before = sums.get(key);
    sums.set(key, { ...holder, references: holder.references + (before?.references ?? 0) });
  }
  return [...sums.values()].map(holderPhrase).join(' + ');
}

/** `at 203.9 on CPU 1 by 'vmm' (pid 7)`. */
const whereText = ({ at, cpu, pid, comm }: FrameOrigin): string =>
  `at ${timeText(at)} on CPU ${cpu} by ${comm === undefined ? `pid ${pid}` : `${quoteText(comm)} (pid ${pid})`}`;

/** The functions of a stack without those of the tracepoint itself, innermost first; empty without a stack. */
const functionsOf = ({ stack = [] }: FrameOrigin): string => stack.filter((name) => !TRACEPOINT.test(name)).join(' < ');

const TRACEPOINT = /^(?:trace_event_raw_event_|__page_ref_|__traceiter_|perf_trace_)/;

const stackLines = (origin: FrameOrigin, indent: string): readonly string[] =>
  wrap(functionsOf(origin), indent, `${indent}  `);

function momentLines({ moments }: FrameAnswer): readonly string[] {
  if (moments.length === 1 && moments[0]?.marker === undefined && moments[0]?.isEnd === true) return [];
  return [
    'holders at each moment',
    ...moments.flatMap(({ at, marker, holders }) => {
      const when = marker === undefined ? timeText(at) : `${timeText(at)} ${quoteText(marker)}`;
      const what =
        holders === undefined
          ? 'no event before shows the frame'
          : holders.length === 0
            ? 'free'
            : `${referencesOf(holders)} = ${holders.map(holderPhrase).join(' + ')}`;
      return wrap(`${when}: ${what}`, '  ', '    ');
    }),
  ];
}

function lifeLines(life: FrameLife, number: number, of: number): readonly string[] {
  const { allocated, freed, isOver, owners, waits, touches, unlisted, losses } = life;
  const begin = allocated === undefined ? 'its allocation was not recorded' : `allocated ${whereText(allocated)}`;
  const end =
    freed === undefined
      ? isOver
        ? 'used anew later; no event shows that it was freed'
        : 'still in use at the end of the recording'
      : `freed ${whereText(freed)}`;
  const listed = touches.slice(-MOST_TOUCHES);
  const more = unlisted + touches.length - listed.length;
  return [
    ...wrap(`life ${number} of ${of}: ${begin}; ${end}`, '', '  '),
    ...some(owners, MOST_OWNERS, ownerLine),
    ...some(waits, MOST_WAITS, waitLine),
    ...losses.slice(0, 4).flatMap((at) => wrap(`events were lost before ${timeText(at)}`, '  ', '    ')),
    ...(more > 0 ? [`  ${more} earlier page_ref events${unlisted > 0 ? '' : '; --json has them'}`] : []),
    ...(listed.length === 0 ? [] : touchLines(listed)),
  ];
}

function some<Item>(all: readonly Item[], most: number, line: (item: Item) => string): readonly string[] {
  return [
    ...all.slice(0, most).flatMap((item) => wrap(line(item), '  ', '    ')),
    ...(all.length > most ? [`  and ${all.length - most} more; --json has them`] : []),
  ];
}

function ownerLine(owner: FrameOwner): string {
  const { index, order, head, from, to } = owner;
  const large =
    order === 0 ? '' : `, in a folio of order ${order} at frame 0x${head.toString(16)}, which has the count`;
  const since = from === undefined ? 'added before the recording' : `added ${whereText(from)}`;
  const until = to === undefined ? '' : `, deleted ${whereText(to)}`;
  return `page cache: ${inodeName(owner)} index ${index}${large}, ${since}${until}`;
}

function waitLine({ cpu, from, inserted }: FrameWait): string {
  const since = from === undefined ? 'from a time that no event shows' : `from ${timeText(from)}`;
  if (inserted === undefined) return `lru_add batch of CPU ${cpu}: ${since}, no insertion recorded`;
  const stay = from === undefined ? '' : `, ${durationText(nanoseconds(inserted.at - from))}`;
  return `lru_add batch of CPU ${cpu}: ${since}${stay}, inserted ${whereText(inserted)}`;
}

/** The references of a life in a table, and each distinct stack once below it. */
function touchLines(touches: readonly FrameTouch[]): readonly string[] {
  const stacks = new Map<string, number>();
  const tasks = new Map<number, string>();
  const rows = touches.map((touch) => {
    const { at, cpu, pid, comm, sum, count } = touch;
    if (comm !== undefined) tasks.set(pid, comm);
    const stack = functionsOf(touch);
    if (stack !== '' && !stacks.has(stack)) stacks.set(stack, stacks.size + 1);
    return [
      timeText(at),
      String(cpu),
      String(pid),
      sum === count ? String(sum) : `${sum} (read ${count})`,
      changeText(touch),
      stack === '' ? '-' : `[${stacks.get(stack) ?? 0}]`,
    ];
  });
  const table = [['time', 'CPU', 'pid', 'count', 'change', 'stack'], ...rows];
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)));
  const lines = table.map((row) =>
    unbroken(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
  );
  return [
    ...lines.flatMap((line) => wrap(line, '  ', '    ')),
    ...(tasks.size === 0
      ? []
      : wrap(`tasks: ${[...tasks].map(([pid, comm]) => `${pid} ${quoteText(comm)}`).join(', ')}`, '  ', '    ')),
    ...(stacks.size === 0 ? [] : ['  stacks, the innermost function first']),
    ...[...stacks].flatMap(([stack, number]) => wrap(`[${number}] ${stack}`, '  ', '      ')),
  ];
}

function changeText({ operation, value, returned, changes }: FrameTouch): string {
  if (changes.length > 0)
    return changes.map(({ kind, references }) => `${references > 0 ? '+' : ''}${references} ${kind}`).join(', ');
  switch (operation) {
    case 'freeze':
      return returned === 0 ? `no freeze at ${value}` : `frozen at ${value}`;
    case 'unfreeze':
      return `unfrozen to ${value}`;
    case 'set':
    case 'mod':
    case 'mod-and-return':
    case 'mod-and-test':
    case 'mod-unless':
    case 'pinner-failure':
    case 'pinner-put':
      return 'none';
  }
}

function countLines({ counts: { compared, differing, more } }: FrameAnswer): readonly string[] {
  if (compared === 0) return [];
  const [first] = differing;
  if (first === undefined)
    return wrap(
      `count: after each of the ${compared} page_ref events the holders add up to the count that the kernel read`,
      '',
      '  ',
    );
  return wrap(
    `count: after ${differing.length + more} of the ${compared} page_ref events the kernel read another count than the holders' sum, first at ${timeText(first.at)}: ${first.count}, not ${first.sum}; it reads without a lock, after its operation`,
    '',
    '  ',
  );
}

function unknownLines(answer: FrameAnswer): readonly string[] {
  const { trace, references, withoutStack, hasReferences, lives, isOrdered } = answer;
  const sentences = [
    ...(references === 0
      ? [
          hasReferences
            ? 'references: page_ref events were recorded, none of this frame'
            : 'references: the recording has no page_ref events; a kernel with CONFIG_DEBUG_PAGE_REF records them: trace-cmd record -e page_ref -T',
        ]
      : []),
    ...(withoutStack > 0
      ? [
          `holders behind ${withoutStack} of the ${references} page_ref events, which have no stack: option stacktrace (trace-cmd record -T) records it`,
        ]
      : []),
    ...(lives.some(({ owners }) => owners.some(({ head }) => head !== answer.pfn))
      ? ["references of a large folio: its first frame has the count, so ask with that frame's number"]
      : []),
    ...(lives[0]?.allocated === undefined && references > 0
      ? ['references from before the recording: their owners are unknown']
      : []),
    ...(trace.lost.length > 0
      ? [`lost events: ${trace.lost.length} times; references are not added up across a loss`]
      : []),
    ...(isOrdered ? [] : ['order: events stand behind later ones, as if recordings had been put together']),
    ...trace.notes,
  ];
  return sentences.length === 0 ? [] : ['not known', ...sentences.flatMap((sentence) => wrap(sentence, '  ', '    '))];
}
