// SPDX-License-Identifier: MIT
import { InputError } from '../ledger/index.ts';
import { PATCHES } from '../machine/index.ts';
import type { Asked } from './check-asked.ts';
import type { Options } from './check-options.ts';
import { UsageError } from './failure.ts';
import { loadUsable } from './load-patch.ts';
import { fileOf } from './patch-origin.ts';
import { workingInPieces, workingWith } from './working-with-patch.ts';
import { readScenarioText } from './scenario-files.ts';

/** Reads the question of a file: about the kernel, or about another model that it names. @throws InputError, UsageError */
export const askedIn = async (file: string, options: Options): Promise<Asked> =>
  askedBy(file, await readScenarioText(file), options);

/** What a file's text asks. @throws InputError, UsageError */
export async function askedBy(file: string, text: string, options: Options): Promise<Asked> {
  const { textNamesModel } = await import('../scenario/index.ts');
  if (textNamesModel(file, text)) return (await import('./check-peer.ts')).peerIn(file, text, options);
  const { cpus, folios } = options;
  if (cpus !== undefined || folios !== undefined)
    throw new UsageError(
      `--cpus and --folios are only for the peer protocol; ${file} sets the size of its own machine`,
    );
  return scenarioIn(file, text, options);
}

async function scenarioIn(file: string, text: string, { profile, patch: chosen }: Options): Promise<Asked> {
  const { parseScenario, unknownPlace } = await import('../scenario/index.ts');
  const { checking } = await import('../verify/index.ts');
  const subject = parseScenario(file, text, profile === undefined ? {} : { profile });
  return {
    subject,
    forms: async (mistaken) => {
      const patches = chosen === undefined ? [...PATCHES, ...subject.check.mutants] : await loadUsable(chosen, mistaken);
      const wrong = unknownPlace(subject, subject.schedule, patches, workingWith);
      if (wrong !== undefined) throw new InputError(`${file}: the schedule does not fit: ${wrong}`);
      return patches.map((patch) => ({
        name: patch.name,
        files: [file, fileOf(patch) ?? file],
        checking: (search) => workingInPieces(patch, checking(subject, { ...search, patch })),
      }));
    },
  };
}
