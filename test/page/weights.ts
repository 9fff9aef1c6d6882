// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** What a part of the built page weighs when it is sent. */
export interface Weight {
  readonly part: string;
  readonly brotli: number;
  readonly gzip: number;
}

/** By the beginning of a file's name. The translator of C is one part with its grammar: only the playground loads it. */
const PARTS = [
  ['the grammar of C', /^(?:tree-sitter-c|web-tree-sitter|work-c-front)/],
  ['fonts', /\.woff2$/],
  ['what workers run', /^work/],
  ['what is drawn', /^(?:page|part|index)/],
] as const;

/** The weight of each part of a built page; the page that is one file is left out: it is all of them again. */
export function weights(folder: string): readonly Weight[] {
  const files = readdirSync(folder).filter((name) => name !== 'one-file.html');
  return PARTS.map(([part, names]) => {
    const others = PARTS.slice(
      0,
      PARTS.findIndex(([one]) => one === part),
    );
    const its = files.filter((name) => names.test(name) && !others.some(([, earlier]) => earlier.test(name)));
    const bytes = its.map((name) => readFileSync(join(folder, name)));
    const sum = (pack: (text: Buffer) => Buffer): number => bytes.reduce((all, text) => all + pack(text).length, 0);
    return { part, brotli: sum((text) => brotliCompressSync(text)), gzip: sum((text) => gzipSync(text, { level: 9 })) };
  });
}
