// SPDX-License-Identifier: MIT
import { isErrno } from '../abi/index.ts';
import type { Explanation, InodeAnswer, MomentAnswer, OpenInode, Unseen } from '../explain/index.ts';
import { foldNumbers, type Strength, type Verdict } from '../ledger/index.ts';
import { timeText, withClock } from './clock-text.ts';
import { conversionLines } from './explain-conversions.ts';
import { refusedCallLines } from './explain-refused-calls.ts';
import { drainLines } from './explain-drains.ts';
import { dwellLines } from './explain-dwell.ts';
import { ageOf, evidenceLines, isExplained, othersPhrase, refusersPhrase } from './explain-evidence.ts';
import { isOnOneCpu, momentLines } from './explain-moments.ts';
import { inodeName, whenPhrase } from './explain-names.ts';
import { commandLines } from './command-lines.ts';
import { originLines } from './origin-lines.ts';
import { wrap } from './flow.ts';
import { quoteText } from './wrap.ts';

/** The words after `folioscope explain` that give the answer again. */
export interface ExplainCommand {
  readonly file: string;
  /** Options as they were given. */
  readonly options: readonly string[];
  /** The version of folioscope; if absent, the report names none. */
  readonly version?: string | undefined;
}

/**
 * An explanation as a mail: the verdict, the evidence, what is not known, how to reproduce it.
 * @example
 * import { explainTrace, parseMoment } from 'folioscope/explain';
 * import { PATCHES } from 'folioscope/machine';
 * import { explanationToJson, explanationToText } from 'folioscope/report';
 * import { memorySource } from 'folioscope/trace';
 * const text = `# tracer: nop
 * #
 * # entries-in-buffer/entries-written: 1/1   #P:2
 * #
 *  vmm-1000 [001] ..... 1.000001: mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x7 ofs=0 order=0
 * `;
 * const source = memorySource('trace.txt', new TextEncoder().encode(text));
 * const explanation = await explainTrace(source, { moments: [parseMoment('end')!], patches: PATCHES });
 * explanationToText(explanation, { file: 'trace.txt', options: [] }).includes('trace.txt'); // => true
 * JSON.parse(explanationToJson(explanation)).schema; // => 'folioscope.explain/1'
 */
export const explanationToText = (explanation: Explanation, command: ExplainCommand): string =>
  withClock(explanation.trace.countsTime, () => mail(explanation, command));

