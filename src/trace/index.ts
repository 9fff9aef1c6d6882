// SPDX-License-Identifier: MIT
export type { ByteSource } from './byte-source.ts';
export type { ByteStream } from './byte-stream.ts';
export { memorySource } from './byte-source.ts';
export { formatEvent } from './format-event.ts';
export { InputError } from '../ledger/index.ts';
export { type BufferPages, type Output, type Pack, type TraceDat, writeTraceDat } from './dat/write/trace-dat.ts';
export { EventRecords } from './dat/write/event-records.ts';
export { HEADER_EVENT, HEADER_PAGE, RING_PAGE_BYTES, RingPages } from './dat/write/ring-pages.ts';
export { type PageLayout, parsePageLayout } from './dat/page-layout.ts';
export { JsonBytes } from './json-bytes.ts';
export { readTrace, readWholeTrace } from './read-trace.ts';
export { Redactor } from './redact/redactor.ts';
export { redactorOf } from './redact/redactor-of.ts';
export { UnknownBufferError } from './unknown-buffer.ts';
export type { ReadOptions, TraceSummary } from './summary.ts';
export { traceText } from './text/write.ts';
export type { FieldKey, FieldSink, WholeEvent, WholeReceiver } from './whole-event.ts';
