// SPDX-License-Identifier: MIT
import { batch, type Signal, signal } from '@preact/signals';
import type { Page, Port, ViewState } from '../view/index.ts';
import type { CheckAsk, Checked, CheckTell, Progress } from './protocol.ts';

/** The forms to check if the address names none: those of the series. */
const FORMS: readonly string[] = ['baseline', 'local-drain', 'v6', 'v8', 'drain-for-folio'];
const SCENARIO = 'SC-02-other-cpu';

/** States after which a check ends: some hundreds of megabytes. */
const MOST_STATES = 2_000_000;

/** A check of one form: its progress, or its result. */
export type Running =
  | { readonly state: 'waits' }
  | { readonly state: 'runs'; readonly progress: Progress | undefined; readonly since: number }
  | { readonly state: 'stopped'; readonly progress: Progress | undefined }
  | { readonly state: 'done'; readonly checked: Checked; readonly seconds: number };

/** The state of the check view: one scenario, and its forms one after the other. */
export class Checks {
  readonly scenario: Signal<string> = signal(SCENARIO);
  readonly shelf: Signal<Extract<CheckTell, { kind: 'library' }> | undefined> = signal(undefined);
  readonly forms: Signal<readonly string[]> = signal(FORMS);
  readonly runs: Signal<ReadonlyMap<string, Running>> = signal(new Map());
  readonly page: Page;
  #port: Port<CheckAsk, CheckTell>;
  #id = 0;
  /** The form that is being checked. */
  #now: string | undefined;

  constructor(page: Page) {
    this.page = page;
    this.#port = this.#started();
    this.#port.ask({ kind: 'library' });
    this.restate(page.state);
  }

  restate(state: ViewState): void {
    this.stop();
    const { scenario = SCENARIO, forms } = state;
    batch(() => {
      this.scenario.value = scenario;
      this.forms.value = forms === undefined || forms === '' ? FORMS : forms.split(',');
      this.runs.value = new Map();
    });
    if (state['run'] === '1') this.start();
  }

  get isRunning(): boolean {
    return [...this.runs.value.values()].some(({ state }) => state === 'runs' || state === 'waits');
  }

  /** Checks every chosen form, one after the other. */
  start(): void {
    this.stop();
    this.page.complain(undefined);
    this.runs.value = new Map(this.forms.value.map((form) => [form, { state: 'waits' }]));
    this.#report('1');
    this.#next();
  }

  /** Stops the running check: its worker is ended in the middle of a step. */
  stop(): void {
    if (!this.isRunning) return;
    this.#port.stop();
    this.#port = this.#started();
    const runs = [...this.runs.value].map(([form, run]): [string, Running] =>
      run.state === 'done'
        ? [form, run]
        : [form, { state: 'stopped', progress: run.state === 'runs' ? run.progress : undefined }],
    );
    this.#now = undefined;
    this.runs.value = new Map(runs);
  }

  chooseScenario(name: string): void {
    this.stop();
    batch(() => {
      this.scenario.value = name;
      this.runs.value = new Map();
    });
    this.#report(undefined);
  }

  chooseForm(form: string, isChosen: boolean): void {
    this.stop();
    const all = this.shelf.value?.forms ?? FORMS;
    const chosen = new Set(this.forms.value);
    if (isChosen) chosen.add(form);
    else chosen.delete(form);
    this.forms.value = all.filter((one) => chosen.has(one));
    this.#report(undefined);
  }

  /** Opens a form's counterexample, or its run, in the flip-book. */
  show({ scenario, form, schedule }: Checked): void {
    const turns = schedule?.replace(/^v1:list:/, '');
    this.page.open('book', { scenario, forms: form, ...(turns === undefined ? {} : { schedule: turns }) });
  }

  unmount(): void {
    this.#port.stop();
  }

  #started(): Port<CheckAsk, CheckTell> {
    const port = this.page.startWorker<CheckAsk, CheckTell>('check');
    port.hear((message) => this.#hear(message));
    return port;
  }

  #next(): void {
    const [form] = [...this.runs.value].find(([, { state }]) => state === 'waits') ?? [];
    this.#now = form;
    if (form === undefined) return;
    this.#set(form, { state: 'runs', progress: undefined, since: performance.now() });
    const id = ++this.#id;
    this.#port.ask({ kind: 'start', id, scenario: this.scenario.value, form, mostStates: MOST_STATES });
  }

  #hear(message: CheckTell): void {
    if (message.kind === 'library') {
      this.shelf.value = message;
      return;
    }
    const form = this.#now;
    const run = form === undefined ? undefined : this.runs.value.get(form);
    if (message.id !== this.#id || form === undefined || run?.state !== 'runs') return;
    switch (message.kind) {
      case 'progress':
        this.#set(form, { ...run, progress: message.progress });
        return;
      case 'checked':
        this.#set(form, { state: 'done', checked: message.checked, seconds: (performance.now() - run.since) / 1000 });
        this.page.say(`${form}: ${message.checked.verdict}`);
        this.#next();
        return;
      case 'bad':
        this.page.complain(message.line);
        this.stop();
    }
  }

  #set(form: string, run: Running): void {
    this.runs.value = new Map(this.runs.value).set(form, run);
  }

  #report(run: string | undefined): void {
    this.page.report(
      {
        scenario: this.scenario.value,
        forms: this.forms.value.join(','),
        ...(run === undefined ? {} : { run }),
      },
      'replace',
    );
  }
}