function mail(explanation: Explanation, command: ExplainCommand): string {
  const { moments } = explanation;
  const inodes = groupBy(moments, inodeName);
  const blocks = [
    headline(explanation, inodes, command),
    ...inodes.map((ofInode) => {
      const why = worthExplaining(ofInode);
      return why === undefined ? [] : evidenceLines(why);
    }),
    conversionLines(explanation),
    inodeLines(explanation),
    ...inodes.map((ofInode) => [...titleOf(ofInode), ...momentLines(ofInode)]),
    ...explanation.dwell.map(dwellLines),
    moments.length === 0 && explanation.drains?.count === 0 ? [] : drainLines(explanation.drains),
    unknowns(explanation),
    footer(explanation, command),
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

/** The moment whose refusal is explained: the last one if it is refused, otherwise the last refused one. */
const worthExplaining = (moments: readonly MomentAnswer[]): MomentAnswer | undefined => moments.findLast(isExplained);

function headline(
  explanation: Explanation,
  inodes: readonly (readonly MomentAnswer[])[],
  command: ExplainCommand,
): string[] {
  const lines = inodes.flatMap((moments) => inodeHeadline(moments, explanation));
  if (lines.length === 0) lines.push(...noInodeLines(explanation, command));
  return [
    ...refusedCallLines(explanation),
    ...unknownCallLines(explanation),
    ...lines,
    ...incompleteLines(explanation),
  ];
}

/** Calls that the kernel did not know: not a refusal, and reported first. */
function unknownCallLines({ conversions }: Explanation): string[] {
  const unknown = conversions.filter(({ returned }) => isErrno(returned, 'ENOTTY'));
  const [first] = unknown;
  if (first === undefined) return [];
  const count = unknown.length === conversions.length ? 'all' : `${unknown.length} of ${conversions.length}`;
  return wrap(
    `${count} recorded conversions returned -ENOTTY, first at ${timeText(first.at)} (pid ${first.pid}, fd ${first.fd}): that kernel has no KVM_SET_MEMORY_ATTRIBUTES2 on a guest_memfd, or the file is not a guest_memfd`,
    '',
    '  ',
  );
}

/** The text in place of a verdict. */
function noInodeLines(explanation: Explanation, command: ExplainCommand): string[] {
  const { inodes, doubt, open, openInodes, missing, created } = explanation;
  const others = inodes.length === 0 ? ', nor another inode of unevictable folios' : '';
  switch (doubt) {
    case undefined:
      return wrap(`no guest_memfd in this recording${others}`, '', '  ');
    case 'lost events':
      return wrap(
        `undecided: no guest_memfd in the kept part of this recording${others}, but events were lost, perhaps all that show one`,
        '',
        '  ',
      );
    case 'conversions':
      return [
        ...wrap(
          `undecided: a guest_memfd was converted in this recording, but its inode and its folios are not known: ${missing.includes('mm_filemap_add_to_page_cache') ? 'there are no add events' : 'none of its folios was added, deleted or inserted'}`,
          '',
          '  ',
        ),
        ...recordLines(),
      ];
    case 'creations':
      return [
        ...wrap(`undecided: ${createdPhrase(created)}, and no event shows a folio of it`, '', '  '),
        ...recordLines(),
      ];
    case 'open inodes': {
      const [first] = open;
      const names = open.slice(0, MOST_OPEN).map(openPhrase).join('; ');
      const more = openInodes > MOST_OPEN ? `; and ${openInodes - MOST_OPEN} more` : '';
      const again = ['folioscope', 'explain', command.file, ...command.options];
      return [
        ...wrap(
          `undecided: no event shows whether ${openInodes === 1 ? 'this inode is' : 'one of these inodes is'} a guest_memfd: ${names}${more}`,
          '',
          '  ',
        ),
        ...(first === undefined
          ? []
          : [
              '  to treat it as a guest_memfd in any case:',
              ...commandLines([...again, '--inode', inodeName(first)])
                .slice(1)
                .map((line) => `  ${line}`),
            ]),
      ];
    }
    case 'unevictable folios':
      return [
        ...wrap(
          `undecided: ${explanation.strays === 1 ? '1 unevictable folio was' : `${explanation.strays} unevictable folios were`} inserted without an add event in this recording, perhaps of an older guest_memfd; only a delete event would show the inode`,
          '',
          '  ',
        ),
        ...recordLines(),
      ];
    case 'missing events':
      return [
        ...wrap(
          `undecided: this recording lacks ${missing.length === 1 ? 'an event that shows' : 'events that show'} whether there is a guest_memfd (${missing.join(', ')})`,
          '',
          '  ',
        ),
        ...recordLines(),
      ];
  }
}

const MOST_OPEN = 3;

/** `0:16:0x2b4ff (30 folios added, none inserted while it was there)`. */
const openPhrase = (inode: OpenInode): string =>
  `${inodeName(inode)} (${inode.adds} ${inode.adds === 1 ? 'folio' : 'folios'} added, none inserted while it was there)`;

function createdPhrase(created: Explanation['created']): string {
  const [first] = created;
  if (first === undefined) return 'a guest_memfd was created';
  const who = `${first.task === undefined ? '' : `${quoteText(first.task)}, `}pid ${first.pid}`;
  const more = created.length > 1 ? `, the first of ${created.length}` : '';
  return `a guest_memfd was created at ${timeText(first.at)} (${who}, fd ${first.fd}${more})`;
}

/** The command for a recording that would decide it. */
const recordLines = (): string[] => [
  '  to decide it, record again, from its first page on:',
  '    trace-cmd record -e filemap:mm_filemap_add_to_page_cache \\',
  '      -e filemap:mm_filemap_delete_from_page_cache \\',
  '      -e pagemap:mm_lru_insertion -e syscalls:sys_enter_ioctl \\',
  '      -e syscalls:sys_exit_ioctl',
];

/** Why the exit code is 2 although no verdict is undecided. */
function incompleteLines({ trace, moments }: Explanation): string[] {
  if (trace.damage.length > 0)
    return wrap('(the recording is damaged: the missing part may change this, so the exit code is 2)', '  ', '  ');
  const isCutOff = trace.lost.some(({ at }) => at === undefined);
  const last = moments.at(-1);
  if (last === undefined) return [];
  const areSafe = moments.every(
    ({ at, marker, baseline }) => at !== last.at || marker !== last.marker || baseline.verdict === 'safe',
  );
  return isCutOff && areSafe
    ? wrap('(events at the end were lost and may change this, so the exit code is 2)', '  ', '  ')
    : [];
}

function inodeHeadline(moments: readonly MomentAnswer[], { inodes }: Explanation): string[] {
  const last = moments.at(-1);
  if (last === undefined) return [];
  const what = `a conversion of ${inodeName(last)}${rangePhrase(last)} to private on CPU ${last.cpu}`;
  const when = last.marker === undefined ? `at ${timeText(last.at)}` : `at ${quoteText(last.marker)}`;
  const isOne = inodes.some(({ dev, ino, kind }) => dev === last.dev && ino === last.ino && kind === 'unknown')
    ? 'undecided whether it is a guest_memfd; if it is, '
    : '';
  const lines = wrap(`${isOne}${verdictWords(last)}: ${what} ${when}${helpPhrase(last)}`, '', '  ');
  lines.push(...wrap(elsewherePhrase(last), '  ', '  '));
  const refused = moments.filter(({ baseline }) => baseline.verdict === 'refused');
  const worst = refused.at(-1);
  if (worst !== undefined && worst !== last)
    lines.push(
      ...wrap(
        `but ${verdictWords(worst)} at ${refused.length} of the ${moments.length} moments below, last at ${whenPhrase(worst)}${helpPhrase(worst)}`,
        '  ',
        '  ',
      ),
    );
  return lines;
}

/** If the CPU was chosen by the tool: the result of a conversion on another one; empty if it is the same. */
function elsewherePhrase({ baseline, localDrainByCpu, cpuBecause }: MomentAnswer): string {
  if (baseline.verdict !== 'safe' || cpuBecause === 'as asked') return '';
  // A refusal despite a drain of the CPU itself also happens there without any drain.
  const elsewhere = [...(localDrainByCpu ?? [])].filter(([, { verdict }]) => verdict === 'refused').map(([cpu]) => cpu);
  return elsewhere.length === 0
    ? ''
    : `but on CPU ${foldNumbers(elsewhere)} it would be refused without a drain of all CPUs`;
}

/** A verdict with its condition, if there is one: they must not be separated. */
function verdictWords({ baseline, verdicts, unseen }: MomentAnswer): string {
  switch (baseline.verdict) {
    case 'safe':
      return unseen === undefined ? 'safe' : `safe ${unseenCondition(unseen)}`;
    case 'refused':
      return isRefusedByAll(verdicts) ? 'refused by every form of the check' : 'refused without a drain';
    case 'undecided':
      return 'undecided';
  }
}

function unseenCondition(unseen: Unseen): string {
  switch (unseen.what) {
    case 'unrecorded references':
      return 'as far as these events show';
    case 'refused call':
      return `only if what refused the call at ${timeText(unseen.at)} is gone, which no event here shows`;
  }
}

const isRefusedByAll = (verdicts: ReadonlyMap<string, Verdict>): boolean =>
  verdicts.size > 1 && [...verdicts.values()].every(({ verdict }) => verdict === 'refused');

/** The cause of a refusal, and the forms of the check that pass. */
function helpPhrase(moment: MomentAnswer): string {
  const { baseline, evidence, verdicts, unseen } = moment;
  if (baseline.verdict === 'undecided') return `: ${baseline.reason}`;
  if (baseline.verdict !== 'refused' || !isExplained(moment)) return '';
  const others = refusersPhrase(moment);
  const pass = [...verdicts].filter(([, { verdict }]) => verdict === 'safe').map(([name]) => name);
  const condition = unseen === undefined ? '' : ' if nothing else holds the page';
  const help = pass.length === 0 ? '' : `; it would pass with ${pass.join(', ')}${condition}${formsPhrase(pass)}`;
  const reasons = [
    ...(evidence === undefined ? [] : [`waits in CPU ${evidence.cpu}'s lru_add batch, ${ageOf(moment)}`]),
    ...(others === '' ? [] : [`is held by ${others}`]),
  ];
  return `: index ${baseline.index} ${reasons.join(', and ')}${help}${stubbornPhrase(moment)}`;
}

/** Description of the passing forms, for readers who do not know their names. */
function formsPhrase(pass: readonly string[]): string {
  const all = pass.filter((name) => DRAINING.has(name));
  const rest = pass.includes('local-drain') ? '; local-drain drains its own CPU' : '';
  if (all.length === 0) return rest;
  const who = all.length === pass.length ? 'those forms of the check drain' : `${all.join(', ')} drain`;
  return `; ${who} all CPUs' batches before they refuse${rest}`;
}

const DRAINING: ReadonlySet<string> = new Set(['v6', 'v8', 'drain-for-folio']);

/** `; v6, v8: refused at 5, which is held by 1 gup ('vmm')`: refusals of other forms with another cause. */
function stubbornPhrase({ baseline, verdicts, notable }: MomentAnswer): string {
  const first = baseline.verdict === 'refused' ? baseline.index : undefined;
  const others = [...verdicts].flatMap(([name, verdict]) =>
    verdict.verdict === 'refused' && verdict.index !== first ? [{ name, index: verdict.index }] : [],
  );
  const [{ index } = { index: undefined }] = others;
  if (index === undefined) return '';
  const names = others.filter((other) => other.index === index).map(({ name }) => name);
  const folio = notable.find((candidate) => candidate.index <= index && index < candidate.index + 2 ** candidate.order);
  const holders = folio === undefined ? '' : othersPhrase(folio);
  return `; ${names.join(', ')}: refused at ${index}${holders === '' ? '' : `, which is held by ${holders}`}`;
}

const rangePhrase = ({ range }: MomentAnswer): string =>
  range === undefined ? '' : `, pages ${range.from} up to ${range.to},`;

function titleOf(moments: readonly MomentAnswer[]): string[] {
  const [moment] = moments;
  if (moment === undefined) return [];
  const where = isOnOneCpu(moments) ? `CPU ${moment.cpu}` : 'the CPU that is named';
  const asFar = moments.every(({ unseen }) => unseen === undefined) ? '' : ', as far as these events show';
  return wrap(
    `${inodeName(moment)}${rangePhrase(moment).replace(/,$/, '')}: folios in the page cache, and what a conversion on ${where} (${moment.cpuBecause}) would get${asFar}`,
    '',
    '  ',
  );
}

function inodeLines({ inodes, created }: Explanation): string[] {
  return inodes
    .slice(0, MOST_INODES)
    .flatMap((inode) => [
      ...wrap(`${inodeName(inode)} is ${kindPhrase[inode.kind]}: ${inode.because}`, '', '  '),
      ...(inode.kind === 'other' ? [] : peopleLines(inode, created)),
    ])
    .concat(inodes.length > MOST_INODES ? [`and ${inodes.length - MOST_INODES} more inodes; --json has them all`] : []);
}

const MOST_INODES = 12;

/** The creator of an inode, and the tasks that added its folios. */
function peopleLines({ created, touchedBy }: InodeAnswer, makers: Explanation['created']): string[] {
  const name = ({ pid, task }: { readonly pid: number; readonly task: string | undefined }): string =>
    task === undefined ? `pid ${pid}` : `${quoteText(task)} (pid ${pid})`;
  const made =
    created === undefined
      ? `its creator is not known${makers.length === 0 ? '' : `; a guest_memfd was created by ${[...new Set(makers.map(name))].slice(0, MOST_TASKS).join(', ')}`}`
      : `created by ${name(created)}, as its fd ${created.fd}`;
  const some = touchedBy.slice(0, MOST_TASKS).map((toucher) => `${name(toucher)}, ${toucher.folios}`);
  const rest = touchedBy.length > MOST_TASKS ? `, and ${touchedBy.length - MOST_TASKS} more` : '';
  const touched = some.length === 0 ? '' : `; folios added by ${some.join('; ')}${rest}`;
  return wrap(`${made}${touched}`, '  ', '    ');
}

const MOST_TASKS = 4;

const kindPhrase = {
  guest_memfd: 'a guest_memfd',
  other: 'no guest_memfd',
  unknown: 'perhaps a guest_memfd',
} as const;

function unknowns({ trace, notes, moments, conversions, drains }: Explanation): string[] {
  const lost = trace.lost.map(({ cpu, at, events }) => {
    const count = events === undefined ? 'an unknown number' : String(events);
    return `${count} on CPU ${cpu} before ${at === undefined ? 'the end' : timeText(at)}`;
  });
  const shown = lost.slice(0, MOST_LOSSES);
  if (shown.length < lost.length) shown.push(`and ${lost.length - shown.length} more times`);
  const sentences = [
    `lost events: ${lost.length > 0 ? shown.join('; ') : trace.showsLosses ? 'none' : 'none that this text could show'}`,
    ...(moments.length === 0
      ? []
      : [
          'user mappings: assumed to be unmapped before the check counts, as the conversion does',
          ...(strengths(moments).has('derived') || strengths(moments).has('unknown')
            ? [
                'pins, mlock batches and other references: no stock event shows them; page_ref:* events (CONFIG_DEBUG_PAGE_REF) would, with their stack traces',
              ]
            : []),
          ...(moments.some(({ isOlder }) => isOlder) ? ['folios added before the recording began: not listed'] : []),
          ...(drains === undefined
            ? ['drains of all CPUs: no workqueue:* event was recorded; those would show who asks and what it costs']
            : []),
        ]),
    ...(conversions.length === 0
      ? []
      : ['ranges of the recorded conversions: they are in user memory, which no event shows; --range selects one']),
    ...strangerPhrase(trace, moments),
    ...notes,
  ];
  return ['not known', ...sentences.flatMap((sentence) => wrap(sentence, '  ', '    '))];
}

/** A requested CPU that the recording does not have: it may have been idle, or offline. */
function strangerPhrase({ cpus }: Explanation['trace'], [moment]: readonly MomentAnswer[]): string[] {
  if (moment === undefined || cpus.length === 0 || cpus.includes(moment.cpu)) return [];
  return [`CPU ${moment.cpu}: not in this recording (${foldNumbers(cpus)}), so its batch is assumed empty`];
}

const MOST_LOSSES = 4;

function footer({ trace, profile, moments }: Explanation, { file, options, version }: ExplainCommand): string[] {
  const span =
    trace.from === undefined || trace.to === undefined ? '' : `, ${timeText(trace.from)} to ${timeText(trace.to)}`;
  const cpus = `${trace.cpus.length} ${trace.cpus.length === 1 ? 'CPU' : 'CPUs'}`;
  const again = ['folioscope', 'explain', file, ...options];
  return [
    ...(moments.length === 0 ? [] : wrap(strengthPhrase(moments), '', '  ')),
    ...wrap(`recording: ${trace.format}, ${trace.events} events, ${cpus}${span}`, '', '  '),
    ...(moments.length === 0
      ? []
      : wrap(
          `kernel profile: ${profile.profile.name}, batches of ${profile.profile.batchSize} (${profile.because})`,
          '',
          '  ',
        )),
    ...originLines(version, moments.length === 0 ? undefined : profile.profile),
    ...commandLines(again),
  ];
}

const strengths = (moments: readonly MomentAnswer[]): ReadonlySet<Strength> =>
  new Set(moments.flatMap((moment) => [...moment.strengths]));

const BEST_FIRST: readonly Strength[] = ['proved', 'derived', 'unknown'];

/** Evidence behind each strength. */
const STRENGTHS: Readonly<Record<Strength, string>> = {
  proved: 'proved, from page_ref events with their stacks',
  derived: 'derived, from pairs of add and insertion events',
  unknown: 'unknown, because evidence is missing',
};

function strengthPhrase(moments: readonly MomentAnswer[]): string {
  const known = strengths(moments);
  // Without folios nothing needs evidence, and the statement depends on no add event.
  if (known.size === 0) return `strength: ${STRENGTHS.derived}`;
  const [first = '', ...others] = BEST_FIRST.filter((strength) => known.has(strength)).map(
    (strength) => STRENGTHS[strength],
  );
  return others.length === 0
    ? `strength: ${first}`
    : `strength: for some folios ${first}; for others ${others.join('; for others ')}`;
}

/** By key, in the order of the keys' appearance. */
function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}
