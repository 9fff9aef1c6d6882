#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Start-up must cost only what the command needs: nothing is imported before the command is known.
await (process.argv[2] === 'explain' ? import('./main-explain.ts') : import('./main-all.ts'));
