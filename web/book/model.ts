// SPDX-License-Identifier: MIT
import { batch, effect, type Signal, signal } from '@preact/signals';
import { formatSchedule, turnsTaken } from '../../src/machine/index.ts';
import { packed, unpacked } from '../address/index.ts';
import type { OpenedFile, Page, Port, ViewState } from '../view/index.ts';
import { decisivePosition, lineOf } from './align.ts';
import { fingerprint } from './fingerprint.ts';
import { interned } from './intern.ts';
import { LANDING_FORMS, LANDING_SCENARIO } from './landing-asked.ts';
import type { BookAsk, BookTell, EveryOrder, Played, ScenarioSource, ShownScenario } from './protocol.ts';
import { Stage } from './stage-model.ts';

/** The version of folioscope, and so of its model; scripts/build-web.mjs inserts it. */
declare const FOLIOSCOPE_VERSION: string;

/** What is played, as the address says it. */
interface Asked {
  readonly scenario: ScenarioSource;
  readonly forms: readonly string[];
  /** Turns, without the version and kind of the string. */
  readonly schedule: string | undefined;
}

/** Longer texts are not put into an address: browsers and mail programs would cut it. */
const MOST_IN_ADDRESS = 16_000;

/** The flip-book's state: the request, the films, and their address. */
export class Book {
  readonly stage: Stage;
  readonly scenario: Signal<ShownScenario | undefined> = signal(undefined);
  readonly shelf: Signal<Extract<BookTell, { kind: 'library' }> | undefined> = signal(undefined);
  readonly asked: Signal<Asked>;
  /** A sentence if the state of a link differs from the present model's. */
  readonly stale: Signal<string | undefined> = signal(undefined);
  readonly #page: Page;
  readonly #port: Port<BookAsk, BookTell>;
  readonly #ends: (() => void)[] = [];
  /** The question whose answer is awaited. */
  #question = 0;
  /** What to do with the answer. */
  #arrived: (played: Played) => void = () => undefined;
  /** Whether the shown error belongs to this view's request; the next answer removes it. */
  #hasComplained = false;
  /** The packed text of a scenario that is not in the library. */
  #packed: string | undefined;

