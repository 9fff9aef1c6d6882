// SPDX-License-Identifier: MIT
import {
  type Arg,
  literal,
  type Mark,
  type Place,
  type Program,
  type Property,
  type Type,
  type Variable,
  withLocal,
  withLocalArray,
} from '../lang/index.ts';
import { RETURNED } from '../kernel/index.ts';
import { numbers } from './conditions.ts';
import type { Looks } from './looks.ts';
import { converting, note, on, type Watch, watched } from './observing.ts';
import type { SmallWorld } from './small-world.ts';

/** A note that each converting task keeps in its own memory. */
export type Note<K extends string> = (of: { readonly task: number }) => Place<K>;
/** A note for each page: index 0 is for no page, and the pages follow, one beyond their index. */
export type NoteOfPages<K extends string> = (of: { readonly task: number }, place: Arg<'int'>) => Place<K>;

/**
 * The additions of the properties to a program: notes, watches, conditions on states. All of them are put into the
 * program once, at the end. Notes of a conversion are forgotten when its call returns.
 */
export class Composer {
  readonly world: SmallWorld;
  readonly properties: Property[] = [];
  readonly sometimes: Property[] = [];
  readonly #watchLooks: (composer: Composer) => Looks;
  readonly #watches: Watch[] = [];
  #looks: Looks | undefined;
  #program: Program;
  #isComposed = false;

  /** @param watchLooks begins to watch looks, if a property asks for them. */
  constructor(world: SmallWorld, watchLooks: (composer: Composer) => Looks) {
    this.world = world;
    this.#watchLooks = watchLooks;
    this.#program = world.program;
  }

  /** The looks of the checks. */
  get looks(): Looks {
    this.#looks ??= this.#watchLooks(this);
    return this.#looks;
  }

  watch(...watches: readonly Watch[]): void {
    this.#watches.push(...watches);
  }

  /** Declares memory that all tasks share. */
  share(...variables: readonly Variable[]): void {
    this.#program = { ...this.#program, variables: [...this.#program.variables, ...variables] };
  }

  /** A note of each converting task; 0 when a conversion begins. */
  note<K extends string>(name: string, type: Type<K>): Note<K> {
    this.#stillOpen(name);
    const places = new Map<number, Place<K>>();
    for (const task of converting(this.world)) {
      const { program, local } = withLocal(this.#program, task, name, type);
      this.#program = program;
      places.set(task, local);
    }
    const of: Note<K> = ({ task }) => known(places.get(task), name);
    this.watch(on(RETURNED, (_, moment) => (places.has(moment.task) ? [note(of(moment), literal(0))] : [])));
    return of;
  }

  /** A note of each converting task for each page. */
  noteOfPages<K extends string>(name: string, type: Type<K>): NoteOfPages<K> {
    this.#stillOpen(name);
    const length = this.world.sizes.pages + 1;
    const arrays = new Map<number, ReturnType<typeof withLocalArray<K>>['array']>();
    for (const task of converting(this.world)) {
      const { program, array } = withLocalArray(this.#program, task, name, length, type);
      this.#program = program;
      arrays.set(task, array);
    }
    const of: NoteOfPages<K> = ({ task }, place) => known(arrays.get(task), name).at(place);
    this.watch(
      on(RETURNED, (_, moment) =>
        arrays.has(moment.task) ? numbers(length).map((place) => note(of(moment, place), literal<K>(0))) : [],
      ),
    );
    return of;
  }

  #stillOpen(name: string): void {
    if (this.#isComposed) throw new Error(`the note '${name}' comes when the program is composed already`);
  }

  /** @param events marks that coverage counts. */
  program(events: ReadonlySet<Mark>): Program {
    this.#isComposed = true;
    return watched(this.#program, this.world, this.#watches, events);
  }
}

function known<T>(place: T | undefined, name: string): T {
  if (place === undefined) throw new Error(`a task that does not convert has no note '${name}'`);
  return place;
}
