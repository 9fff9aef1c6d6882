// SPDX-License-Identifier: MIT
import { exportTrace } from '../../src/export/index.ts';
import { storedFrame } from '../../src/live/compress.ts';
import type { ByteSource, Redactor } from '../../src/trace/index.ts';

/** A file in memory, not packed. */
class MemoryOutput {
  #bytes = new Uint8Array(1 << 16);
  position = 0;

  write(bytes: Uint8Array): void {
    if (this.position + bytes.byteLength > this.#bytes.byteLength) {
      const grown = new Uint8Array(2 * this.#bytes.byteLength + bytes.byteLength);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.position);
    this.position += bytes.byteLength;
  }

  patch(at: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes, at);
  }

  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.position);
  }
}

/** The bytes of a reduced recording, which are not packed. */
export async function reduced(
  source: ByteSource,
  redactor?: Redactor,
  buffer?: string,
): Promise<{ readonly bytes: Uint8Array; readonly events: number; readonly all: number }> {
  const out = new MemoryOutput();
  const pages: Uint8Array[] = [];
  const { events, trace } = await exportTrace(source, {
    out,
    pack: storedFrame,
    store: {
      get count() {
        return pages.length;
      },
      add: (page) => void pages.push(page.slice()),
      at: (place) => pages[place] ?? new Uint8Array(0),
    },
    madeBy: 'a test',
    redactor,
    buffer,
  });
  return { bytes: out.bytes, events, all: trace.events };
}
