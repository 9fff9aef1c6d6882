// SPDX-License-Identifier: MIT
import { type Register, runCommandLine } from './program.ts';

/** Each command's file, loaded only where it is used. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  run: async () => (await import('./run.ts')).registerRun,
  check: async () => (await import('./check.ts')).registerCheck,
  explain: async () => (await import('./explain.ts')).registerExplain,
  source: async () => (await import('./source.ts')).registerSource,
  export: async () => (await import('./export.ts')).registerExport,
  completion: async () => (await import('./completion.ts')).registerCompletion,
};

const args = process.argv.slice(2);
const [name = ''] = args;
// Completion is made of all commands, and so is the help.
const one = Object.hasOwn(COMMANDS, name) && name !== 'completion' ? COMMANDS[name] : undefined;
const loads = one === undefined ? Object.values(COMMANDS) : [one];
const commands: Register[] = [];
for (const load of loads) commands.push(await load());
await runCommandLine(args, commands);
