// SPDX-License-Identifier: MIT
// Man pages of the command and of each of its commands, from their --help: one text, so that they cannot differ.
//
//   node scripts/man-pages.mjs DIR      writes folioscope.1, folioscope-run.1, ... of the command line in dist/
//
// What --help has no room for stands in ABOUT: what a command needs, what it costs, which of its output's fields matter.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import { promisify } from 'node:util';
import { ROOT } from './files.mjs';

/** @typedef {{ requirements?: string, overhead?: string, schema?: string }} About */

/** @type {Record<string, About>} */
const ABOUT = {
  run: { schema: 'run' },
  check: {
    requirements:
      'Memory for the states of one search, about 50 bytes each; --spill moves them to files. With --queue: a Redis or Valkey server, and the optional packages bullmq and ioredis.',
    schema: 'check',
  },
  merge: { schema: 'check-all' },
  worker: { requirements: 'A Redis or Valkey server, and the optional packages bullmq and ioredis.' },
  review: { schema: 'review' },
  explain: {
    requirements:
      'A recording with mm_filemap_add_to_page_cache and mm_lru_insertion events; for references also page_ref events with stacks (CONFIG_DEBUG_PAGE_REF).',
    schema: 'explain',
  },
  conform: { schema: 'conform' },
  source: { requirements: 'A kernel tree; no git is needed.', schema: 'source' },
  record: {
    requirements: 'Root, or a tracefs that your group may write; the optional package koffi.',
    overhead:
      'Two events for each page fault, together 0.7 microseconds on the machine of docs/live.md; at most --limit MiB of memory or disk, and 4 MiB for each CPU in the kernel. bench/record.ts measures it.',
    schema: 'record',
  },
  inspect: {
    requirements: 'Root for /proc/kpageflags; the optional package koffi.',
    overhead: 'It reads one 8-byte word for each mapped page, and changes nothing.',
    schema: 'inspect',
  },
  doctor: { requirements: 'The optional package koffi; root for a complete answer.', schema: 'doctor' },
  demo: {
    requirements: 'Root, /dev/kvm with guest_memfd, and the optional package koffi.',
    overhead: 'About two seconds, and a few pages of memory, which it frees.',
    schema: 'demo',
  },
  open: { requirements: 'A browser. The page is served to this machine only.' },
  query: {
    requirements: 'The optional package @duckdb/node-api.',
    overhead:
      'Temporary files (TMPDIR) of about two thirds of the recordings, where a question asks for events; less than 1 GB of memory for a recording of 2 GB. bench/tables.ts measures it.',
    schema: 'query',
  },
  export: {
    overhead:
      'With --trace a file of the kept pages beside the new one, until it is complete; memory does not grow with the recording.',
  },
  completion: {},
};

const run = promisify(execFile);

