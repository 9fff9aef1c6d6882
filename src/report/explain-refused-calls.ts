// SPDX-License-Identifier: MIT
import type { BatchedFolio, ConversionCall } from '../explain/index.ts';
import { type Cpu, foldNumbers, formatTime, nanoseconds } from '../ledger/index.ts';
import { durationText } from './duration-text.ts';
import { EAGAIN, heldPhrase } from './explain-conversions.ts';
import { inodeName } from './explain-names.ts';
import { wrap } from './wrap.ts';

/** Which of the recorded conversions were refused, and why the last one was: what most readers come for. */
export function refusedCallLines(conversions: readonly ConversionCall[]): string[] {
  const refused = conversions.filter(({ returned }) => returned === EAGAIN);
  const last = refused.at(-1);
  if (last === undefined) return [];
  const which = refused.length === 1 ? 'at' : 'the last one at';
  const count = `refused: ${refused.length} of ${conversions.length} recorded conversions returned -EAGAIN`;
  const where = `${formatTime(last.at)} (CPU ${last.cpu}, pid ${last.pid}, fd ${last.fd})`;
  return [
    ...wrap(`${count}, ${which} ${where}`, '', '  '),
    ...reasonsOf(last).flatMap((reason) => wrap(reason, '  ', '    ')),
  ];
}

function reasonsOf(call: ConversionCall): string[] {
  if (call.unexplained) return [`why: ${unseenPhrase(call)}`];
  const { held } = call.met;
  // What waited before a drain of all CPUs waited no more after it.
  const waited = call.drained === true ? [] : call.met.batched;
  const others = held.length === 0 ? [] : [othersPhrase(held)];
  const [first] = waited;
  if (first === undefined) return others.map((other) => `why: ${other}`);
  const flushed = call.showInsertions ? '' : ' and it was not flushed before, which no event here would show';
  // Where events tell what its check looked at, they tell of a flush as well: the batch gives its references back.
  const condition = call.checked === undefined ? `, if its range had one of them${flushed}` : '';
  return [`why${condition}: ${waitedPhrase(first, waited, call)}`, ...others, curePhrase(waited, call)];
}

const isStubborn = (held: ConversionCall['held']): boolean => held.some(({ holder }) => holder.kind !== 'mlock-batch');

function othersPhrase(held: ConversionCall['held']): string {
  const what = isStubborn(held)
    ? 'no drain helps against that: every form of the check refuses a range that has such a page'
    : 'a drain of all CPUs flushes that too';
  return `held then by ${heldPhrase({ held })}; ${what}`;
}

function unseenPhrase({ drained, checked }: ConversionCall): string {
  // Events of the check's own references tell that page_ref was recorded, and what was held when the call began.
  if (checked !== undefined)
    return 'by a reference that came during the call: a fault in flight, or somebody who walked over the page; a retry may pass';
  return `by a reference that no event recorded here shows: a pin (vmsplice, O_DIRECT, vfio), an mlock batch, a fault in flight${drained === true ? '' : ', or a folio from before the recording in a batch'}; page_ref:* events with stacks would name it`;
}

/** `8 folios of 0:15:0x1b62 waited in CPU 1's lru_add batch, the first (index 0) for 63.8 ms; a batch ...`. */
function waitedPhrase(first: BatchedFolio, waited: readonly BatchedFolio[], { at }: ConversionCall): string {
  const cpus = cpusOf(waited);
  const inodes = new Set(waited.map(inodeName));
  const names = `${[...inodes].slice(0, 3).join(', ')}${inodes.size > 3 ? ', ...' : ''}`;
  const isOne = waited.length === 1;
  const what = isOne ? `index ${first.index} of ${names}` : `${waited.length} folios of ${names}`;
  const where = cpus.length === 1 ? `CPU ${cpus[0]}'s lru_add batch` : `lru_add batches of CPU ${foldNumbers(cpus)}`;
  const age = first.since < at ? `for ${durationText(nanoseconds(at - first.since))}` : 'since during the call';
  const since = isOne ? ` ${age}` : `, the first (index ${first.index}) ${age}`;
  return `${what} waited in ${where}${since}; a batch holds a reference to each folio until it is flushed, used or not`;
}

/** What helps against the batches. What came during the call is not among what held, so that nothing passes for sure. */
function curePhrase(waited: readonly BatchedFolio[], call: ConversionCall): string {
  const own = cpusOf(waited).every((owner) => owner === call.cpu);
  if (isStubborn(call.met.held))
    return `${own ? 'local-drain, ' : ''}v6, v8 and drain-for-folio help against the batches only`;
  return own
    ? 'they were on the converting CPU itself: local-drain, v6, v8 and drain-for-folio drain it, and would pass if nothing else held its pages; so would a retry there, since the refused check drains its own CPU at its end'
    : 'v6, v8 and drain-for-folio drain all CPUs, and would pass if nothing else held its pages; without, a retry passes only once those CPUs have flushed their batches';
}

const cpusOf = (folios: readonly BatchedFolio[]): readonly Cpu[] =>
  [...new Set(folios.map(({ cpu }) => cpu))].toSorted((a, b) => a - b);
