// SPDX-License-Identifier: MIT
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { MARKER_VARIABLE } from './demo.ts';
import { loadNative } from './native.ts';
import { checkWritable, type EventSet, type Recorded, Recorder } from './recorder.ts';
import { findTracefs, type Leftovers, removeDead } from './tracefs.ts';

export interface RecordRequest {
  readonly events: EventSet;
  /** Largest number of bytes of events to keep. */
  readonly limit: number;
  /** Size of the ring buffer of each CPU, in KiB; by default 4096, less on machines with many CPUs. */
  readonly ringKilobytes?: number | undefined;
  /** Duration in milliseconds; undefined: until the command ends, or SIGINT arrives. */
  readonly milliseconds?: number | undefined;
  /** A command to run meanwhile, with its arguments. */
  readonly command?: readonly string[] | undefined;
  /** The file to write. */
  readonly file: string;
  /** Version of the program, for the file. */
  readonly version: string;
  /** Called when the events are enabled. */
  readonly onStart?: (() => void) | undefined;
}

export interface RecordAnswer {
  readonly file: string;
  readonly milliseconds: number;
  readonly recorded: Recorded;
  /** The command's status as a shell gives it: its exit code, or 128 plus the signal; undefined without a command. */
  readonly status: number | undefined;
  /** Processor time of the recorder itself while it recorded, in milliseconds. */
  readonly ownMilliseconds: number;
  /** Instances of killed recorders that were removed first. */
  readonly leftovers: Leftovers;
}

/** A command that could not be started. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** Memory for the ring buffers of all CPUs together, in KiB, and for each of them. */
const RINGS = 256 * 1024;
const [LEAST_RING, MOST_RING] = [256, 4096];
/** Time between two looks for whole sub-buffers, in milliseconds: a ring of 4 MiB takes about half a second to fill. */
const NAP = 50;

/**
 * Records events of this machine into a trace.dat, while a command runs or for a time.
 * @throws UnavailableError if this machine cannot. @throws CommandError if the command cannot be started.
 * @example
 * import { CommandError, EVENT_SETS, record, UnavailableError } from 'folioscope/live';
 * const request = { events: EVENT_SETS[0]!, limit: 2 ** 20, command: ['./missing'], file: '/dev/null', version: '0' };
 * const failed = await record(request).catch((error: unknown) => error);
 * failed instanceof UnavailableError || failed instanceof CommandError; // => true
 */
export async function record(request: RecordRequest): Promise<RecordAnswer> {
  const native = await loadNative();
  const tracefs = findTracefs();
  checkWritable(request.file);
  const leftovers = removeDead(tracefs);
  const cpus = native.affinity().length;
  const ringKilobytes = request.ringKilobytes ?? Math.min(MOST_RING, Math.max(LEAST_RING, Math.floor(RINGS / cpus)));
  const recorder = new Recorder(native, tracefs, { ...request, ringKilobytes });
  try {
    const began = performance.now();
    const usage = process.cpuUsage();
    const status = await run(request, recorder);
    recorder.stop();
    const { user, system } = process.cpuUsage(usage);
    const milliseconds = performance.now() - began;
    const recorded = recorder.write(request.file);
    return { file: request.file, milliseconds, recorded, status, ownMilliseconds: (user + system) / 1000, leftovers };
  } finally {
    recorder.close();
  }
}

/** Until the command ends, the time is over, or a signal comes. @returns the command's status. */
async function run({ command, milliseconds, onStart }: RecordRequest, recorder: Recorder): Promise<number | undefined> {
  const child = command === undefined ? undefined : start(command, recorder.marker);
  const polling = setInterval(() => recorder.poll(), NAP);
  let timer: NodeJS.Timeout | undefined;
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let onSignal: (signal: NodeJS.Signals) => void = () => {};
  try {
    return await new Promise<number | undefined>((resolve, reject) => {
      const end = (): void => resolve(undefined);
      onSignal = (signal) => {
        if (child === undefined) end();
        // If SIGINT comes from a terminal, the command has received it already.
        else if (signal !== 'SIGINT') child.kill(signal);
      };
      for (const signal of signals) process.on(signal, onSignal);
      onStart?.();
      if (milliseconds !== undefined)
        timer = setTimeout(() => {
          if (child === undefined) end();
          else child.kill('SIGTERM');
        }, milliseconds);
      child?.on('error', (error) => reject(new CommandError(`${command?.[0] ?? ''}: cannot be run: ${error.message}`)));
      child?.on('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
  } finally {
    clearInterval(polling);
    clearTimeout(timer);
    for (const signal of signals) process.off(signal, onSignal);
  }
}

const start = ([program = '', ...args]: readonly string[], marker: string): ChildProcess =>
  spawn(program, args, { stdio: 'inherit', env: { ...process.env, [MARKER_VARIABLE]: marker } });
