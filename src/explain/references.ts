// SPDX-License-Identifier: MIT
import { type Cpu, HOLDER_KINDS, type Holder, type Nanoseconds, type PageReference } from '../ledger/index.ts';
import { isHeld } from './held.ts';
import { dropperOf, locksFolio, mapsFolio, type Owner, takerOf } from './reference-rules.ts';

/** Holders of a folio for some time. */
export interface ReferenceState {
  readonly from: Nanoseconds;
  readonly holders: readonly Holder[];
  /** Every reference since the folio's allocation was recorded with its owner. */
  readonly proved: boolean;
  /** It was locked by mlock() and not unlocked since. */
  readonly locked: boolean;
}

/** References of one holder. */
export interface Part {
  readonly kind: Holder['kind'];
  readonly cpu: Cpu | undefined;
  readonly pid: number | undefined;
  readonly task: string | undefined;
  readonly since: Nanoseconds | undefined;
  readonly references: number;
}

interface Held extends Part {
  references: number;
}

/**
 * One page frame's reference count, by its holders: the sum of `page_ref:*` events, each attributed by its stack. The
 * events' own `count` is read unsynchronised after the operation, so it is used only if the recording starts in the
 * middle. The holders always add up to the count.
 */
export class References {
  #held: Held[] = [];
  /** The holders before a freeze, for the unfreeze that restores them. */
  #frozen: Held[] = [];
  #from: Nanoseconds;
  #proved: boolean;
  #locked = false;
  #state: ReferenceState | undefined = undefined;

  /** @param first the first event of it. */
  constructor(first: PageReference) {
    this.#from = first.at;
    this.#proved = first.operation === 'set';
    const before = first.operation === 'set' ? 0 : first.count - deltaOf(first);
    if (before > 0) this.#held.push(unknownHeld(before));
  }

  get count(): number {
    return this.#held.reduce((sum, { references }) => sum + references, 0);
  }

  /** The holders with their tasks' pids. Valid until the next event. */
  get parts(): readonly Part[] {
    return this.#held;
  }

  /** Whether it has a holder besides the page cache, the lru_add batch, mappings and the check. */
  get isHeld(): boolean {
    return isHeld(this.#held);
  }

  get from(): Nanoseconds {
    return this.#from;
  }

  get state(): ReferenceState {
    this.#state ??= {
      from: this.#from,
      holders: this.#held.toSorted(byKind).map(holderOf),
      proved: this.#proved,
      locked: this.#locked,
    };
    return this.#state;
  }

  apply(event: PageReference): void {
    const { operation, value, returned, at } = event;
    this.#from = at;
    this.#state = undefined;
    switch (operation) {
      case 'set':
        this.#held = [];
        this.#proved = true;
        this.#locked = false;
        if (value > 0) this.#take('lookup', value, event); // the allocating task
        break;
      case 'mod':
      case 'mod-and-return':
      case 'mod-and-test':
      case 'mod-unless':
        this.#modify(deltaOf(event), event);
        break;
      case 'freeze':
        if (returned === 0) break;
        this.#frozen = this.#held;
        this.#held = [];
        break;
      case 'unfreeze':
        this.#unfreeze(value);
        break;
      case 'pinner-failure':
      case 'pinner-put':
        break; // show references, change none
    }
  }

  #modify(delta: number, event: PageReference): void {
    const { stack = [], operation } = event;
    if (operation === 'mod' && delta >= 0 && maps(event)) {
      const lookup =
        this.#find('lookup', (held) => held.pid === event.pid) ??
        this.#find('lookup', () => true) ??
        // Without stacks a lookup is among the unknown holders.
        (stack.length === 0 ? this.#find('unknown', () => true) : undefined);
      if (lookup !== undefined) this.#drop(lookup, 1);
      this.#take('user-mapping', delta + (lookup === undefined ? 0 : 1), event);
    } else if (delta > 0) {
      this.#locked = locksFolio(stack) ?? this.#locked;
      this.#take(takerOf(stack), delta, event);
    } else if (delta < 0) this.#release(-delta, event);
  }

