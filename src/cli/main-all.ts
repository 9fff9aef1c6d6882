// SPDX-License-Identifier: MIT
import { type Register, runCommandLine } from './program.ts';

/** The file of each command, loaded only if it is used. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  run: async () => (await import('./run.ts')).registerRun,
  check: async () => (await import('./check.ts')).registerCheck,
  merge: async () => (await import('./merge.ts')).registerMerge,
  worker: async () => (await import('./worker.ts')).registerWorker,
  review: async () => (await import('./review.ts')).registerReview,
  explain: async () => (await import('./explain.ts')).registerExplain,
  conform: async () => (await import('./conform.ts')).registerConform,
  source: async () => (await import('./source.ts')).registerSource,
  record: async () => (await import('./record.ts')).registerRecord,
  inspect: async () => (await import('./inspect.ts')).registerInspect,
  doctor: async () => (await import('./doctor.ts')).registerDoctor,
  demo: async () => (await import('./demo.ts')).registerDemo,
  open: async () => (await import('./open.ts')).registerOpen,
  query: async () => (await import('./query.ts')).registerQuery,
  export: async () => (await import('./export.ts')).registerExport,
  completion: async () => (await import('./completion.ts')).registerCompletion,
};

const args = process.argv.slice(2);
const [name = ''] = args;
// Completion and the help need all commands.
const one = Object.hasOwn(COMMANDS, name) && name !== 'completion' ? COMMANDS[name] : undefined;
const all = name === '--version' || name === '-V' ? [] : Object.values(COMMANDS);
const loads = one === undefined ? all : [one];
const commands: Register[] = [];
for (const load of loads) commands.push(await load());
await runCommandLine(args, commands);
