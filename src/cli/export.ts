// SPDX-License-Identifier: MIT
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ALTERNATIVES } from '../kernel/index.ts';
import { PATCHES, type Profile, PROFILES } from '../machine/index.ts';
import { names, theOne } from './choices.ts';
import { loadPatches } from './load-patch.ts';
import { type PatchChoice, patchChoices } from './patch-choice.ts';
import { workingWith } from './working-with-patch.ts';
import { readScenarioText } from './scenario-files.ts';

interface Options {
  readonly patch: readonly PatchChoice[];
  readonly promela?: boolean;
  readonly murphi?: boolean;
  readonly profile?: Profile;
}

/** `folioscope export --promela|--murphi FILE`: the same question for another model checker. */
export function registerExport(program: Command): void {
  program
    .command('export')
    .summary('write a scenario for SPIN or Rumur')
    .description(
      'Writes the kernel, the tasks and the properties, as check explores them, as a model for another checker. ' +
        'That checker finds the same states, one for one, and the same verdict.',
    )
    .argument('<scenario>', 'a scenario file (YAML or JSON)')
    .option('--promela', 'in Promela, for SPIN')
    .option('--murphi', 'in Murphi, for Rumur')
    .addOption(
      new Option('--patch <name>', `form of the check, of ${names([...PATCHES, ...ALTERNATIVES])}; or a file`)
        .argParser(onePatch)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--profile <name>', `kernel profile instead of the scenario's: ${names(PROFILES)}`).argParser((name) =>
        theOne(PROFILES, name),
      ),
    )
    .addHelpText(
      'after',
      `
Exit codes:
  0   written
  64  usage    65  not a scenario    70  a defect of folioscope

Examples:
  folioscope export --promela scenarios/SC-02-other-cpu.yaml --patch v6 > v6.pml
      spin -o2 -a v6.pml
      cc -O2 -DNOREDUCE -DSAFETY -o pan pan.c && ./pan -m1000000 -c0
  folioscope export --murphi scenarios/SC-02-other-cpu.yaml --patch v6 > v6.m
      rumur --deadlock-detection stuck -o v6.c v6.m
      cc -std=c11 -O2 -mcx16 -o v6 v6.c -lpthread && ./v6`,
    )
    .action(async (file: string, options: Options, command: Command) => {
      if (options.promela === options.murphi)
        command.error("expected one of --promela and --murphi, see 'folioscope export --help'");
      process.stdout.write(await exported(file, options));
    });
}

function onePatch(word: string): readonly PatchChoice[] {
  const choices = patchChoices(word);
  if (choices.length !== 1) throw new InvalidArgumentError('Expected exactly one form of the check.');
  return choices;
}

async function exported(file: string, { patch, promela, profile }: Options): Promise<string> {
  const { parseScenario, patchNotes } = await import('../scenario/index.ts');
  const { mutantNotes } = await import('../report/index.ts');
  const { questionAbout } = await import('../verify/index.ts');
  const { toMurphi, toPromela } = await import('../lang/index.ts');
  const scenario = parseScenario(file, await readScenarioText(file), profile === undefined ? {} : { profile });
  const [form] = await loadPatches(patch);
  if (form === undefined) throw new Error('no form of the check');
  return workingWith(form, () => {
    const question = questionAbout(scenario, form);
    const notes = patchNotes(form, scenario.check.profile);
    const about = [
      `${scenario.name}: ${scenario.title}; ${form.name}, ${scenario.check.profile.name}. Written by folioscope export.`,
      ...mutantNotes([{ patch: form.name, notes }]),
    ];
    return promela === true
      ? `${about.map((line) => `/* ${line} */\n`).join('')}${toPromela(question)}`
      : `${about.map((line) => `-- ${line}\n`).join('')}${toMurphi(question)}`;
  });
}
