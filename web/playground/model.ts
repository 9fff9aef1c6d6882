// SPDX-License-Identifier: MIT
import { batch, effect, type Signal, signal } from '@preact/signals';
import { formatSchedule, turnsTaken } from '../../src/machine/index.ts';
import { packed, unpacked } from '../address/index.ts';
import { type ShownScenario, Stage } from '../book/index.ts';
import type { Page, Port, ViewState } from '../view/index.ts';
import { grammarBytes } from './grammar.ts';
import type { Judged, Mistake, PlaygroundAsk, PlaygroundTell } from './protocol.ts';

/** The form that the playground opens with. */
const FIRST = 'v6';
/** Milliseconds without a key after which a text is judged. */
const PAUSE = 250;

/** The playground's state: a text, its verdicts, and a run. */
export class Playground {
  readonly stage: Stage;
  readonly forms: Signal<readonly (readonly [name: string, text: string])[]> = signal([]);
  /** The menu's form that the text was taken from; the text may have changed since. */
  readonly form: Signal<string> = signal(FIRST);
  readonly text: Signal<string> = signal('');
  readonly mistakes: Signal<readonly Mistake[]> = signal([]);
  readonly scenarios: Signal<readonly string[]> = signal([]);
  readonly judged: Signal<readonly Judged[]> = signal([]);
  readonly isJudging: Signal<boolean> = signal(true);
  /** The scenario that is played. */
  readonly shown: Signal<ShownScenario | undefined> = signal(undefined);
  readonly #page: Page;
  readonly #port: Port<PlaygroundAsk, PlaygroundTell>;
  readonly #ends: (() => void)[] = [];
  #id = 0;
  #runs = 0;
  #playing: { readonly id: number; readonly arrived: () => number } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The scenario and turns that the address or the reader has chosen; the shortest violation if undefined. */
  #chosen: { readonly scenario: string; readonly schedule: string | undefined } | undefined;
  #at: number | undefined;
  /** The text, packed for the address; undefined while it is one of the menu's. */
  readonly #packed: Signal<string | undefined> = signal(undefined);

