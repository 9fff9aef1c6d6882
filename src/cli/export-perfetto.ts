// SPDX-License-Identifier: MIT
import { closeSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { exportPerfetto, type PerfettoSink, type WrittenPerfetto } from '../export/index.ts';
import { type ByteSource, UnknownBufferError } from '../trace/index.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { complain, reasonOf, UsageError } from './failure.ts';
import { openSource } from './file-source.ts';
import { Progress } from './progress.ts';
import { redactorFor, shownName } from './redacting.ts';

interface Options {
  /** The file to write; `-` for standard output. */
  readonly to: string;
  readonly buffer: string | undefined;
  readonly redact: boolean | undefined;
}

/** Writes a recording as a Perfetto trace, and a line about it. */
export async function exportToPerfetto(path: string, options: Options): Promise<ExitCode> {
  const { to } = options;
  if (to === '-' && process.stdout.isTTY)
    throw new UsageError('the trace is binary, and standard output is a terminal: redirect it, or give a file');
  const source = await openSource(path);
  try {
    if (!('size' in source))
      throw new UsageError(`${path}: is read more than once, expected a file: save what comes from a pipe first`);
    const { trace, events, packets, notes } = await writeTo(to, (sink) => written(source, path, sink, options));
    for (const sentence of [...trace.damage, ...notes]) complain(`${shownName(path, options.redact)}: ${sentence}`);
    if (to !== '-') process.stdout.write(`${events} events in ${packets} packets  ${to}\n`);
    return trace.damage.length > 0 ? EXIT.undecided : EXIT.well;
  } catch (error) {
    if (error instanceof UnknownBufferError) throw new UsageError(error.message);
    throw error;
  } finally {
    await source.close();
  }
}

async function written(
  source: ByteSource,
  path: string,
  sink: PerfettoSink,
  { buffer, redact }: Options,
): Promise<WrittenPerfetto> {
  const progress = new Progress();
  try {
    return await exportPerfetto(withTurns(source), {
      sink,
      buffer,
      redactor: await redactorFor(source, redact),
      onProgress: (share) => progress.tick(() => `${path}: ${Math.round(100 * share)} %`),
    });
  } finally {
    progress.end();
  }
}

/** Milliseconds between turns of the event loop, in which a signal is noticed. */
const BETWEEN_TURNS = 50;

/** The same source, with turns of the event loop: reading a file never waits, so nothing else would ever run. */
function withTurns(source: ByteSource): ByteSource {
  let next = Date.now() + BETWEEN_TURNS;
  return {
    name: source.name,
    size: source.size,
    read: async (offset, length, into) => {
      if (Date.now() >= next) {
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
        next = Date.now() + BETWEEN_TURNS;
      }
      return source.read(offset, length, into);
    },
  };
}

/**
 * A file that is there whole or not at all: it gets its name when it is complete, and a signal removes what there is of it. A
 * device or a pipe is written as it comes.
 */
async function writeTo<Result>(to: string, write: (sink: PerfettoSink) => Promise<Result>): Promise<Result> {
  if (to === '-') return write((bytes) => void process.stdout.write(bytes));
  const place = writing(to, () => placeOf(to));
  const file = writing(to, () => openSync(place.written, place.written === place.final ? 'w' : 'wx'));
  const remove = (): void => {
    if (place.written !== place.final) rmSync(place.written, { force: true });
  };
  const interrupt = (signal: NodeJS.Signals): void => {
    remove();
    // The second time nothing listens, and the signal acts as usual.
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.once(signal, interrupt);
  try {
    const result = await write((bytes) => writing(to, () => writeWhole(file, bytes)));
    if (place.written !== place.final) writing(to, () => renameSync(place.written, place.final));
    return result;
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
    closeSync(file);
    remove();
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function placeOf(to: string): { readonly written: string; readonly final: string } {
  const stats = statSync(to, { throwIfNoEntry: false });
  if (stats !== undefined && !stats.isFile()) return { written: to, final: to };
  const final = stats === undefined ? to : realpathSync(to);
  return { written: join(dirname(final), `.${basename(final)}.unfinished-${process.pid}`), final };
}

/** @throws UsageError with the reason if the file cannot be written. */
function writing<Result>(to: string, write: () => Result): Result {
  try {
    return write();
  } catch (error) {
    throw new UsageError(`${to}: cannot be written: ${reasonOf(error)}`);
  }
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength; ) at += writeSync(file, bytes, at);
}
