// SPDX-License-Identifier: MIT
import { createReadStream, createWriteStream } from 'node:fs';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Opened } from './serve.ts';

/** Base64 of a stream: each piece is encoded up to a multiple of three bytes. */
class Base64 extends Transform {
  #rest: Buffer = Buffer.alloc(0);

  override _transform(piece: Buffer, _: BufferEncoding, done: TransformCallback): void {
    const bytes = Buffer.concat([this.#rest, piece]);
    const whole = bytes.length - (bytes.length % 3);
    this.#rest = bytes.subarray(whole);
    done(null, bytes.subarray(0, whole).toString('base64'));
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#rest.toString('base64'));
  }
}

const ATTRIBUTE: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '"': '&quot;' };

/**
 * Writes the page as one file that works from disk: the application, followed by the opened files. A large recording is written
 * in pieces; no file is held in memory whole.
 * @param application the page as one file, `one-file.html` of the build.
 * @example
 * import { readFileSync } from 'node:fs';
 * import { saveOneFile } from 'folioscope/serve';
 * const opened = [{ name: 'LICENSE', path: 'LICENSE' }];
 * await saveOneFile('web/index.html', opened, '/tmp/folioscope-example.html');
 * readFileSync('/tmp/folioscope-example.html', 'utf8').includes('data-name="LICENSE"'); // => true
 */
export async function saveOneFile(application: string, opened: readonly Opened[], to: string): Promise<void> {
  const out = createWriteStream(to);
  const part = async (source: NodeJS.ReadableStream): Promise<void> => pipeline(source, out, { end: false });
  await part(createReadStream(application));
  for (const { name, path } of opened) {
    const attribute = name.replaceAll(/[&<"]/g, (sign) => ATTRIBUTE[sign] ?? '');
    out.write(`\n<script type="application/octet-stream" class="folioscope-opened" data-name="${attribute}">`);
    await part(createReadStream(path).pipe(new Base64()));
    out.write('</script>');
  }
  await new Promise<void>((resolve, reject) => {
    out.once('error', reject);
    out.end('\n', resolve);
  });
}
