// SPDX-License-Identifier: MIT
import { HOST_IS_LITTLE_ENDIAN } from '../../host-order.ts';

/** Bytes in the order of this machine. */
export class Bytes {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  #room(size: number): void {
    if (this.#length + size <= this.#bytes.byteLength) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.byteLength, this.#length + size));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  number(value: number | bigint, size: 1 | 2 | 4 | 8): this {
    this.#room(size);
    const view = this.#view;
    const at = this.#length;
    this.#length += size;
    switch (size) {
      case 1:
        view.setUint8(at, Number(value));
        break;
      case 2:
        view.setUint16(at, Number(value), HOST_IS_LITTLE_ENDIAN);
        break;
      case 4:
        view.setUint32(at, Number(value), HOST_IS_LITTLE_ENDIAN);
        break;
      case 8:
        view.setBigUint64(at, BigInt(value), HOST_IS_LITTLE_ENDIAN);
    }
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#room(bytes.byteLength);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.byteLength;
    return this;
  }

  /** Text of tracefs, a byte a character. */
  text(text: string): this {
    return this.raw(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  }

  cstring(text: string): this {
    return this.text(text).number(0, 1);
  }

  get length(): number {
    return this.#length;
  }

  /** Starts over. */
  clear(): this {
    this.#length = 0;
    return this;
  }

  padTo(length: number): this {
    while (this.#length < length) this.number(0, 1);
    return this;
  }

  get done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
