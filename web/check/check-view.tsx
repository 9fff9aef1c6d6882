// SPDX-License-Identifier: MIT
import { Icon } from '../book/index.ts';
import type { Checks, Running } from './model.ts';
import type { CheckedProperty, Progress } from './protocol.ts';

/** The check view: the question, the progress, and the table of forms and properties. */
export function ChecksView({ checks }: { readonly checks: Checks }) {
  const runs = checks.runs.value;
  return (
    <div class="checks">
      <div class="lead">
        <h1>Does it hold in every order of the steps?</h1>
        <p>
          A check tries all orders in which the threads of a scenario can take their steps, and asks each property in
          every state. It runs in this page; a violated property comes with the shortest run that shows it.
        </p>
      </div>
      <Setup checks={checks} />
      {runs.size === 0 ? undefined : <Table checks={checks} />}
      {runs.size === 0 ? undefined : <Sentences runs={runs} />}
    </div>
  );
}

function Setup({ checks }: { readonly checks: Checks }) {
  const library = checks.shelf.value;
  const forms = library?.forms ?? checks.forms.value;
  const isRunning = checks.isRunning;
  return (
    <div class="setup checks-setup">
      <label>
        <span>Scenario</span>
        <select
          value={checks.scenario.value}
          onInput={({ currentTarget }) => checks.chooseScenario(currentTarget.value)}
        >
          {(library?.scenarios ?? [{ name: checks.scenario.value, title: '' }]).map(({ name, title }) => (
            <option key={name} value={name}>
              {name}
              {title === '' ? '' : `: ${title}`}
            </option>
          ))}
        </select>
      </label>
      <fieldset>
        <legend>Forms of the kernel’s check: each gets a row</legend>
        {forms.map((form) => (
          <label key={form}>
            <input
              type="checkbox"
              checked={checks.forms.value.includes(form)}
              onInput={({ currentTarget }) => checks.chooseForm(form, currentTarget.checked)}
            />
            {form}
          </label>
        ))}
      </fieldset>
      <button
        type="button"
        class="primary"
        disabled={checks.forms.value.length === 0}
        onClick={() => (isRunning ? checks.stop() : checks.start())}
      >
        {isRunning ? 'Stop' : 'Check'}
      </button>
    </div>
  );
}

const SIGNS = { holds: 'yes', violated: 'no', undecided: 'open' } as const;
const TONES = { holds: 'good', violated: 'bad', undecided: 'unsure' } as const;

function Table({ checks }: { readonly checks: Checks }) {
  const runs = [...checks.runs.value];
  const ids = [
    ...new Set(runs.flatMap(([, run]) => (run.state === 'done' ? run.checked.properties.map(({ id }) => id) : []))),
  ];
  return (
    <div class="checks-scroll" tabIndex={0} role="region" aria-label="Forms and properties">
      <table>
        <thead>
          <tr>
            <th scope="col">Form</th>
            <th scope="col">Verdict</th>
            {/* Beside the verdict: on a phone the columns after it are out of sight. */}
            <th scope="col">
              <span class="unseen">Run</span>
            </th>
            <th scope="col" class="number">
              States
            </th>
            <th scope="col" class="number">
              Transitions
            </th>
            <th scope="col" class="number">
              Depth
            </th>
            {ids.map((id) => (
              <th scope="col" key={id}>
                {id}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map(([form, run]) => (
            <tr key={form}>
              <th scope="row">{form}</th>
              <Row run={run} ids={ids} checks={checks} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const count = (number: number): string => number.toLocaleString('en-US').replaceAll(',', ' ');

function Row({
  run,
  ids,
  checks,
}: {
  readonly run: Running;
  readonly ids: readonly string[];
  readonly checks: Checks;
}) {
  switch (run.state) {
    case 'waits':
      return (
        <td colSpan={5 + ids.length} class="dim">
          waits for its turn
        </td>
      );
    case 'runs':
      return <Numbers word={rateText(run.progress, run.since)} progress={run.progress} more={ids.length} />;
    case 'stopped':
      return <Numbers word="stopped" progress={run.progress} more={ids.length} />;
    case 'done': {
      const { checked } = run;
      return (
        <>
          <td class={TONES[checked.verdict]}>
            <Icon name={SIGNS[checked.verdict]} /> {checked.verdict}
            {checked.reason === undefined ? '' : ` (${checked.reason})`}
            {checked.interpreted ? ' (interpreted, so slower)' : ''}
          </td>
          <td>
            <button type="button" class="link" onClick={() => checks.show(checked)}>
              {checked.schedule === undefined ? 'a run' : 'counterexample'}
              <span class="unseen"> of {checked.form}</span>
            </button>
          </td>
          <td class="number">{count(checked.states)}</td>
          <td class="number">{count(checked.transitions)}</td>
          <td class="number">{count(checked.depth)}</td>
          {ids.map((id) => (
            <Cell key={id} property={checked.properties.find((property) => property.id === id)} />
          ))}
        </>
      );
    }
  }
}

interface NumbersProps {
  readonly word: string;
  readonly progress: Progress | undefined;
  readonly more: number;
}

function Numbers({ word, progress, more }: NumbersProps) {
  return (
    <>
      <td colSpan={2}>{word}</td>
      <td class="number">{progress === undefined ? '' : count(progress.states)}</td>
      <td class="number">{progress === undefined ? '' : count(progress.transitions)}</td>
      <td class="number">{progress === undefined ? '' : count(progress.depth)}</td>
      <td colSpan={more} />
    </>
  );
}

function rateText(progress: Progress | undefined, since: number): string {
  const seconds = (performance.now() - since) / 1000;
  if (progress === undefined || seconds < 0.2) return 'begins';
  const rate = Math.round(progress.states / seconds);
  return `${progress.round > 1 ? `for a shorter run, ` : ''}${count(rate)} states a second`;
}

function Cell({ property }: { readonly property: CheckedProperty | undefined }) {
  if (property === undefined) return <td class="dim">not asked</td>;
  const { verdict, steps, vacuous, detail } = property;
  const why = [vacuous, detail].filter((one) => one !== undefined).join('; ');
  return (
    <td class={TONES[verdict]} title={why === '' ? undefined : why}>
      <Icon name={SIGNS[verdict]} />
      <span class="unseen">{verdict}</span>
      {steps === undefined ? '' : ` ${steps} steps`}
      {vacuous === undefined ? '' : <span class="dim"> vacuous</span>}
    </td>
  );
}

/** The sentences of the properties. */
function Sentences({ runs }: { readonly runs: ReadonlyMap<string, Running> }) {
  const sentences = new Map<string, string>();
  for (const run of runs.values())
    if (run.state === 'done') for (const { id, sentence } of run.checked.properties) sentences.set(id, sentence);
  if (sentences.size === 0) return undefined;
  return (
    <dl class="sentences">
      {[...sentences].map(([id, sentence]) => (
        <div key={id}>
          <dt>{id}</dt>
          <dd>{sentence}</dd>
        </div>
      ))}
    </dl>
  );
}
