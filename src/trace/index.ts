// SPDX-License-Identifier: MIT
export type { ByteSource } from './byte-source.ts';
export type { ByteStream } from './byte-stream.ts';
export { memorySource } from './byte-source.ts';
export { formatEvent } from './format-event.ts';
export { InputError } from '../ledger/index.ts';
export { type PageLayout, parsePageLayout } from './dat/page-layout.ts';
export { JsonBytes } from './json-bytes.ts';
export { readTrace, readWholeTrace } from './read-trace.ts';
export { Redactor } from './redact/redactor.ts';
export { redactorOf } from './redact/redactor-of.ts';
export { UnknownBufferError } from './unknown-buffer.ts';
export type { ReadOptions, TraceSummary } from './summary.ts';
export { traceText } from './text/write.ts';
export type { FieldKey, FieldSink, WholeEvent, WholeReceiver } from './whole-event.ts';
