#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Starting up must not cost what a command does not need: nothing is imported here before it is known which one it is.
await (process.argv[2] === 'explain' ? import('./main-explain.ts') : import('./main-all.ts'));
