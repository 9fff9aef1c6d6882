// SPDX-License-Identifier: MIT
import { HOLDER_LOOKS, holderName } from '../design/index.ts';
import { type Holder, referencesOf, type Verdict } from '../../src/ledger/index.ts';
import { durationText, timeText } from './clock.ts';
import type { ConversionSeen, DrainRoundSeen, Timeline } from './data/model.ts';
import type { FolioGroup, PanelMoment } from './data/opened.ts';
import { roundAt } from './draw/marks.ts';
import { nameOf, pagesName } from './layout.ts';
import type { TimelineModel } from './view-model.ts';

interface Props {
  readonly model: TimelineModel;
  readonly timeline: Timeline;
}

/** The holders of the folio at the cursor, and the result of each form of the check. */
export function Panel({ model, timeline }: Props) {
  const time = model.time.value;
  const answered = model.answered.value;
  const subject = model.subject.value;
  if (time === undefined) return <aside class="tl-panel" aria-label="At the cursor" />;
  const marker = timeline.markers.find(({ at }) => at === time);
  const row = model.row.value;
  const title = row?.kind === 'folio' || row?.kind === 'cpu' ? nameOf(row) : 'the whole inode';
  const at = timeline.begin + BigInt(Math.round(time));
  const isLate = answered?.asked.at !== at || answered.asked.pages !== subject?.pages;
  return (
    <aside class={isLate ? 'tl-panel is-late' : 'tl-panel'} aria-label="At the cursor">
      <h2>
        {title} <span class="dim">at {timeText(timeline, time)}</span>
      </h2>
      {marker === undefined ? undefined : <p class="tl-marker code">{marker.text}</p>}
      <Calls timeline={timeline} time={time} />
      <Lost timeline={timeline} time={time} />
      <Drain timeline={timeline} round={roundAt(timeline.drains, time)} />
      {answered === undefined ? undefined : (
        <Holders
          moment={answered.moment}
          time={Number(answered.asked.at - timeline.begin)}
          timeline={timeline}
          isAlone={row?.kind === 'folio'}
        />
      )}
      {answered?.moment === undefined ? undefined : <Verdicts moment={answered.moment} model={model} />}
      {subject === undefined ? (
        <p class="dim">No guest_memfd has folios in this recording, so there is no verdict.</p>
      ) : undefined}
      <Notes timeline={timeline} />
    </aside>
  );
}

/** Rows of a list that are shown before it is cut. */
const MOST_GROUPS = 4;

function Holders({
  moment,
  time,
  timeline,
  isAlone,
}: {
  readonly moment: PanelMoment | undefined;
  /** Time of the answer; the pointer may have moved since. */
  readonly time: number;
  readonly timeline: Timeline;
  readonly isAlone: boolean;
}) {
  if (moment === undefined) return <p class="dim">No inode of this recording has folios here.</p>;
  const { groups, folios } = moment;
  if (groups.length === 0)
    return <p class="dim">{isAlone ? 'Not in the page cache.' : 'No folio in the page cache.'}</p>;
  return (
    <>
      <ul class="tl-groups" aria-label="Holders">
        {groups.slice(0, MOST_GROUPS).map((group) => (
          <Group key={group.ranges[0]?.from} group={group} time={time} timeline={timeline} isOnly={folios === 1} />
        ))}
      </ul>
      {groups.length > MOST_GROUPS ? (
        <p class="dim small">and {groups.length - MOST_GROUPS} other sets of holders</p>
      ) : undefined}
    </>
  );
}

/** Ranges that are written out. */
const MOST_RANGES = 4;

function rangesText({ ranges, count }: FolioGroup): string {
  const shown = ranges.slice(0, MOST_RANGES).map(({ from, to }) => (to - from === 1 ? `${from}` : `${from}..${to}`));
  const more = ranges.length > MOST_RANGES ? ' ...' : '';
  return `${count === 1 ? 'page' : `${count} folios, pages`} ${shown.join(', ')}${more}`;
}

