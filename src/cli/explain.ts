// SPDX-License-Identifier: MIT
import { type Command, Option } from 'commander';
import { type Explanation, explainTrace } from '../explain/index.ts';
import { PATCHES, PROFILES } from '../machine/index.ts';
import { explanationToJson, explanationToText } from '../report/index.ts';
import type { Redactor } from '../trace/index.ts';
import { askRecording } from './ask-recording.ts';
import { expectFile } from './file-source.ts';
import type { ExitCode } from './exit-code.ts';
import { codeOf } from './explain-code.ts';
import {
  addMoment,
  names,
  type Options,
  optionsAgain,
  readCpu,
  readInode,
  readPatches,
  readPfn,
  readProfile,
  readRange,
} from './explain-options.ts';
import { complain, UsageError } from './failure.ts';
import { checkHtml, HTML_OPTION, printsAnswer, writeHtml } from './html-file.ts';
import { redactorFor, shownName } from './redacting.ts';
import { version } from './version.ts';

/** `folioscope explain FILE`: the holders of each guest_memfd folio in a recording, and the result of a conversion. */
export function registerExplain(program: Command): void {
  program
    .command('explain')
    .summary('say who holds each guest_memfd folio in a recording of a real kernel')
    .description(
      'Reads a recording of mm_filemap_add_to_page_cache, mm_filemap_delete_from_page_cache and mm_lru_insertion ' +
        "events. Shows which guest_memfd folios wait in each CPU's lru_add batch, and the result of a conversion to " +
        'private under each form of the check.',
    )
    .argument(
      '<recording>',
      'trace.dat, or text of ftrace, trace-cmd report or perf script, compressed or not; - reads standard input to its end, or to Ctrl-C',
    )
    .addOption(
      new Option('--at <moment>', 'SECONDS, end, marker:TEXT or every-marker; repeatable')
        .default([], 'every marker, and the end')
        .argParser(addMoment),
    )
    .addOption(
      new Option(
        '--inode <inode>',
        'only this inode, DEV:INO or INO: hexadecimal with 0x, otherwise decimal as stat prints it',
      ).argParser(readInode),
    )
    .addOption(
      new Option(
        '--pfn <frame>',
        'instead, all that is recorded of one page frame, whatever its owner: N or 0xN',
      ).argParser(readPfn),
    )
    .addOption(
      new Option('--range <pages>', 'convert pages A..B, B excluded (default: the whole inode)').argParser(readRange),
    )
    .addOption(
      new Option('--cpu <number>', 'the CPU that converts (default: chosen from the recording)').argParser(readCpu),
    )
    .addOption(
      new Option('--profile <name>', `kernel profile: ${names(PROFILES)} (default: inferred)`).argParser(readProfile),
    )
    .option('--buffer <name>', "only this buffer of a trace.dat; '' is the top one")
    .addOption(
      new Option('--patch <names>', `forms of the check, of ${names(PATCHES)}`)
        .default(PATCHES, 'all')
        .argParser(readPatches),
    )
    .addOption(
      new Option('--fail-on <which>', 'exit with 1 if the last moment is refused, or if any moment is')
        .choices(['last', 'any'])
        .default('last'),
    )
    .option('--redact', 'replace task names, pids, page frames, addresses and other names (docs/redact.md)')
    .option(...HTML_OPTION)
    .option('--json', 'print one JSON document (schema/explain.schema.json, explain-pfn.schema.json)')
    .addHelpText(
      'after',
      `
Exit codes: a refused conversion in the recording gives 1, unless --at is given.
Otherwise the last moment decides, as the form without a drain judges it. With
--fail-on any, one refused moment or recorded conversion gives 1.
  0   safe, or there is no guest_memfd    1   refused
  2   undecided: events were lost or not recorded, the recording is damaged,
      truncated or starts too late, or the unknown cause of an earlier refusal
      may still be there
With --pfn: 0 if nothing is left over or the frame was freed, 1 if a reference
besides the page cache's and mappings' is left at the end, 2 if the recording
does not show all references.
  64  usage    65  not a recording    70  a defect of folioscope

Examples:
  folioscope explain examples/two-cpu.dat
  folioscope explain examples/two-cpu.dat --at 'marker:phase faulted' --range 0..64
  folioscope explain --json examples/two-cpu.dat --inode 0:16:0x2a05b --at end
  folioscope explain examples/pinned.txt --pfn 0x671c
  folioscope explain examples/two-cpu.dat --html report.html`,
    )
    .action(async (file: string, options: Options) => {
      const { pfn } = options;
      checkHtml(options);
      process.exitCode =
        pfn === undefined
          ? await explain(file, options)
          : await (await import('./explain-frame.ts')).explainPfn(file, { ...options, pfn });
    });
}

async function explain(file: string, options: Options): Promise<ExitCode> {
  const { explanation, redactor } = await answer(file, options);
  const shown = shownName(file, options.redact);
  // There is neither a verdict nor proof that no guest_memfd exists.
  if (explanation.moments.length === 0 && explanation.inodes.some(({ kind }) => kind !== 'other'))
    throw new UsageError(`${file}: the recording has no markers; --at end asks for its end`);
  for (const damage of explanation.trace.damage) complain(`${shown}: ${damage}`);
  const text = (): string =>
    explanationToText(explanation, { file: shown, options: optionsAgain(options, redactor), version: version() });
  const code = codeOf(explanation, {
    any: options.failOn === 'any',
    calls: options.at.length === 0,
    isWanted: options.inode !== undefined,
  });
  // Read before anything is printed: the recording may have changed, and then there is an error and no half answer.
  const document =
    options.html === undefined
      ? undefined
      : await (await import('./explain-html.ts')).explanationDocument(explanation, file, {
          options,
          shown,
          redactor,
          text: text(),
          code,
        });
  if (printsAnswer(options)) process.stdout.write(options.json === true ? explanationToJson(explanation) : text());
  if (options.html !== undefined && document !== undefined) writeHtml(options.html, document);
  return code;
}

async function answer(
  file: string,
  options: Options,
): Promise<{ readonly explanation: Explanation; readonly redactor: Redactor | undefined }> {
  const { at, inode, range, cpu: converter, profile, buffer, patch, redact } = options;
  return askRecording(file, async (source, onProgress) => {
    if (options.html !== undefined) expectFile(file, source);
    const redactor = await redactorFor(source, redact);
    const explanation = await explainTrace(source, {
      moments: at,
      inode,
      range,
      cpu: converter,
      profile,
      buffer,
      redactor,
      patches: patch,
      onProgress,
    });
    return { explanation, redactor };
  });
}
