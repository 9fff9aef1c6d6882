// SPDX-License-Identifier: MIT
import type { ByteSource } from './byte-source.ts';
import { readFully } from './byte-source.ts';
import type { ByteStream } from './byte-stream.ts';
import { isStream, PieceReader, streamOf } from './byte-stream.ts';
import { detectDat } from './dat/detect.ts';
import { InputError, type KernelEvent } from '../ledger/index.ts';
import type { ReadOptions, TraceSummary } from './summary.ts';
import { detectText } from './text/detect.ts';
import type { Dialect } from './text/dialect.ts';
import { PackingError, unpackerFor } from './unpack.ts';
import { whyNoRecording, whyUnsupported } from './unsupported.ts';
import type { WholeReceiver } from './whole-event.ts';

const HEAD_BYTES = 64 * 1024;
/** A trace.dat needs random access, so one from a stream is held in memory; larger ones must be files. */
const MAX_HELD_BYTES = 128 * 1024 * 1024;

/** A page loads only the reader of the recording's format. */
const dat = () => import('./dat/read.ts');
const text = () => import('./text/read.ts');
const redacting = () => import('./redact/redacting.ts');

/**
 * Reads a recording in one pass, in any known format, text also packed. The decoded events and the losses go to
 * `options.onEvents` in time order; the result is the summary.
 * @throws InputError if nothing can be answered from the input.
 * @example
 * import { formatEvent, memorySource, readTrace, InputError, traceText, UnknownBufferError } from 'folioscope/trace';
 * import type { KernelEvent } from 'folioscope/ledger';
 * const line = '          vmm-1000    [001] .....     1.000001: mm_lru_insertion: folio=0 pfn=0x7 lru=4 flags=M\n';
 * const text = `# tracer: nop\n#\n# entries-in-buffer/entries-written: 1/1   #P:2\n#\n${line}`;
 * const events: KernelEvent[] = [];
 * const source = memorySource('trace.txt', new TextEncoder().encode(text));
 * const summary = await readTrace(source, { onEvents: (some) => void events.push(...some) });
 * summary.events; // => 1
 * formatEvent(events[0]!).trim(); // => 'vmm-1000    [001]     1.000001: mm_lru_insertion: pfn=0x7 lru=4 flags=M'
 * [...traceText(events, 2)].length > 1; // => true
 * const refusal = (error: unknown) => error;
 * const none = memorySource('none.txt', new Uint8Array(9));
 * const notRead = await readTrace(none, { onEvents: () => {} }).catch(refusal);
 * notRead instanceof InputError; // => true
 * const noBuffer = await readTrace(source, { buffer: 'lab', onEvents: () => {} }).catch(refusal);
 * noBuffer instanceof UnknownBufferError; // => true
 */
export function readTrace(input: ByteSource | ByteStream, options: ReadOptions): Promise<TraceSummary> {
  const { redactor, onEvents } = options;
  const reading =
    redactor === undefined
      ? options
      : {
          ...options,
          onEvents: (events: readonly KernelEvent[]) => onEvents(events.map((event) => redactor.event(event))),
        };
  return readWith(input, options, {
    dat: async (source) => (await dat()).readDat(source, reading),
    text: async (pieces, dialect) => (await text()).readText(pieces, dialect, reading),
  });
}

/**
 * Reads a recording in one pass, every event whole: also those that no answer needs, with all their fields.
 * @throws InputError if nothing can be read from the input.
 * @example
 * import { JsonBytes, memorySource, readWholeTrace } from 'folioscope/trace';
 * const line = '          vmm-1000    [001] .....     1.000001: sched_wakeup: comm=vmm pid=7 prio=120 target_cpu=001\n';
 * const text = `# tracer: nop\n#\n# entries-in-buffer/entries-written: 1/1   #P:2\n#\n${line}`;
 * const source = memorySource('trace.txt', new TextEncoder().encode(text));
 * const json = new JsonBytes();
 * const receiver = { onEvent: (event: { writeFields(into: JsonBytes): void }) => event.writeFields(json), onLoss: () => {} };
 * const { events } = await readWholeTrace(source, receiver, {});
 * events; // => 1
 * JSON.parse(new TextDecoder().decode(json.written())).pid; // => 7
 */
