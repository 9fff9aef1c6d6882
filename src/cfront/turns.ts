// SPDX-License-Identifier: MIT
import { binary, constant, type Label, type Part, type Var, variable } from './ir.ts';
import { INT } from './syntax.ts';

/** Turns of a loop between two steps, above which it counts as endless. */
const MOST_TURNS = 4095;

/** Ways to leave parts without a step. */
interface Ways {
  readonly through: boolean;
  readonly leaves: ReadonlySet<Label>;
  readonly agains: ReadonlySet<Label>;
}

const NOWHERE: Ways = { through: false, leaves: new Set(), agains: new Set() };

/**
 * Adds a turn counter to each loop that can repeat without a step; the loop fails after too many turns, since nothing else
 * could stop it between two steps. The counter is reset at every step, so that it adds no bits to a state.
 */
export function counted(parts: readonly Part[]): readonly Part[] {
  return parts.flatMap((part): readonly Part[] => {
    switch (part.kind) {
      case 'if':
        return [{ ...part, then: counted(part.then), else: counted(part.else) }];
      case 'block':
      case 'scope':
      case 'routine':
        return [{ ...part, body: counted(part.body) }];
      case 'loop':
        return countedLoop(part);
      case 'again':
      case 'call':
      case 'check':
      case 'declare':
      case 'leave':
      case 'load':
      case 'orders':
      case 'set':
      case 'set-element':
      case 'unclaim':
      case 'store':
        return [part];
    }
  });
}

function countedLoop(part: Extract<Part, { kind: 'loop' }>): readonly Part[] {
  const body = counted(part.body);
  const ways = waysOf(body);
  if (!ways.through && !ways.agains.has(part.label)) return [{ ...part, body }];
  const of: Var = { name: 'turns', type: INT, place: 'own' };
  const at = { ...part.at, text: 'turns of the loop without a step' };
  const more = binary('+', variable(of), constant(1));
  const head: readonly Part[] = [
    { kind: 'set', to: of, value: more, at },
    { kind: 'check', value: variable(of), low: 0, high: MOST_TURNS, at },
  ];
  const from: Part = { kind: 'set', to: of, value: constant(0), at };
  return [
    { kind: 'scope', body: [{ kind: 'declare', of }, from, { ...part, body: [...head, ...restarting(body, from)] }] },
  ];
}

/** Parts with another part inserted after every step. */
function restarting(parts: readonly Part[], restart: Part): readonly Part[] {
  return parts.flatMap((part): readonly Part[] => {
    switch (part.kind) {
      case 'if':
        return [{ ...part, then: restarting(part.then, restart), else: restarting(part.else, restart) }];
      case 'block':
      case 'scope':
      case 'routine':
      case 'loop':
        return [{ ...part, body: restarting(part.body, restart) }];
      case 'call':
      case 'load':
      case 'store':
      case 'orders':
        return takesStep(part) ? [part, restart] : [part];
      case 'again':
      case 'check':
      case 'declare':
      case 'leave':
      case 'set':
      case 'set-element':
      case 'unclaim':
        return [part];
    }
  });
}

const takesStep = (part: Part): boolean =>
  part.kind === 'load' ||
  part.kind === 'store' ||
  part.kind === 'orders' ||
  (part.kind === 'call' && part.known.always && part.known.read?.stable === undefined);

function waysOf(parts: readonly Part[]): Ways {
  const leaves = new Set<Label>();
  const agains = new Set<Label>();
  let through = true;
  for (const part of parts) {
    if (!through) break;
    const ways = waysOfOne(part);
    for (const label of ways.leaves) leaves.add(label);
    for (const label of ways.agains) agains.add(label);
    ({ through } = ways);
  }
  return { through, leaves, agains };
}

function waysOfOne(part: Part): Ways {
  switch (part.kind) {
    case 'leave':
      return { ...NOWHERE, leaves: new Set([part.label]) };
    case 'again':
      return { ...NOWHERE, agains: new Set([part.label]) };
    case 'if': {
      const [then, otherwise] = [waysOf(part.then), waysOf(part.else)];
      return {
        through: then.through || otherwise.through,
        leaves: new Set([...then.leaves, ...otherwise.leaves]),
        agains: new Set([...then.agains, ...otherwise.agains]),
      };
    }
    case 'block': {
      const ways = waysOf(part.body);
      return { ...ways, through: ways.through || ways.leaves.has(part.label) };
    }
    case 'loop': {
      const ways = waysOf(part.body);
      return { ...ways, through: ways.leaves.has(part.label) };
    }
    case 'scope':
    case 'routine':
      return waysOf(part.body);
    case 'call':
    case 'check':
    case 'declare':
    case 'load':
    case 'orders':
    case 'set':
    case 'set-element':
    case 'unclaim':
    case 'store':
      return takesStep(part) ? NOWHERE : { ...NOWHERE, through: true };
  }
}
