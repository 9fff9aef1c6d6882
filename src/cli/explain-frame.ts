// SPDX-License-Identifier: MIT
import { explainFrame, type FrameAnswer } from '../explain/index.ts';
import { PATCHES } from '../machine/index.ts';
import { frameToHtml, frameToJson, frameToText } from '../report/index.ts';
import { askRecording } from './ask-recording.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { momentWord, type Options } from './explain-options.ts';
import { complain, UsageError } from './failure.ts';
import { outcomeOfCode, printsAnswer, writeHtml } from './html-file.ts';
import { redactorFor, shownName } from './redacting.ts';
import { version } from './version.ts';

/** `folioscope explain FILE --pfn N`: everything that a recording shows of one page frame. */
export async function explainPfn(file: string, options: Options & Required<Pick<Options, 'pfn'>>): Promise<ExitCode> {
  const { pfn, at, buffer, redact, html, json } = options;
  refuseOthers(options);
  const { answer, redactor } = await askRecording(file, async (source, onProgress) => {
    const replacing = await redactorFor(source, redact);
    const told = await explainFrame(source, { pfn, moments: at, buffer, redactor: replacing, onProgress });
    return { answer: told, redactor: replacing };
  });
  const shown = shownName(file, redact);
  for (const damage of answer.trace.damage) complain(`${shown}: ${damage}`);
  const again = [
    '--pfn',
    redact === true ? 'N' : `0x${pfn.toString(16)}`,
    ...at.flatMap((moment) => ['--at', momentWord(moment, redactor)]),
    ...(buffer === undefined ? [] : ['--buffer', redactor?.buffer(buffer) ?? buffer]),
    ...(redact === true ? ['--redact'] : []),
  ];
  const text = frameToText(answer, { file: shown, options: again, version: version() });
  const code = codeOf(answer);
  if (printsAnswer(options)) process.stdout.write(json === true ? frameToJson(answer) : text);
  if (html !== undefined)
    writeHtml(
      html,
      frameToHtml(answer, {
        file: shown,
        outcome: outcomeOfCode(code),
        text,
        command: ['folioscope', 'explain', shown, ...again],
        version: version(),
      }),
    );
  return code;
}

function codeOf({ outcome }: FrameAnswer): ExitCode {
  switch (outcome) {
    case 'clean':
      return EXIT.well;
    case 'left':
      return EXIT.notWell;
    case 'unknown':
      return EXIT.undecided;
  }
}

/** A page frame is not converted, so options about a conversion do not apply. */
function refuseOthers({ inode, range, cpu, profile, failOn, patch }: Options): void {
  const others = [
    ...(inode === undefined ? [] : ['--inode']),
    ...(range === undefined ? [] : ['--range']),
    ...(cpu === undefined ? [] : ['--cpu']),
    ...(profile === undefined ? [] : ['--profile']),
    ...(failOn === 'any' ? ['--fail-on'] : []),
    ...(patch === PATCHES ? [] : ['--patch']),
  ];
  if (others.length > 0) throw new UsageError(`${others.join(', ')}: not with --pfn, which asks about no conversion`);
}
