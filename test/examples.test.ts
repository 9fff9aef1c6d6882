// SPDX-License-Identifier: MIT
// The examples in doc comments run, are typed, and say what comes of them; every value of every face is in one.
//
//   @example
//   import { referencesOf } from 'folioscope/ledger';
//   referencesOf([{ kind: 'gup', references: 1024 }]); // => 1024
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FACES = readdirSync(join(ROOT, 'src')).filter((room) =>
  readdirSync(join(ROOT, 'src', room)).includes('index.ts'),
);

interface Example {
  readonly room: string;
  /** `src/ledger/units.ts:22` */
  readonly place: string;
  readonly code: string;
}

/** The examples in a source's doc comments. */
function examplesIn(file: string): readonly Example[] {
  const source = readFileSync(join(ROOT, file), 'utf8');
  return [...source.matchAll(/\/\*\*[^]*?\*\//g)].flatMap(({ 0: comment, index }) =>
    [...comment.matchAll(/@example\n([^]*?)(?=\n *\* @|\*\/)/g)].map(([, body = '', ...rest]) => {
      const line = source.slice(0, index + comment.indexOf(body, rest.length)).split('\n').length;
      const code = body.replaceAll(/^ *\* ?/gm, '').trim();
      return { room: file.split('/')[1] ?? '', place: `${file}:${line}`, code };
    }),
  );
}

const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => join('src', file))
  .toSorted((a, b) => (a < b ? -1 : 1));
const examples = sources.flatMap(examplesIn);

/** Names of the values that a face hands out; what it hands on from another room is shown there. */
function valuesOf(room: string): readonly string[] {
  const face = readFileSync(join(ROOT, 'src', room, 'index.ts'), 'utf8');
  const listed = [...face.matchAll(/export \{([^}]*)\} from '\.\//g)].flatMap(([, list = '']) =>
    list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && !name.startsWith('type '))
      .map((name) => name.replace(/^.* as /, '')),
  );
  const own = [...face.matchAll(/^export (?:async )?(?:function\*?|const|class) (\w+)/gm)].map(([, name = '']) => name);
  return [...listed, ...own];
}

/** The example as a script: imports by a name that is given, and what a line comes to held against what it says. */
async function scriptOf(code: string): Promise<string> {
  const expecting = code.replaceAll(/^(.*?);[ \t]*\/\/ => (.*)$/gm, 'expect($1).toEqual($2);');
  const { code: script } = await transform(expecting, { loader: 'ts', format: 'esm', target: 'es2023' });
  return script.replaceAll(
    /import \{([^}]*)\} from "([^"]+)";/g,
    (_, names: string, from: string) => `const {${names.replaceAll(' as ', ': ')}} = await load('${from}');`,
  );
}

const load = (from: string): Promise<unknown> =>
  from.startsWith('folioscope/') ? import(`../src/${from.slice('folioscope/'.length)}/index.ts`) : import(from);
const AsyncFunction = (async (): Promise<void> => {}).constructor as new (
  ...args: readonly string[]
) => (loader: typeof load, check: typeof expect) => Promise<void>;

describe('an example does what it says', () => {
  test.each(examples.map((example) => [example.place, example.code] as const))('%s', async (_, code) => {
    expect(code).toMatch(/\/\/ => /);
    await new AsyncFunction('load', 'expect', await scriptOf(code))(load, expect);
  });
});

test.each(FACES)('every value of %s is in an example of its room', (room) => {
  const shown = examples.filter((example) => example.room === room).map(({ code }) => code);
  const imported = new Set(
    shown.flatMap((code) =>
      [...code.matchAll(/import \{([^}]*)\} from 'folioscope\/(\w+)'/g)].flatMap(([, names = '', from]) =>
        from === room ? names.split(',').map((name) => name.trim().replace(/ as .*$/, '')) : [],
      ),
    ),
  );
  expect(valuesOf(room).filter((name) => !imported.has(name))).toEqual([]);
});

const folder = mkdtempSync(join(tmpdir(), 'folioscope-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('examples are typed', () => {
  const names = examples.map(({ place }) => `${place.replaceAll(/[/:]/g, '+')}.ts`);
  for (const [i, { code }] of examples.entries()) writeFileSync(join(folder, names[i] ?? ''), `${code}\nexport {};\n`);
  const configuration = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      paths: { 'folioscope/*': [join(ROOT, 'src/*/index.ts')] },
      typeRoots: [join(ROOT, 'node_modules/@types')],
      noUnusedLocals: false,
    },
    include: [join(folder, '*.ts')],
  };
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(configuration));
  const compiler = join(ROOT, 'node_modules/ts7/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
  expect(stdout.replaceAll(relative(ROOT, folder), '')).toBe('');
});