  #take(kind: Owner | undefined, references: number, { at, cpu, pid, comm }: PageReference): void {
    if (references === 0) return;
    if (kind === undefined) this.#proved = false;
    const isOfCpu = kind === 'lru-add-batch' || kind === 'mlock-batch';
    const isOfTask = kind === 'lookup' || kind === 'gup' || kind === 'walker' || kind === 'isolated';
    const owner = { cpu: isOfCpu ? cpu : undefined, pid: isOfTask ? pid : undefined };
    const same = this.#held.find(
      (held) => held.kind === (kind ?? 'unknown') && held.cpu === owner.cpu && held.pid === owner.pid,
    );
    if (same !== undefined) same.references += references;
    else
      this.#held.push({ kind: kind ?? 'unknown', ...owner, task: isOfTask ? comm : undefined, since: at, references });
  }

  #release(references: number, event: PageReference): void {
    let rest = references;
    for (const held of this.#likely(event)) {
      const dropped = Math.min(rest, held.references);
      this.#drop(held, dropped);
      rest -= dropped;
      if (rest === 0) return;
    }
  }

  /** The possible owners of a dropped reference, the likeliest first. */
  *#likely(event: PageReference): Generator<Held> {
    const { stack = [], cpu, pid } = event;
    const kind = dropperOf(stack);
    const own = (held: Held): boolean => (held.cpu ?? held.pid) === (held.cpu === undefined ? pid : cpu);
    if (kind !== undefined) {
      yield* this.#held.filter((held) => held.kind === kind && own(held));
      yield* this.#held.filter((held) => held.kind === kind);
      // Before finish_fault() had an event, a mapping's reference still had its lookup's name.
      if (kind === 'user-mapping') yield* this.#held.filter((held) => held.kind === 'lookup');
    } else {
      if (stack.length === 0) yield* this.#unmapped(event);
      yield* this.#held.filter((held) => TRANSIENT.has(held.kind) && held.pid === pid);
    }
    // From here on the owner is a guess.
    yield* this.#held.filter((held) => held.kind === 'unknown');
    this.#proved = false;
    yield* this.#held.toSorted((a, b) => byKind(b, a));
  }

  /** Mappings, if the event shows fewer than were known: it drops the reference of a removed one. */
  #unmapped({ mapcount }: PageReference): Held[] {
    const mapped = this.#find('user-mapping', () => true);
    // The raw field counts from -1.
    return mapped !== undefined && mapcount !== undefined && mapped.references > mapcount + 1 ? [mapped] : [];
  }

  #unfreeze(value: number): void {
    const before = this.#frozen.reduce((sum, { references }) => sum + references, 0);
    this.#held = before === value ? this.#frozen : value > 0 ? [unknownHeld(value)] : [];
    if (before !== value) this.#proved = false;
    this.#frozen = [];
  }

  #find(kind: Held['kind'], matches: (held: Held) => boolean): Held | undefined {
    return this.#held.find((held) => held.kind === kind && matches(held));
  }

  #drop(held: Held, references: number): void {
    held.references -= references;
    if (held.references === 0) this.#held = this.#held.filter((other) => other !== held);
  }
}

/**
 * A fault hands its lookup's reference to the page table, in an event that changes no count: folio_ref_add() of the
 * folio's other pages, of which a small one has none (finish_fault(), mm/memory.c). No other event adds 0.
 */
const maps = ({ stack = [], value }: PageReference): boolean => (stack.length === 0 ? value === 0 : mapsFolio(stack));

/** References that a task takes and drops within one call. */
const TRANSIENT: ReadonlySet<Held['kind']> = new Set(['lookup', 'walker', 'isolated']);

/** The change of the count by an operation; 0 for those that replace the count. */
function deltaOf({ operation, value, returned }: PageReference): number {
  switch (operation) {
    case 'mod':
    case 'mod-and-return':
    case 'mod-and-test':
      return value;
    case 'mod-unless':
      return returned === 0 ? 0 : value;
    case 'set':
    case 'freeze':
    case 'unfreeze':
    case 'pinner-failure':
    case 'pinner-put':
      return 0;
  }
}

const unknownHeld = (references: number): Held => ({
  kind: 'unknown',
  cpu: undefined,
  pid: undefined,
  task: undefined,
  since: undefined,
  references,
});

const byKind = (a: Held, b: Held): number => HOLDER_KINDS.indexOf(a.kind) - HOLDER_KINDS.indexOf(b.kind);

const holderOf = ({ kind, cpu, task, since, references }: Held): Holder => ({
  kind,
  references,
  ...(cpu === undefined ? {} : { cpu }),
  ...(task === undefined ? {} : { task }),
  ...(since === undefined || kind === 'page-cache' ? {} : { since }),
});
