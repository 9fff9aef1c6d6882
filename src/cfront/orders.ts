// SPDX-License-Identifier: MIT
import type { Part } from './ir.ts';

/** Whether a part uses the task's own memory only, so that its order among accesses does not matter. */
const isOwn = ({ kind }: Part): boolean =>
  kind === 'set' || kind === 'check' || kind === 'declare' || kind === 'set-element' || kind === 'unclaim';

/** Groups of parts: an access, with the computation before it. */
function units(parts: readonly Part[]): readonly (readonly Part[])[] {
  const found: Part[][] = [];
  let own: Part[] = [];
  for (const part of parts) {
    own.push(part);
    if (isOwn(part)) continue;
    found.push(own);
    own = [];
  }
  const last = found.at(-1);
  if (own.length > 0 && last !== undefined) last.push(...own);
  return found;
}

/** All interleavings of several threads' accesses; each thread's own order is kept. Undefined if there are more than `most`. */
export function orderings(
  threads: readonly (readonly Part[])[],
  most: number,
): readonly (readonly Part[])[] | undefined {
  const found: Part[][] = [];
  const rest = threads.map(units);
  const at = rest.map(() => 0);
  const so: Part[][] = [];
  const go = (): boolean => {
    let isDone = true;
    for (const [thread, parts] of rest.entries()) {
      const unit = parts[at[thread] ?? 0];
      if (unit === undefined) continue;
      isDone = false;
      at[thread] = (at[thread] ?? 0) + 1;
      so.push([...unit]);
      const fits = go();
      so.pop();
      at[thread] = (at[thread] ?? 0) - 1;
      if (!fits) return false;
    }
    if (isDone) found.push(so.flat());
    return found.length <= most;
  };
  return go() ? found : undefined;
}