function Group({
  group,
  time,
  timeline,
  isOnly,
}: {
  readonly group: FolioGroup;
  readonly time: number;
  readonly timeline: Timeline;
  readonly isOnly: boolean;
}) {
  const { folio, life, mayBeGone } = group.first;
  const count = referencesOf(folio.holders);
  // Count that a check expects: the page cache's references, and its own.
  const expected = referencesOf(folio.holders.filter(({ kind }) => kind === 'page-cache' || kind === 'safety-check'));
  const isExpected = count === expected;
  return (
    <li class="tl-group">
      <p class={isOnly ? 'count' : 'count is-small'}>
        {count}
        <span class="expected">
          {isExpected ? 'as expected' : `expected ${expected}`}, {STRENGTHS[folio.strength]}{' '}
          {isExpected ? undefined : <b class="bad">{count - expected} too many</b>}
        </span>
      </p>
      <ul class="chips" aria-label={`Holders of ${rangesText(group)}`}>
        {folio.holders.map((holder, place) => (
          <Chip key={place} holder={holder} time={time} timeline={timeline} isOnly={isOnly} />
        ))}
      </ul>
      <p class="tl-where dim small">
        {rangesText(group)}
        {isOnly ? `, pfn 0x${folio.pfn.toString(16)}` : ''}
        {folio.order > 0 ? `, order ${folio.order}` : ''}
        {isOnly && life.number > 1 ? `, the ${life.number}. folio here` : ''}
        {mayBeGone ? '; it may have left unseen' : ''}
      </p>
    </li>
  );
}

const STRENGTHS = { proved: 'proved', derived: 'derived', unknown: 'not known' } as const;

function Chip({
  holder,
  time,
  timeline,
  isOnly,
}: {
  readonly holder: Holder;
  readonly time: number;
  readonly timeline: Timeline;
  readonly isOnly: boolean;
}) {
  const { colour, fill } = HOLDER_LOOKS[holder.kind];
  return (
    <li class="chip" style={{ '--kind': `var(${colour})` }}>
      <i class={`swatch fill-${fill}`} aria-hidden="true" />
      <span>
        {holderName(holder)} <b>{holder.references}</b>
        {isOnly && holder.since !== undefined ? (
          <span class="dim" title={`since ${timeText(timeline, Number(holder.since - timeline.begin))}`}>
            {' '}
            for {durationText(time - Number(holder.since - timeline.begin), timeline.countsTime)}
          </span>
        ) : undefined}
      </span>
    </li>
  );
}

/** Forms with equal verdicts share a line. */
function Verdicts({ moment: { answer }, model }: { readonly moment: PanelMoment; readonly model: TimelineModel }) {
  const lines = new Map<string, { readonly verdict: Verdict; readonly forms: string[] }>();
  for (const [form, verdict] of answer.verdicts) {
    const key = verdict.verdict === 'refused' ? `refused ${verdict.index} ${verdict.spurious}` : verdict.verdict;
    const line = lines.get(key) ?? { verdict, forms: [] };
    lines.set(key, line);
    line.forms.push(form);
  }
  const reasons = [
    ...new Set([...answer.verdicts.values()].flatMap((one) => (one.verdict === 'undecided' ? [one.reason] : []))),
  ];
  const range = answer.range === undefined ? 'the whole inode' : pagesName(answer.range);
  return (
    <section class="tl-verdicts" aria-label="Verdicts">
      <h3>Would it become private?</h3>
      <p class="small dim">
        {range}, converted on CPU {answer.cpu}
        {answer.range === undefined ? undefined : (
          <>
            {' '}
            <button type="button" class="link small" onClick={() => model.select(undefined)}>
              the whole inode instead
            </button>
          </>
        )}
      </p>
      <dl>
        {[...lines.values()].map(({ verdict, forms }) => (
          <div key={forms[0]}>
            <dt>{forms.join(', ')}</dt>
            <dd class={TONES[verdict.verdict]}>
              {verdict.verdict === 'refused' ? (
                <>
                  ✕ refused at{' '}
                  <button
                    type="button"
                    class="link"
                    aria-label={`refused at page ${verdict.index}: show it`}
                    onClick={() => model.showPage(model.subject.value?.inode ?? 0, verdict.index)}
                  >
                    {verdict.index}
                  </button>
                  {verdict.spurious ? ', only batches hold it' : ', it is in use'}
                </>
              ) : verdict.verdict === 'safe' ? (
                '✓ safe'
              ) : (
                '? undecided'
              )}
            </dd>
          </div>
        ))}
      </dl>
      {reasons.map((reason) => (
        <p key={reason} class="small unsure">
          {reason}
        </p>
      ))}
      <p class="small dim">strength of the first verdict: {STRENGTHS[answer.strength]}</p>
    </section>
  );
}