export async function readWholeTrace(
  input: ByteSource | ByteStream,
  receiver: WholeReceiver,
  options: Omit<ReadOptions, 'onEvents' | 'scheduling'>,
): Promise<TraceSummary> {
  const { redactor } = options;
  const told = redactor === undefined ? receiver : (await redacting()).redactedReceiver(receiver, redactor);
  const { onEvent, onLoss } = told;
  const onEvents = (events: readonly KernelEvent[]): void => {
    for (const event of events) if (event.type === 'loss') onLoss(event);
  };
  return readWith(input, options, {
    dat: async (source) => (await import('./dat/read-whole.ts')).readWholeDat(source, told, options),
    text: async (pieces, dialect) => {
      const { WholeEvents } = await import('./text/whole-line.ts');
      const whole = new WholeEvents(onEvent, options.pageSize);
      return (await text()).readText(pieces, dialect, { ...options, onEvents, whole });
    },
  });
}

/** What is done with the formats. */
interface Readers {
  readonly dat: (source: ByteSource) => Promise<TraceSummary>;
  readonly text: (pieces: PieceReader, dialect: Dialect) => Promise<TraceSummary>;
}

async function readWith(
  input: ByteSource | ByteStream,
  { redactor, onProgress }: Pick<ReadOptions, 'redactor' | 'onProgress'>,
  readers: Readers,
): Promise<TraceSummary> {
  const summary = await readAny(input, onProgress, readers);
  return redactor === undefined ? summary : (await redacting()).redactedSummary(summary, redactor);
}

async function readAny(
  input: ByteSource | ByteStream,
  onProgress: ReadOptions['onProgress'],
  readers: Readers,
): Promise<TraceSummary> {
  if (isStream(input)) return readPieces(new PieceReader(input), readers);
  if (detectDat(await readFully(input, 0, HEAD_BYTES))) return readers.dat(input);
  return readPieces(new PieceReader(streamOf(input, onProgress)), readers);
}

async function readPieces(pieces: PieceReader, readers: Readers): Promise<TraceSummary> {
  const unpack = unpackerFor(await pieces.peek(HEAD_BYTES));
  const unpacked = unpack === undefined ? pieces : new PieceReader(unpack(pieces));
  const head = await unpacked.peek(HEAD_BYTES);
  if (head.byteLength === 0)
    await unpacked.next().catch((error: unknown) => {
      throw error instanceof PackingError ? new InputError(`${pieces.name}: ${error.message}`) : error;
    });
  if (detectDat(head)) return readHeld(unpacked, readers);
  const advice = whyUnsupported(head);
  if (advice !== undefined) throw new InputError(`${pieces.name}: ${advice}`);
  const dialect = detectText(head);
  if (dialect !== undefined) return readers.text(unpacked, dialect);
  throw new InputError(
    `${pieces.name}: ${whyNoRecording(head) ?? 'byte 0: no known recording, expected a trace.dat or the text of a trace'}`,
  );
}

/** A trace.dat from a stream. If the stream broke off, the missing part is reported with the reason. */
async function readHeld(pieces: PieceReader, { dat: read }: Readers): Promise<TraceSummary> {
  const held = await pieces.whole(MAX_HELD_BYTES, 'a trace.dat of this size must be given as a file');
  const { failure } = pieces;
  if (failure === undefined) return read(held);
  if (!(failure instanceof PackingError)) throw failure;
  try {
    const summary = await read(held);
    return { ...summary, damage: [failure.message, ...summary.damage] };
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${pieces.name}: ${failure.message}`) : error;
  }
}
