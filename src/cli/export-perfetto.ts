// SPDX-License-Identifier: MIT
import { exportPerfetto, type PerfettoSink, type WrittenPerfetto } from '../export/index.ts';
import { type ByteSource, UnknownBufferError } from '../trace/index.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { complain, UsageError } from './failure.ts';
import { expectFile, openSource } from './file-source.ts';
import { Progress } from './progress.ts';
import { redactorFor, shownName } from './redacting.ts';
import { withTurns } from './with-turns.ts';
import { writeTo } from './written-file.ts';

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
    expectFile(path, source);
    const { trace, events, packets, notes } = await toSink(to, (sink) => written(source, path, sink, options));
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

const toSink = <Result>(to: string, write: (sink: PerfettoSink) => Promise<Result>): Promise<Result> =>
  to === '-'
    ? write((bytes) => void process.stdout.write(bytes))
    : writeTo(to, (file) => write((bytes) => file.write(bytes)));
