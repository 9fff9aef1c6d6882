// SPDX-License-Identifier: MIT
// A process that is one contender: it is named on the command line, and does a round for every message that it gets.
import { CONTENDERS } from './contenders.ts';

const name = process.argv[2] ?? '';
const prepare = CONTENDERS[name];
if (prepare === undefined) throw new Error(`no contender '${name}'`);
const round = prepare();
process.on('message', () => process.send?.(round()));
process.send?.('ready');
