// SPDX-License-Identifier: MIT
// Checks that every source file names its licence at its top: GPL-2.0-only in src/kernel/, MIT elsewhere.
// Prints one line a violation.
//
//   node scripts/check-spdx.mjs [ROOT]      exit 0: none; 1: at least one
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, sourceFiles } from './files.mjs';

const root = process.argv[2] ?? ROOT;
let violations = 0;
for (const file of sourceFiles(root)) {
  const licence = file.startsWith('src/kernel/') ? 'GPL-2.0-only' : 'MIT';
  const expected = `// SPDX-License-Identifier: ${licence}`;
  const [first, second] = readFileSync(join(root, file), 'utf8').split('\n', 2);
  const line = first?.startsWith('#!') ? second : first;
  if (line !== expected) {
    violations++;
    console.log(`${file}:1: must begin with "${expected}"`);
  }
}
process.exitCode = violations === 0 ? 0 : 1;
