// SPDX-License-Identifier: MIT
import { type ByteSource, type ByteStream, type ReadOptions, readTrace, type TraceSummary } from '../trace/index.ts';
import type { Explanation } from './answer.ts';
import { Explainer } from './explainer.ts';
import { askedOf, type Question } from './question.ts';

/**
 * Reads a recording, and answers who holds each guest_memfd folio and what a conversion would get.
 * @throws InputError if nothing can be answered from the input.
 * @throws QuestionError if the recording does not have the requested object.
 * @example
 * import { explainTrace, parseInode, parseMoment, parseRange, QuestionError } from 'folioscope/explain';
 * import { PATCHES } from 'folioscope/machine';
 * import { memorySource } from 'folioscope/trace';
 * const text = `# tracer: nop
 * #
 * # entries-in-buffer/entries-written: 1/1   #P:2
 * #
 *  vmm-1000 [001] ..... 1.000001: mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x7 ofs=0 order=0
 * `;
 * const source = memorySource('trace.txt', new TextEncoder().encode(text));
 * const moments = [parseMoment('end')!];
 * const question = { inode: parseInode('0:16:0x4414'), range: parseRange('0..1'), moments, patches: PATCHES };
 * const { moments: answers } = await explainTrace(source, question);
 * answers[0]?.folios[0]?.holders.map(({ kind }) => kind); // => ['page-cache', 'lru-add-batch']
 * const other = { ...question, inode: parseInode('0x99') };
 * const refused = await explainTrace(source, other).catch((error: unknown) => error);
 * refused instanceof QuestionError; // => true
 */
export async function explainTrace(source: ByteSource | ByteStream, question: Question): Promise<Explanation> {
  // A pipe can be read only once.
  if ('pieces' in source) return (await answer(source, question, { scheduling: true })).explanation;
  const { explanation, shownPageSize } = await answer(source, question, { scheduling: false });
  // The scheduler's events are most of many recordings, and are needed only if something was drained.
  const scheduling = explanation.drains !== undefined && explanation.drains.count > 0;
  if (!scheduling && shownPageSize === undefined) return explanation;
  return (await answer(source, question, { scheduling, pageSize: shownPageSize })).explanation;
}

async function answer(
  source: ByteSource | ByteStream,
  question: Question,
  how: Pick<ReadOptions, 'scheduling' | 'pageSize'>,
): Promise<{ readonly explanation: Explanation; readonly shownPageSize: TraceSummary['pageSize'] }> {
  const explainer = new Explainer({ ...question, moments: askedOf(question.moments, question.redactor) });
  const { trace, shownPageSize } = await readInto(source, question, {
    ...how,
    onEvents: (events) => explainer.events(events),
  });
  return { explanation: explainer.answer(trace), shownPageSize };
}

/** @returns the summary, and the page size that a text's offsets show: text gives offsets in bytes. */
export async function readInto(
  source: ByteSource | ByteStream,
  question: Pick<Question, 'buffer' | 'redactor' | 'onProgress'>,
  { scheduling, pageSize, onEvents }: Pick<ReadOptions, 'scheduling' | 'pageSize' | 'onEvents'>,
): Promise<{ readonly trace: TraceSummary; readonly shownPageSize: TraceSummary['pageSize'] }> {
  const { buffer, redactor, onProgress } = question;
  const trace = await readTrace(source, { buffer, scheduling, pageSize, redactor, onEvents, onProgress });
  const shownPageSize = trace.format.startsWith('trace.dat') ? undefined : trace.pageSize;
  if (shownPageSize === undefined) return { trace, shownPageSize };
  const how = pageSize === undefined ? 'read from a pipe, 4096 is assumed: give the text as a file' : 'no text says it';
  const note = `pages of ${shownPageSize} bytes: every offset in the text is a multiple of that, also offsets of read files; ${how}`;
  return { trace: { ...trace, pageSize, notes: [...trace.notes, note] }, shownPageSize };
}
