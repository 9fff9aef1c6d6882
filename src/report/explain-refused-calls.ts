// SPDX-License-Identifier: MIT
import { isErrno } from '../abi/index.ts';
import type { BatchedFolio, ConversionCall, Explanation, RefusalCause } from '../explain/index.ts';
import { type Cpu, foldNumbers, type LruInsertion, nanoseconds } from '../ledger/index.ts';
import { timeText } from './clock-text.ts';
import { durationText } from './duration-text.ts';
import { heldPhrase } from './explain-conversions.ts';
import { inodeName } from './explain-names.ts';
import { wrap } from './flow.ts';

/** The refused recorded conversions, and the cause of the last refusal: the question of most readers. */
export function refusedCallLines({ conversions, form }: Explanation): string[] {
  const refused = conversions.filter(({ returned }) => isErrno(returned, 'EAGAIN'));
  const last = refused.at(-1);
  if (last === undefined) return [];
  const which = refused.length === 1 ? 'at' : 'the last one at';
  const count = `refused: ${refused.length} of ${conversions.length} recorded conversions returned -EAGAIN`;
  const where = `${timeText(last.at)} (CPU ${last.cpu}, pid ${last.pid}, fd ${last.fd})`;
  return [
    ...wrap(`${count}, ${which} ${where}`, '', '  '),
    ...reasonsOf(last, form).flatMap((reason) => wrap(reason, '  ', '    ')),
  ];
}

function reasonsOf(call: ConversionCall, form: Explanation['form']): string[] {
  const { causes } = call;
  const known = causes.filter(({ how }) => how !== 'not recorded');
  const unrecorded = causes.some(({ how }) => how === 'not recorded');
  const lines = known.map((cause, place) => `${place === 0 ? 'why' : 'or'}${causePhrase(cause, call, form)}`);
  const remedy = remedyPhrase(call);
  if (remedy !== undefined) lines.push(remedy);
  if (unrecorded) lines.push(`${known.length === 0 ? 'why' : 'or'}: ${unseenPhrase(call)}`);
  return lines;
}

/** One cause, with its condition. */
function causePhrase(cause: RefusalCause, call: ConversionCall, form: Explanation['form']): string {
  const { how, batched, held, insertions } = cause;
  const [first] = batched;
  const inRange = call.checked === undefined ? ', if its range had one of them' : '';
  switch (how) {
    case 'waited': {
      const flushed = call.showInsertions ? '' : ' and it was not flushed before, which no event here would show';
      // If events show the check's looks, they also show a flush: the batch puts its references.
      const condition = call.checked === undefined ? `${inRange}${flushed}` : '';
      return `${condition}: ${first === undefined ? '' : waitedPhrase(first, batched, call)}`;
    }
    case 'waited after the drain':
      return `${inRange}: ${foliosPhrase(batched)} still waited in ${batchesPhrase(batched)} after the call had drained all CPUs: ${movedPhrase(batched)}`;
    case 'flush in progress':
      return `${inRange}: ${foliosPhrase(batched)} had been inserted, but the flush of ${batchesPhrase(batched)} had ${call.checked === undefined ? 'perhaps ' : ''}not put its references yet: it puts them after its last folio; a retry passes`;
    case 'put back':
      return `${inRange}: ${foliosPhrase(batched)} ${areInserted(batched)} again later: before that they were isolated and put back into ${batchesPhrase(batched)} (MADV_PAGEOUT, DAMON, migration, soft offline), and no event shows when`;
    case 'no add seen':
      return `, if they are of its range: ${unaddedPhrase(insertions, call)}`;
    case 'held':
    case 'held when it was called':
      return `: held then by ${heldPhrase({ held })}${stubbornHint(cause)}`;
    case 'pinned or mapped':
      return `: a page of its range was pinned (vmsplice, O_DIRECT, vfio) or mapped again by a fault: this kernel runs ${form?.forms.join(' or ') ?? 'drain-for-folio'}, which refuses only such pages without a drain (${form?.because ?? ''}); no drain helps against that`;
    case 'not recorded':
      return '';
  }
}

const areInserted = (folios: readonly unknown[]): string => (folios.length === 1 ? 'was inserted' : 'were inserted');

const stubbornHint = ({ kinds }: RefusalCause): string =>
  kinds.includes('mmu-gather')
    ? '; it is a mapping made after the conversion had unmapped, or an unmap elsewhere that has not flushed the TLB yet: a retry may pass'
    : kinds.every((kind) => kind === 'lru-add-batch')
      ? '; a drain of all CPUs flushes it, or waits for its flush'
      : kinds.every((kind) => kind === 'mlock-batch')
        ? '; a drain of all CPUs flushes that too'
        : '; no drain helps against that: every form of the check refuses a range with such a page';

