// SPDX-License-Identifier: MIT
import { registerExplain } from './explain.ts';
import { runCommandLine } from './program.ts';

await runCommandLine(process.argv.slice(2), [registerExplain]);
