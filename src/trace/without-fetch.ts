// SPDX-License-Identifier: MIT

/**
 * The zstd decoder contains its code as a text, and unpacks it with `fetch(data:...)` if there is a fetch, otherwise
 * with `Buffer`. In Node the first fetch loads an HTTP client for 35 ms, a tenth of a whole run
 * (docs/trace-readers.md).
 */
export function withoutFetch<T>(start: () => T): T {
  if (!('Buffer' in globalThis)) return start();
  const { fetch } = globalThis;
  Object.assign(globalThis, { fetch: undefined });
  try {
    return start();
  } finally {
    Object.assign(globalThis, { fetch });
  }
}
