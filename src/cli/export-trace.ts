// SPDX-License-Identifier: MIT
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { exportTrace, type PageStore } from '../export/index.ts';
import { type ByteSource, type Output, type Pack, RING_PAGE_BYTES } from '../trace/index.ts';
import { askFile } from './ask-recording.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { complain, UsageError } from './failure.ts';
import { redactorFor, shownName } from './redacting.ts';
import { version } from './version.ts';
import { WorkFolder } from './work-folder.ts';
import { type WrittenFile, writeTo } from './written-file.ts';

interface Options {
  /** The file to write. */
  readonly to: string;
  readonly buffer: string | undefined;
  readonly redact: boolean | undefined;
}

/** Writes a recording with only what explain needs of it, and a line about it. */
export async function exportReduced(path: string, options: Options): Promise<ExitCode> {
  const { to } = options;
  if (to === '-') throw new UsageError('--trace: a trace.dat is not written in order: give a file');
  const { trace, events, bytes } = await askFile(path, async (source, onProgress) =>
    writeTo(to, async (file) => written(source, file, options, onProgress)),
  );
  for (const sentence of trace.damage) complain(`${shownName(path, options.redact)}: ${sentence}`);
  process.stdout.write(`${events} of ${trace.events} events, ${bytes} bytes  ${to}\n`);
  return trace.damage.length > 0 ? EXIT.undecided : EXIT.well;
}

async function written(
  source: ByteSource,
  file: WrittenFile,
  { to, buffer, redact }: Options,
  onProgress: (share: number) => void,
): ReturnType<typeof exportTrace> {
  const { folder } = file;
  if (folder === undefined)
    throw new UsageError(`${to}: is not a regular file, and a trace.dat is not written in order`);
  const work = new WorkFolder(folder, '.folioscope-pages-');
  const store = pageStore(join(work.path, 'pages'));
  try {
    return await exportTrace(source, {
      out: outputTo(file),
      pack: await bestPacker(),
      store,
      madeBy: `folioscope ${version()}`,
      buffer,
      redactor: await redactorFor(source, redact),
      onProgress,
    });
  } finally {
    store.close();
    work.remove();
  }
}

function outputTo(file: WrittenFile): Output {
  let position = 0;
  return {
    get position() {
      return position;
    },
    write: (bytes) => {
      file.write(bytes, position);
      position += bytes.byteLength;
    },
    patch: (at, bytes) => file.write(bytes, at),
  };
}

/** Packs as well as this machine can: without Node's own zstd and without a library the file is larger. */
async function bestPacker(): Promise<Pack> {
  const { loadNative, UnavailableError, zstdPacker } = await import('../live/index.ts');
  try {
    return zstdPacker(await loadNative()).pack;
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return zstdPacker({ zstd: undefined }).pack;
  }
}

/** Pages that are written at once. */
const BLOCK_PAGES = 256;

/** Pages in a file of their own, one after the other. */
function pageStore(path: string): PageStore & { close(): void } {
  const file = openSync(path, 'w+');
  const page = new Uint8Array(RING_PAGE_BYTES);
  const block = new Uint8Array(BLOCK_PAGES * RING_PAGE_BYTES);
  let stored = 0;
  let held = 0;
  const write = (): void => {
    const end = held * RING_PAGE_BYTES;
    for (let done = 0; done < end; ) done += writeSync(file, block, done, end - done, stored * RING_PAGE_BYTES + done);
    stored += held;
    held = 0;
  };
  return {
    get count() {
      return stored + held;
    },
    add: (bytes) => {
      block.set(bytes, held++ * RING_PAGE_BYTES);
      if (held === BLOCK_PAGES) write();
    },
    at: (place) => {
      if (place >= stored)
        return block.subarray((place - stored) * RING_PAGE_BYTES, (place - stored + 1) * RING_PAGE_BYTES);
      readSync(file, page, 0, RING_PAGE_BYTES, place * RING_PAGE_BYTES);
      return page;
    },
    close: () => closeSync(file),
  };
}