  constructor(page: Page) {
    this.#page = page;
    this.stage = new Stage((turns, _, frame) => this.#branch(turns, frame));
    this.#port = page.startWorker('playground');
    this.#ends.push(this.#port.hear((message) => void this.#hear(message)));
    grammarBytes().then(
      ({ grammar, runtime }) => this.#port.ask({ kind: 'ready', grammar, runtime }, [grammar, runtime]),
      (error: unknown) => page.complain(error instanceof Error ? error.message : String(error)),
    );
    this.#ends.push(effect(() => this.#report()));
  }

  /** A text was typed. */
  typed(text: string): void {
    this.text.value = text;
    this.#chosen = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#judge(), PAUSE);
  }

  /** A form of the menu. */
  choose(name: string): void {
    const text = this.forms.value.find(([one]) => one === name)?.[1];
    if (text === undefined) return;
    batch(() => {
      this.form.value = name;
      this.text.value = text;
    });
    this.#chosen = undefined;
    void this.#judge();
  }

  /** Plays a scenario: its counterexample, or its own schedule. */
  show({ scenario, schedule }: Judged): void {
    this.#chosen = { scenario, schedule };
    this.#play(scenario, schedule, () => this.#start());
  }

  async restate(state: ViewState): Promise<void> {
    const { form = FIRST, code, scenario, schedule, at } = state;
    const written = code === undefined ? undefined : await unpacked(code);
    if (code !== undefined && written === undefined)
      this.#page.complain('the code in this link cannot be read: the link has been cut off');
    const text = written ?? this.forms.value.find(([name]) => name === form)?.[1] ?? '';
    this.#chosen = scenario === undefined ? undefined : { scenario, schedule };
    this.#at = at === undefined ? undefined : Number(at);
    batch(() => {
      this.form.value = form;
      this.text.value = text;
    });
    await this.#judge();
  }

  unmount(): void {
    clearTimeout(this.#timer);
    for (const end of this.#ends) end();
    this.#port.stop();
    this.stage.unmount();
  }

  async #judge(): Promise<void> {
    const own = this.forms.value.find(([name]) => name === this.form.value)?.[1];
    this.#packed.value = own === this.text.value ? undefined : await packed(this.text.value);
    this.isJudging.value = true;
    const name = this.form.value.split('/').at(-1) ?? FIRST;
    this.#port.ask({ kind: 'judge', id: ++this.#id, name: `${name}-c`, text: this.text.value });
  }

  async #hear(message: PlaygroundTell): Promise<void> {
    if (message.kind === 'ready') {
      this.forms.value = message.forms;
      const { file } = this.#page;
      if (file === undefined) await this.restate(this.#page.state);
      else {
        this.text.value = await file.content.text();
        await this.#judge();
      }
      return;
    }
    if (message.kind === 'played') {
      if (message.id !== this.#playing?.id) return;
      this.stage.show([message.film], 0);
      this.stage.seek(this.#playing.arrived());
      this.shown.value = message.scenario;
      return;
    }
    if (message.id !== this.#id && message.id !== this.#playing?.id) return;
    switch (message.kind) {
      case 'mistakes':
        batch(() => {
          this.mistakes.value = message.mistakes;
          this.isJudging.value = false;
        });
        this.#page.say(message.mistakes.map(({ line, what }) => `line ${line}: ${what}`).join('; '));
        return;
      case 'translated':
        batch(() => {
          this.mistakes.value = [];
          this.judged.value = [];
          this.scenarios.value = message.scenarios;
        });
        this.#playFirst(message.scenarios[0] ?? '');
        return;
      case 'judged':
        this.judged.value = [...this.judged.value, message.judged];
        return;
      case 'all-judged':
        this.isJudging.value = false;
        this.#playShortest();
    }
  }

  /** While verdicts arrive, plays the first scenario, or the one that the address names. */
  #playFirst(first: string): void {
    const { scenario, schedule } = this.#chosen ?? { scenario: first, schedule: undefined };
    const at = this.#at;
    this.#at = undefined;
    this.#play(scenario, schedule, () => at ?? this.#start());
  }

  /** Plays the shortest run against a property: the form's error in the fewest steps. */
  #playShortest(): void {
    if (this.#chosen !== undefined) return;
    const [shortest] = this.judged.value
      .filter(({ steps, isExpected }) => steps !== undefined && !isExpected)
      .toSorted((a, b) => (a.steps ?? 0) - (b.steps ?? 0));
    if (shortest !== undefined) this.#play(shortest.scenario, shortest.schedule, () => this.#start());
    this.#page.say(shortest === undefined ? 'every property holds' : `${shortest.violated.join(', ')} violated`);
  }

  #start(): number {
    return this.stage.films.value[0]?.start ?? 0;
  }

  #branch(turns: readonly string[], frame: number): void {
    const scenario = this.#playedName;
    const schedule = formatSchedule({ kind: 'list', turns: turnsTaken(turns) });
    this.#chosen = { scenario, schedule };
    this.#play(scenario, schedule, () => frame);
  }

  #playedName = '';

  #play(scenario: string, schedule: string | undefined, arrived: () => number): void {
    this.#playedName = scenario;
    // Negative, so that a run's number never equals a text's number.
    const id = --this.#runs;
    this.#playing = { id, arrived };
    this.#port.ask({ kind: 'play', id, scenario, schedule });
  }

  #report(): void {
    const form = this.form.value;
    const at = this.stage.position.value;
    const code = this.#packed.value;
    if (this.text.value === '' || this.stage.films.value.length === 0) return;
    const chosen = this.#chosen;
    this.#page.report(
      {
        form,
        at: String(at),
        ...(code === undefined ? {} : { code }),
        ...(chosen === undefined
          ? {}
          : { scenario: chosen.scenario, ...(chosen.schedule === undefined ? {} : { schedule: chosen.schedule }) }),
      },
      'replace',
    );
  }
}