function unaddedPhrase(insertions: readonly LruInsertion[], { at, showAdds }: ConversionCall): string {
  const cpus = [...new Set(insertions.map(({ cpu }) => cpu))].toSorted((a, b) => a - b);
  const [first] = insertions;
  const count = insertions.length === 1 ? '1 unevictable folio was' : `${insertions.length} unevictable folios were`;
  const why = showAdds
    ? 'their adds were lost, or came before the recording'
    : 'mm_filemap_add_to_page_cache was not recorded';
  const when = first === undefined ? '' : `, first at ${timeText(first.at)}`;
  const isBefore = first !== undefined && first.at <= at;
  return `${count} inserted ${isBefore ? 'just before or ' : ''}later${when}, by CPU ${foldNumbers(cpus)}, and waited in ${cpus.length === 1 ? 'its batch' : 'their batches'} until then; since when, and of which inode, is not known: ${why}`;
}

function unseenPhrase({ drained, checked, showAdds, causes }: ConversionCall): string {
  const more = causes.length > 1 ? 'another' : 'a reference';
  // Events of the check's own references show that page_ref was recorded, and the holders at the beginning of the call.
  if (checked !== undefined)
    return `by ${more} that came during the call: a fault in flight or its mapping, or a walker over page frames (compaction, memory failure, page_idle); a retry may pass`;
  const rest =
    drained === true
      ? ', or a batch of a CPU that was going offline'
      : ', a flush in progress, a folio put back into a batch, a CPU that was going offline, or a folio from before the recording in a batch';
  const batches = showAdds
    ? ''
    : '; whether a folio waited in a batch is not known, since no add event is in the recording';
  const which =
    causes.length > 1
      ? `a pin, an mlock batch, a fault in flight or its mapping, a walker, an isolation and its putback${rest}`
      : `a pin (vmsplice, O_DIRECT, vfio), an mlock batch, a fault in flight or its mapping, a walker over page frames (compaction, memory failure, page_idle), an isolation and its putback${rest}; page_ref:* events with stacks would name it`;
  return `by ${more} that no event recorded here shows: ${which}${batches}`;
}

/** `8 folios of 0:15:0x1b62 waited in CPU 1's lru_add batch, the first (index 0) for 63.8 ms; a batch ...`. */
function waitedPhrase(first: BatchedFolio, waited: readonly BatchedFolio[], { at }: ConversionCall): string {
  const age = first.since < at ? `for ${durationText(nanoseconds(at - first.since))}` : 'since during the call';
  const since = waited.length === 1 ? ` ${age}` : `, the first (index ${first.index}) ${age}`;
  return `${foliosPhrase(waited)} waited in ${batchesPhrase(waited)}${since}; a batch holds a reference to each folio until it is flushed, used or not`;
}

/** `index 3 of 0:15:0x1b62`, `8 folios of 0:15:0x1b62`. */
function foliosPhrase(folios: readonly BatchedFolio[]): string {
  const inodes = new Set(folios.map(inodeName));
  const names = `${[...inodes].slice(0, 3).join(', ')}${inodes.size > 3 ? ', ...' : ''}`;
  return folios.length === 1 ? `index ${folios[0]?.index ?? 0} of ${names}` : `${folios.length} folios of ${names}`;
}

/** `CPU 1's lru_add batch`. */
function batchesPhrase(folios: readonly BatchedFolio[]): string {
  const cpus = cpusOf(folios);
  return cpus.length === 1 ? `CPU ${cpus[0]}'s lru_add batch` : `lru_add batches of CPU ${foldNumbers(cpus)}`;
}

/** Why a folio may still be in a batch after a drain of all CPUs. */
function movedPhrase(folios: readonly BatchedFolio[]): string {
  const moved = folios.find(({ cpu, addedOn }) => cpu !== addedOn);
  const other = moved === undefined ? '' : ` (added on CPU ${moved.addedOn}, inserted by CPU ${moved.cpu})`;
  return `it was added there after the drain, or its CPU was going offline and the drain skipped it${other}; a retry passes once that is over`;
}

/**
 * Forms that remove the batches' references. References taken during the call are not among the causes, so no form is
 * certain to pass.
 */
function remedyPhrase({ causes, cpu }: ConversionCall): string | undefined {
  const waited = causes.filter(({ how }) => how === 'waited').flatMap(({ batched }) => batched);
  if (waited.length === 0) return undefined;
  const own = cpusOf(waited).every((owner) => owner === cpu);
  const stubborn = causes.some(
    ({ how, kinds }) =>
      (how === 'held' || how === 'held when it was called') &&
      kinds.some((kind) => kind !== 'mlock-batch' && kind !== 'lru-add-batch'),
  );
  if (stubborn) return `${own ? 'local-drain, ' : ''}v6, v8 and drain-for-folio help against the batches only`;
  return own
    ? 'they were on the converting CPU itself: local-drain, v6, v8 and drain-for-folio drain it, and would pass if nothing else held its pages; a retry there would pass too, since the refused check drains its own CPU at its end'
    : 'v6, v8 and drain-for-folio drain all CPUs, and would pass if nothing else held its pages; without such a drain, a retry passes only once those CPUs have flushed their batches';
}

const cpusOf = (folios: readonly BatchedFolio[]): readonly Cpu[] =>
  [...new Set(folios.map(({ cpu }) => cpu))].toSorted((a, b) => a - b);
