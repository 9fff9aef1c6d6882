// SPDX-License-Identifier: MIT
import { exportPerfetto, type PerfettoSink } from '../export/index.ts';
import { askFile } from './ask-recording.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { complain, UsageError } from './failure.ts';
import { redactorFor, shownName } from './redacting.ts';
import { writeTo } from './written-file.ts';

interface Options {
  /** The file to write; `-` for standard output. */
  readonly to: string;
  readonly buffer: string | undefined;
  readonly redact: boolean | undefined;
}

/** Writes a recording as a Perfetto trace, and a line about it. */
export async function exportToPerfetto(path: string, { to, buffer, redact }: Options): Promise<ExitCode> {
  if (to === '-' && process.stdout.isTTY)
    throw new UsageError('the trace is binary, and standard output is a terminal: redirect it, or give a file');
  const { trace, events, packets, notes } = await askFile(path, async (source, onProgress) =>
    toSink(to, async (sink) =>
      exportPerfetto(source, { sink, buffer, redactor: await redactorFor(source, redact), onProgress }),
    ),
  );
  for (const sentence of [...trace.damage, ...notes]) complain(`${shownName(path, redact)}: ${sentence}`);
  if (to !== '-') process.stdout.write(`${events} events in ${packets} packets  ${to}\n`);
  return trace.damage.length > 0 ? EXIT.undecided : EXIT.well;
}

const toSink = <Result>(to: string, write: (sink: PerfettoSink) => Promise<Result>): Promise<Result> =>
  to === '-'
    ? write((bytes) => void process.stdout.write(bytes))
    : writeTo(to, (file) => write((bytes) => file.write(bytes)));
