// SPDX-License-Identifier: MIT
import { CommanderError } from 'commander';
import { InputError } from '../ledger/index.ts';
import { EXIT, type ExitCode } from './exit-code.ts';

/** The command line names something that does not exist. The message is one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Prints an error as one line on standard error, without control characters from names in a recording. */
export function complain(message: string): void {
  process.stderr.write(`folioscope: ${message.replaceAll(/\s*\n\s*/g, ' ').replaceAll(/\p{Cc}/gu, '?')}\n`);
}

/** Reports an error to the user. @returns the exit code for it. */
export function reportFailure(error: unknown): ExitCode {
  // Commander has printed its own message, or the requested help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.well : EXIT.usage;
  if (error instanceof UsageError) {
    complain(error.message);
    return EXIT.usage;
  }
  // A checkpoint of another question, or a damaged one. The engine, with its class, is not loaded for other commands.
  if (error instanceof InputError || (error instanceof Error && error.name === 'CheckpointError')) {
    complain(error.message);
    return EXIT.input;
  }
  // The rooms with the classes are not loaded for other commands.
  if (error instanceof Error && (error.name === 'UnavailableError' || error.name === 'QueueError')) {
    complain(error.message);
    return EXIT.unavailable;
  }
  complain(`a defect of folioscope: ${error instanceof Error ? error.message : String(error)}`);
  process.stderr.write('Please report it with the command, its input and these lines:\n');
  if (error instanceof Error && error.stack !== undefined) process.stderr.write(`${error.stack}\n`);
  return EXIT.defect;
}

/** Why a system call failed, in the words of errno. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return 'no such file or directory';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'is a directory';
    case 'ENOTDIR':
      return 'a component of the path is not a directory';
    case 'ELOOP':
      return 'too many symbolic links';
    case 'ENOSPC':
      return 'no space is left on the device';
    case 'EDQUOT':
      return 'the quota is used up';
    case 'EFBIG':
      return 'the file is too large';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENAMETOOLONG':
      return 'the name is too long';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