  constructor(page: Page) {
    this.#page = page;
    this.asked = signal(LANDING_ASKED);
    this.stage = new Stage((turns, film, frame) => this.#branch(turns, film, frame));
    this.#port = page.startWorker('book');
    this.#ends.push(this.#port.hear((message) => this.#hear(message)));
    this.#port.ask({ kind: 'library' });
    if (page.file === undefined) void this.restate(page.state);
    else void this.#openFile(page.file);
    this.#ends.push(effect(() => this.#report()));
  }

  /** Shows what an address says. */
  async restate(state: ViewState): Promise<void> {
    const asked = await this.#askedIn(state);
    if (asked === undefined) return;
    const { at, print, model } = state;
    this.stage.onlyChanges.value = state['changes'] === '1';
    this.#play(asked, (played) => {
      const line = lineOf(played.films);
      const position = at === undefined ? this.#opening(played) : Number(at);
      this.stage.show(played.films, Number.isInteger(position) ? position : 0);
      const now = fingerprint(played.films, line.framesAt(this.stage.position.value));
      this.stale.value =
        print === undefined || print === now
          ? undefined
          : `This link was made by folioscope ${model ?? 'of an unknown version'}. In ${FOLIOSCOPE_VERSION} step ${position} is another state: the model has changed since.`;
    });
  }

  /** Another scenario or other forms, chosen in the page. */
  choose(change: Partial<Asked>): void {
    this.stale.value = undefined;
    const asked = { ...this.asked.value, schedule: undefined, ...change };
    this.#play(asked, (played) => this.stage.show(played.films, this.#opening(played)));
  }

  /** Whether this is the landing page's scenario, which has words of its own. */
  get isLanding(): boolean {
    return isLandingOf(this.asked.value);
  }

  unmount(): void {
    for (const end of this.#ends) end();
    this.#port.stop();
    this.stage.unmount();
  }

  /** First position of a run: on the landing page the check's last look, otherwise the start of the threads. */
  #opening({ films }: Played): number {
    const line = lineOf(films);
    const decisive = this.isLanding ? decisivePosition(films, line) : undefined;
    return decisive ?? Math.max(0, ...films.map(({ start }, i) => line.positionOf(i, start)));
  }

  /** Branches off: a film's turns up to a frame, and then one chosen turn. */
  #branch(turns: readonly string[], film: number, frame: number): void {
    const schedule = formatSchedule({ kind: 'list', turns: turnsTaken(turns) }).replace(/^v1:list:/, '');
    this.stale.value = undefined;
    this.#play({ ...this.asked.value, schedule }, ({ films }) =>
      this.stage.show(films, lineOf(films).positionOf(film, frame)),
    );
  }

  #play(asked: Asked, arrived: (played: Played) => void, recorded?: { file: string; text: string }): void {
    // The request becomes the shown state and the address only when the films have arrived.
    this.#arrived = (played) => {
      this.asked.value = asked;
      arrived(played);
    };
    const id = ++this.#question;
    const ready = recorded === undefined && asked.schedule === undefined && isLandingOf(asked) ? landing() : undefined;
    if (ready !== undefined) {
      this.#show(ready.played);
      this.stage.everyOrder.value = ready.everyOrder;
      return;
    }
    this.#port.ask({ kind: 'play', id, ...asked, ...(recorded === undefined ? {} : { recorded }) });
  }

  #show(played: Played): void {
    if (this.#hasComplained) this.#page.complain(undefined);
    this.#hasComplained = false;
    batch(() => {
      this.scenario.value = played.scenario;
      this.#arrived(played);
    });
  }

  #hear(message: BookTell): void {
    switch (message.kind) {
      case 'library':
        this.shelf.value = message;
        return;
      case 'played':
        if (message.id === this.#question) this.#show(message);
        return;
      case 'every-order':
        if (message.id === this.#question)
          this.stage.everyOrder.value = [...this.stage.everyOrder.value, message.answer];
        return;
      case 'bad':
        if (message.id === this.#question) this.#complain(message.line);
    }
  }

  #complain(line: string): void {
    this.#hasComplained = true;
    this.#page.complain(line);
  }

  async #askedIn(state: ViewState): Promise<Asked | undefined> {
    const forms = (state['forms'] ?? LANDING_FORMS.join(',')).split(',').slice(0, 2);
    const { schedule, text, file = 'a link', scenario = LANDING_SCENARIO } = state;
    if (text === undefined) return { scenario: { kind: 'library', name: scenario }, forms, schedule };
    const read = await unpacked(text);
    this.#packed = text;
    if (read !== undefined) return { scenario: { kind: 'text', file, text: read }, forms, schedule };
    this.#complain(`${file}: the scenario in this link cannot be read: the link has been cut off`);
    return undefined;
  }

  async #openFile({ name, content, beside = [] }: OpenedFile): Promise<void> {
    const text = await content.text();
    const document = recordedIn(text);
    if (document === undefined) {
      this.#packed = await packed(text);
      const asked = {
        scenario: { kind: 'text', file: name, text },
        forms: LANDING_FORMS,
        schedule: undefined,
      } as const;
      this.#play(asked, (played) => this.stage.show(played.films, this.#opening(played)));
      return;
    }
    const [own] = beside;
    const ownText = await own?.content.text();
    const isKnown = own === undefined || ownText === undefined;
    if (!isKnown) this.#packed = await packed(ownText);
    const scenario: ScenarioSource = isKnown
      ? { kind: 'library', name: document.scenario }
      : { kind: 'text', file: own.name, text: ownText };
    this.#play(
      { scenario, forms: document.forms, schedule: undefined },
      ({ films }) => {
        const turns = films[0]?.schedule.replace(/^v1:list:/, '');
        this.asked.value = { ...this.asked.value, schedule: turns };
        this.stage.show(films, Math.max(0, ...films.map(({ start }) => start)));
      },
      { file: name, text },
    );
  }

  #report(): void {
    const { films } = { films: this.stage.films.value };
    const { scenario, forms, schedule } = this.asked.value;
    const position = this.stage.position.value;
    const changes = this.stage.onlyChanges.value;
    if (films.length === 0) return;
    const named: ViewState =
      scenario.kind === 'library'
        ? { scenario: scenario.name }
        : { file: scenario.file, ...(isShort(this.#packed) ? { text: this.#packed } : {}) };
    this.#page.report(
      {
        ...named,
        forms: forms.join(','),
        at: String(position),
        model: FOLIOSCOPE_VERSION,
        print: fingerprint(films, this.stage.frames.value),
        ...(schedule === undefined ? {} : { schedule }),
        ...(changes ? { changes: '1' } : {}),
      },
      'replace',
    );
  }
}

const isLandingOf = ({ scenario, forms }: Asked): boolean =>
  scenario.kind === 'library' && scenario.name === LANDING_SCENARIO && forms.join() === LANDING_FORMS.join();

const isShort = (text: string | undefined): text is string => text !== undefined && text.length <= MOST_IN_ADDRESS;

const LANDING_ASKED: Asked = {
  scenario: { kind: 'library', name: LANDING_SCENARIO },
  forms: LANDING_FORMS,
  schedule: undefined,
};

/** The landing page's films, computed by the build with the same model; undefined if the build has none. */
function landing(): { readonly played: Played; readonly everyOrder: readonly EveryOrder[] } | undefined {
  const text = document.querySelector('#folioscope-landing')?.textContent;
  if (text === undefined || text === null) return undefined;
  // Written by the build of this very page.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { played, everyOrder } = JSON.parse(text) as {
    readonly played: Played;
    readonly everyOrder: readonly EveryOrder[];
  };
  return { played: { ...played, films: played.films.map(interned) }, everyOrder };
}

/** Header of a document of `run --json` or `check --json`. */
interface RecordedDocument {
  /** Name of its scenario, in the library. */
  readonly scenario: string;
  readonly forms: readonly string[];
}

/** The header of a text; undefined if the text is no such document. */
function recordedIn(text: string): RecordedDocument | undefined {
  if (!/^\s*\{/.test(text) || !/"schema": *"folioscope\.(?:run|check)\/1"/.test(text)) return undefined;
  const [, file = ''] = /"file": *"([^"]*)"/.exec(text) ?? [];
  const [, form] = /"patch": *"([^"]*)"/.exec(text) ?? [];
  const name = (file.split('/').at(-1) ?? '').replace(/\.(?:ya?ml|json)$/, '');
  return { scenario: name, forms: form === undefined ? LANDING_FORMS : [form] };
}
