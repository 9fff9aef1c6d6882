// SPDX-License-Identifier: MIT

/** Arguments of a routine: values from the caller's own memory, and places for results. */
export type Args = Readonly<Record<string, unknown>>;

/** @throws TypeError if untyped text passes no arguments. */
export function requireArgs(routine: string, args: unknown): void {
  if (typeof args === 'object' && args !== null) return;
  throw new TypeError(`'${routine}' is called without arguments, expected k.call(${routine}, { ... })`);
}

/**
 * Runs a routine's text with its arguments. Untyped text may omit an argument, which is found where the routine uses
 * it. It may also assign to a place with JavaScript's `=`.
 * @throws TypeError that names the argument.
 */
export function withAll<A extends Args>(routine: string, args: A, text: (args: A) => void): void {
  const absent = new Set<string>();
  const all = new Proxy(args, {
    get: (of, name, receiver): unknown => {
      if (typeof name === 'string' && !(name in of)) absent.add(name);
      return Reflect.get(of, name, receiver);
    },
    set: (_, name) => {
      throw new TypeError(`'${String(name)}' is a place, expected ${String(name)}.set(...) instead of =`);
    },
  });
  try {
    text(all);
  } catch (error) {
    const [name] = absent;
    // The error's stack names the line to correct.
    if (error instanceof TypeError && name !== undefined && error.message.includes('undefined'))
      error.message = `'${routine}' is called without '${name}'`;
    throw error;
  }
}
