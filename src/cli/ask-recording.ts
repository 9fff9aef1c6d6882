// SPDX-License-Identifier: MIT
import { QuestionError } from '../explain/index.ts';
import { type ByteSource, type ByteStream, UnknownBufferError } from '../trace/index.ts';
import { UsageError } from './failure.ts';
import { expectFile, openSource } from './file-source.ts';
import { Progress } from './progress.ts';
import { withTurns } from './with-turns.ts';

/**
 * Asks something of a recording, with its progress on a terminal.
 * @throws UsageError if the recording does not have what is asked for.
 */
export async function askRecording<Answer>(
  file: string,
  ask: (source: ByteSource | ByteStream, onProgress: (share: number) => void) => Promise<Answer>,
): Promise<Answer> {
  const source = await openSource(file);
  const progress = new Progress();
  try {
    return await ask(source, (share) => progress.tick(() => `${file}: ${Math.round(100 * share)} % read`));
  } catch (error) {
    if (error instanceof UnknownBufferError) throw new UsageError(error.message);
    if (error instanceof QuestionError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  } finally {
    progress.end();
    await source.close();
  }
}

/** {@link askRecording} of a file that is read more than once. A signal is noticed between its blocks. */
export const askFile = async <Answer>(
  path: string,
  ask: (source: ByteSource, onProgress: (share: number) => void) => Promise<Answer>,
): Promise<Answer> =>
  askRecording(path, async (source, onProgress) => {
    expectFile(path, source);
    return ask(withTurns(source), onProgress);
  });
