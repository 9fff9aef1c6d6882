// SPDX-License-Identifier: MIT
import { FIRST_JUMP, reading, type Term } from './evaluate_values.ts';

/** A statement that `break` or `continue` can name. */
export interface Target {
  readonly label: string | undefined;
  readonly kind: 'loop' | 'switch' | 'block';
  readonly leave: number;
  readonly again: number;
}

/** The variables of one function while its text is read. */
interface Scope {
  readonly outer: Scope | undefined;
  /** Slots of the names, for each block, the innermost last. */
  readonly blocks: Map<string, number>[];
  readonly targets: Target[];
  slots: number;
}

/** All names that generated text may use besides its own. */
const GLOBALS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['Array', Array],
  ['Error', Error],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['Int32Array', Int32Array],
  ['Math', Math],
  ['true', true],
  ['false', false],
  ['undefined', undefined],
]);

const scope = (outer: Scope | undefined): Scope => ({
  outer,
  blocks: [new Map<string, number>()],
  targets: [],
  slots: 0,
});

/** Meaning of each name at the present place of the text. */
export class Scopes {
  #scope = scope(undefined);
  #jumps = FIRST_JUMP;

  /** @param names of the outermost function's parameters. */
  constructor(names: readonly string[]) {
    for (const name of names) this.declare(name);
  }

  /** The slot of a new variable. */
  declare(name: string): number {
    const slot = this.#scope.slots++;
    this.#scope.blocks.at(-1)?.set(name, slot);
    return slot;
  }

  inBlock<T>(read: () => T): T {
    this.#scope.blocks.push(new Map<string, number>());
    const made = read();
    this.#scope.blocks.pop();
    return made;
  }

  inFunction<T>(read: () => T): T {
    const outside = this.#scope;
    this.#scope = scope(outside);
    const made = read();
    this.#scope = outside;
    return made;
  }

  /** A variable, or one of the few globals. @throws SyntaxError if there is neither. */
  named(name: string): Term {
    for (let at: Scope | undefined = this.#scope, up = 0; at !== undefined; at = at.outer, up++)
      for (const block of at.blocks.toReversed()) {
        const slot = block.get(name);
        if (slot !== undefined) return { value: reading(up, slot), reference: { kind: 'variable', up, slot } };
      }
    if (!GLOBALS.has(name)) throw new SyntaxError(`no '${name}' in generated text`);
    const value = GLOBALS.get(name);
    return { value: () => value };
  }

  /** Numbers for the jumps to a statement. */
  target(label: string | undefined, kind: Target['kind']): Target {
    const target = { label, kind, leave: this.#jumps, again: this.#jumps + 1 };
    this.#jumps += 2;
    return target;
  }

  within<T>(target: Target, read: () => T): T {
    this.#scope.targets.push(target);
    const made = read();
    this.#scope.targets.pop();
    return made;
  }

  /** The number of a jump. @throws SyntaxError if there is no statement to leave or repeat. */
  jump(how: 'break' | 'continue', label: string | undefined): number {
    const target = this.#scope.targets.findLast((one) => {
      if (label !== undefined) return one.label === label;
      return how === 'continue' ? one.kind === 'loop' : one.kind !== 'block';
    });
    if (target === undefined) throw new SyntaxError(`'${how}' outside of what it names, in generated text`);
    return how === 'break' ? target.leave : target.again;
  }
}