/** Signs and words accompany the colour, for readers who cannot distinguish it. */
const TONES = { safe: 'good', refused: 'bad', undecided: 'unsure' } as const;

/** Calls that run at a time. */
function Calls({ timeline, time }: { readonly timeline: Timeline; readonly time: number }) {
  const calls = timeline.conversions.filter(({ at, until }) => at <= time && time <= (until ?? at));
  return (
    <>
      {calls.slice(0, 2).map((call) => (
        <p key={`${call.at} ${call.pid}`} class={call.result === 'safe' ? 'tl-call good' : 'tl-call bad'}>
          {callText(call, timeline)}
        </p>
      ))}
    </>
  );
}

function callText(
  { result, returned, cpu, task, pid, at, until, drained, causes }: ConversionSeen,
  timeline: Timeline,
): string {
  const sign = {
    safe: '✓ converted',
    refused: `✕ refused, ${returned}`,
    failed: `✕ failed, ${returned}`,
    unknown: '? no return recorded',
  }[result];
  const took = until === undefined ? '' : `, ${durationText(until - at, timeline.countsTime)}`;
  const drain = drained === true ? ', drained all CPUs' : drained === false ? ', without a drain' : '';
  const why = causes.length === 0 ? '' : `: ${causes.join('; ')}`;
  return `${sign}: ${task ?? 'a task'} (pid ${pid}) on CPU ${cpu}${took}${drain}${why}`;
}

function Drain({ timeline, round }: { readonly timeline: Timeline; readonly round: DrainRoundSeen | undefined }) {
  if (round === undefined) return undefined;
  const took = round.until === undefined ? '' : `, ${durationText(round.until - round.at, timeline.countsTime)}`;
  const cpus = round.works.map(({ cpu }) => cpu).join(', ');
  const folios = round.works.reduce((sum, { insertions }) => sum + insertions, 0);
  return (
    <p class="tl-call">
      drain asked by {round.task ?? 'a task'} on CPU {round.cpu}: CPU {cpus} flushed {folios} folios{took}
    </p>
  );
}

/** CPUs whose batches are not known at a time, because events were lost. */
function Lost({ timeline, time }: { readonly timeline: Timeline; readonly time: number }) {
  const lost = timeline.cpus.flatMap(({ cpu, losses }) =>
    losses.filter(({ from, knownFrom }) => from <= time && time < knownFrom).map((loss) => ({ cpu, ...loss })),
  );
  return (
    <>
      {lost.slice(0, 3).map(({ cpu, from, events, knownFrom }) => (
        <p key={`${cpu} ${from}`} class="tl-call unsure">
          ? CPU {cpu}: {events ?? 'some'} events were lost after {timeText(timeline, from)}; what waits in its batch is
          not known until {timeText(timeline, knownFrom)}
        </p>
      ))}
    </>
  );
}

/** Notes that a reader of the answers needs. */
function Notes({
  timeline: { notes, damage, profile, batchSize, drainCount, drains },
}: {
  readonly timeline: Timeline;
}) {
  const more =
    drainCount > drains.length ? [`of ${drainCount} rounds of drains the first ${drains.length} are shown`] : [];
  const all = [...damage, ...notes, ...more, `kernel profile ${profile}, batches of ${batchSize}`];
  return (
    <details class="tl-notes">
      <summary>What else to know ({all.length})</summary>
      <ul>
        {all.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </details>
  );
}
