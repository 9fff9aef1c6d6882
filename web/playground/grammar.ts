// SPDX-License-Identifier: MIT

/** Bytes that stand in the page, if it is one file; else a file beside it. */
async function bytesOf(name: string): Promise<ArrayBuffer> {
  const inline = document.getElementById(name)?.textContent;
  if (inline !== undefined) {
    const binary = atob(inline.trim());
    return Uint8Array.from(binary, (letter) => letter.codePointAt(0) ?? 0).buffer;
  }
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name}: the server says ${response.status}: there is no playground without it`);
  return response.arrayBuffer();
}

/** The grammar of C and the module that runs it: only the playground needs them. */
export async function grammarBytes(): Promise<{ readonly grammar: ArrayBuffer; readonly runtime: ArrayBuffer }> {
  const [grammar, runtime] = await Promise.all([bytesOf('tree-sitter-c.wasm'), bytesOf('web-tree-sitter.wasm')]);
  return { grammar, runtime };
}
