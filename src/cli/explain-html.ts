// SPDX-License-Identifier: MIT
import { type Explanation, type FolioStory, readHistory } from '../explain/index.ts';
import { BatchesSeen, explanationToHtml, inodeKey } from '../report/index.ts';
import type { Redactor } from '../trace/index.ts';
import { askRecording } from './ask-recording.ts';
import { expectFile } from './file-source.ts';
import type { ExitCode } from './exit-code.ts';
import { type Options, optionsAgain } from './explain-options.ts';
import { outcomeOfCode } from './html-file.ts';
import { version } from './version.ts';

/** What the document repeats of the answer in text. */
interface Shown {
  readonly options: Options;
  /** The recording's name, as it is shown. */
  readonly shown: string;
  readonly redactor: Redactor | undefined;
  readonly text: string;
  readonly code: ExitCode;
}
/** Number of folios' lives that a second reading keeps at a time: it asks for no moment, so few are enough. */
const KEPT = 20_000;

/** The HTML document of an explanation: the recording is read again, for what happened between the moments. */
export async function explanationDocument(
  explanation: Explanation,
  file: string,
  { options, shown, redactor, text, code }: Shown,
): Promise<string> {
  const { buffer, inode } = options;
  const own = new Set([...explanation.dwell, ...explanation.moments].map(inodeKey));
  const seen = new BatchesSeen(own.size === 0 ? undefined : own);
  const onFolio = (story: FolioStory): void => seen.folio(story);
  const { hidden } = await askRecording(file, async (source, onProgress) => {
    expectFile(file, source);
    return readHistory(source, {
      patches: [],
      buffer,
      inode,
      redactor,
      mostKept: KEPT,
      onFolio,
      onMarker: () => undefined,
      onProgress,
    });
  });
  return explanationToHtml(explanation, seen.batches(hidden), {
    file: shown,
    outcome: outcomeOfCode(code),
    text,
    command: ['folioscope', 'explain', shown, ...optionsAgain(options, redactor)],
    version: version(),
  });
}
