// SPDX-License-Identifier: MIT
import { type Call, eachPart, type Part, usesOf, type Var } from './ir.ts';

const isStable = (part: Part): part is Call => part.kind === 'call' && part.known.read?.stable !== undefined;

/** Whether parts have an access whose order among others matters. */
export function takesSteps(parts: readonly Part[]): boolean {
  let found = false;
  eachPart(parts, (part) => {
    found ||= part.kind === 'load' || part.kind === 'store' || (part.kind === 'call' && !isStable(part));
  });
  return found;
}

/** Merges reads of values that cannot change meanwhile into the step of a neighbouring read. */
export function merged(parts: readonly Part[]): readonly Part[] {
  const inner = parts.map(
    (part): Part => (part.kind === 'if' ? { ...part, then: merged(part.then), else: merged(part.else) } : part),
  );
  // A declaration comes before the step that it is merged into.
  const all = [...inner.filter(({ kind }) => kind === 'declare'), ...inner.filter(({ kind }) => kind !== 'declare')];
  const isOwn = ({ kind }: Part): boolean => kind === 'declare' || kind === 'set' || kind === 'check';
  for (let at = 0; at < all.length; at++) {
    const part = all[at];
    if (part === undefined || !isStable(part)) continue;
    let to = at - 1;
    const given = new Set<Var>();
    usesOf([part], given, new Set());
    while (to >= 0 && isBefore(all[to], given)) to--;
    let host = all[to];
    if (!isRead(host)) {
      to = at + 1;
      while (all[to]?.kind === 'declare') to++;
      host = all[to];
    }
    if (!isRead(host)) continue;
    all[to] = { ...host, also: [...host.also, part] };
    all.splice(at, 1);
    at--;
  }
  return all;

  function isBefore(part: Part | undefined, given: ReadonlySet<Var>): boolean {
    if (part === undefined || !isOwn(part)) return false;
    return part.kind !== 'set' || !given.has(part.to);
  }
}

const isRead = (part: Part | undefined): part is Call =>
  part?.kind === 'call' && part.known.read !== undefined && part.known.read.stable === undefined;