/** @param {string} text */
const escaped = (text) =>
  text
    .replaceAll('\\', String.raw`\e`)
    .replaceAll('-', String.raw`\-`)
    .replaceAll(/^([.'])/gm, String.raw`\&$1`);

/** Text as it stands. @param {readonly string[]} lines */
const verbatim = (lines) => ['.nf', ...lines.map((line) => escaped(line)), '.fi'];

/** The parts of a help: its paragraphs, each with a title if its first line ends with a colon. @param {string} help */
function partsOf(help) {
  /** @type {{ title: string, lines: string[] }[]} */
  const parts = [];
  for (const line of help.trimEnd().split('\n')) {
    const title = /^(Usage|Arguments|Options|Commands|Exit codes|Examples|[A-Z][\w ]+):(.*)$/u.exec(line);
    if (title !== null) parts.push({ title: title[1] ?? '', lines: title[2] === '' ? [] : [(title[2] ?? '').trim()] });
    else if (parts.length === 0 || (line === '' && parts.at(-1)?.lines.at(-1) !== ''))
      parts.push({ title: '', lines: line === '' ? [] : [line] });
    else parts.at(-1)?.lines.push(line);
  }
  return parts.filter(({ lines }) => lines.some((line) => line !== ''));
}

/** The words of a list of options or arguments: each with its text joined. @param {readonly string[]} lines */
function listOf(lines) {
  /** @type {{ word: string, text: string }[]} */
  const list = [];
  for (const line of lines) {
    const entry = /^ {2}(\S.*?)(?: {2,}(.*))?$/u.exec(line);
    if (entry !== null) list.push({ word: entry[1] ?? '', text: entry[2] ?? '' });
    else if (list.length > 0)
      list[list.length - 1] = { word: list.at(-1)?.word ?? '', text: `${list.at(-1)?.text} ${line.trim()}`.trim() };
  }
  return list;
}

/** @param {unknown} value @returns {Record<string, unknown>} */
const recordOf = (value) => (typeof value === 'object' && value !== null ? { ...value } : {});

/** The fields of a JSON document, from its schema. @param {string} name */
function fieldsOf(name) {
  /** @type {unknown} */
  const schema = JSON.parse(readFileSync(join(ROOT, `schema/${name}.schema.json`), 'utf8'));
  const properties = recordOf(recordOf(schema)['properties']);
  return Object.entries(properties).map(([field, of]) => {
    const { description } = recordOf(of);
    return { word: field, text: typeof description === 'string' ? description : '' };
  });
}

/** @param {readonly { word: string, text: string }[]} list */
const tagged = (list) =>
  list.flatMap(({ word, text }) => ['.TP', `.B ${escaped(word)}`, escaped(text) || String.raw`\&`]);

/** @param {{ name: string, summary: string, help: string, about: About, version: string, names: readonly string[] }} page */
function pageOf({ name, summary, help, about, version, names }) {
  const parts = partsOf(help);
  const titled = (/** @type {string} */ title) =>
    parts.filter((part) => part.title === title).flatMap(({ lines }) => lines);
  const known = new Set(['Usage', 'Arguments', 'Options', 'Commands', 'Exit codes', 'Examples']);
  const section = (/** @type {string} */ title, /** @type {readonly string[]} */ lines) =>
    lines.length === 0 ? [] : [`.SH ${title}`, ...lines];
  const prose = parts
    .filter(({ title }) => !known.has(title))
    .flatMap(({ title, lines }, i) => [
      ...(i === 0 ? [] : ['.PP']),
      escaped([title === '' ? '' : `${title}:`, ...lines.map((line) => line.trim())].join(' ').trim()),
    ]);
  return [
    `.TH ${name.toUpperCase()} 1 "" "folioscope ${version}" "folioscope"`,
    ...section('NAME', [`${escaped(name)} \\- ${escaped(summary)}`]),
    ...section('SYNOPSIS', [`.B ${escaped(titled('Usage').join(' '))}`]),
    ...section('DESCRIPTION', prose),
    ...section('ARGUMENTS', tagged(listOf(titled('Arguments')))),
    ...section('OPTIONS', tagged(listOf(titled('Options')))),
    ...section('COMMANDS', tagged(listOf(titled('Commands')))),
    ...section('REQUIREMENTS', about.requirements === undefined ? [] : [escaped(about.requirements)]),
    ...section('OVERHEAD', about.overhead === undefined ? [] : [escaped(about.overhead)]),
    ...section(
      'FIELDS',
      about.schema === undefined
        ? []
        : [
            `The fields of \\-\\-json, by schema/${escaped(about.schema)}.schema.json:`,
            ...tagged(fieldsOf(about.schema)),
          ],
    ),
    ...section('EXIT STATUS', titled('Exit codes').length === 0 ? [] : verbatim(titled('Exit codes'))),
    ...section('EXAMPLES', titled('Examples').length === 0 ? [] : verbatim(titled('Examples'))),
    ...section('SEE ALSO', [
      names
        .filter((other) => other !== name)
        .map((other) => `.BR ${escaped(other)} (1)`)
        .join(',\n'),
    ]),
    '',
  ].join('\n');
}

/**
 * Writes the man pages into a folder.
 * @param {string} folder
 * @param {readonly string[]} command what to give to node to run the command line
 */
export async function writeManPages(folder, command) {
  const helpOf = async (/** @type {readonly string[]} */ words) =>
    (
      await run(process.execPath, [...command, ...words, '--help'], {
        env: { ...process.env, COLUMNS: '80', NO_COLOR: '1' },
      })
    ).stdout;
  const [all, { stdout: version }] = await Promise.all([helpOf([]), run(process.execPath, [...command, '--version'])]);
  const commands = listOf(
    partsOf(all)
      .filter(({ title }) => title === 'Commands')
      .flatMap(({ lines }) => lines),
  )
    .map(({ word, text }) => ({ name: word.split(' ')[0] ?? '', summary: text }))
    .filter(({ name }) => name !== 'help');
  const missing = commands.filter(({ name }) => !Object.hasOwn(ABOUT, name));
  if (missing.length > 0)
    throw new Error(`scripts/man-pages.mjs: nothing about ${missing.map(({ name }) => name).join(', ')}`);
  const names = ['folioscope', ...commands.map(({ name }) => `folioscope-${name}`)];
  mkdirSync(folder, { recursive: true });
  const write = (/** @type {Omit<Parameters<typeof pageOf>[0], 'version' | 'names'>} */ page) => {
    writeFileSync(join(folder, `${page.name}.1`), pageOf({ ...page, version: version.trim(), names }));
  };
  write({
    name: 'folioscope',
    summary: 'who holds this folio, and is the check that asks right?',
    help: all,
    about: {},
  });
  for (let from = 0; from < commands.length; from += 2)
    await Promise.all(
      commands.slice(from, from + 2).map(async ({ name, summary }) => {
        write({ name: `folioscope-${name}`, summary, help: await helpOf([name]), about: ABOUT[name] ?? {} });
      }),
    );
}

if (argv[1] === import.meta.filename) await writeManPages(argv[2] ?? 'man', [join(ROOT, 'dist/cli/main.js')]);
