// SPDX-License-Identifier: MIT
import type { Book } from './model.ts';
import { StageView } from './stage.tsx';

const LANDING_CAPTIONS = [
  'CPU 1’s batch of recently touched pages still holds the page.',
  'The check first has every CPU empty its batch, and then counts again.',
];

/** The flip-book: the question, the choice of scenario and forms, and the stage. */
export function BookView({ book }: { readonly book: Book }) {
  const scenario = book.scenario.value;
  const { forms } = book.asked.value;
  const isLanding = book.isLanding;
  return (
    <div class="book">
      <div class="lead">
        {isLanding ? (
          <>
            <h1>Nobody uses this page any more. Will the kernel let it go?</h1>
            <p>
              CPU 1 touched a virtual machine’s page (guest_memfd) once. Now CPU 0 asks to make it private to the guest,
              which the kernel must refuse while anyone holds the page. Its check before the patch, and after it:
            </p>
          </>
        ) : (
          <>
            <h1>{scenario?.title ?? ''}</h1>
            {scenario?.about === undefined ? undefined : <p>{scenario.about.trim()}</p>}
          </>
        )}
      </div>
      <Setup book={book} />
      {book.stale.value === undefined ? undefined : (
        <p class="stale" role="status">
          {book.stale.value}
        </p>
      )}
      <StageView
        stage={book.stage}
        titles={isLanding ? ['Before the patch', 'After the patch'] : forms}
        captions={isLanding ? LANDING_CAPTIONS : []}
      />
    </div>
  );
}

/** The choice of scenario and forms. */
function Setup({ book }: { readonly book: Book }) {
  const library = book.shelf.value;
  const scenario = book.scenario.value;
  const { scenario: source, forms, schedule } = book.asked.value;
  const [first = '', second = ''] = forms;
  const names = library?.forms.map(({ name }) => name) ?? [...forms];
  const choose = (list: readonly string[]): void => book.choose({ forms: list.filter((name) => name !== '') });
  return (
    <div class="setup">
      <label>
        <span>Scenario</span>
        <select
          value={source.kind === 'library' ? source.name : ''}
          onInput={({ currentTarget }) => book.choose({ scenario: { kind: 'library', name: currentTarget.value } })}
        >
          {source.kind === 'text' ? <option value="">{source.file}</option> : undefined}
          {(library?.scenarios ?? (source.kind === 'library' ? [{ name: source.name, title: '' }] : [])).map(
            ({ name, title }) => (
              <option key={name} value={name}>
                {name}
                {title === '' ? '' : `: ${title}`}
              </option>
            ),
          )}
        </select>
      </label>
      <label>
        <span>Check</span>
        <select value={first} onInput={({ currentTarget }) => choose([currentTarget.value, second])}>
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        <span>beside</span>
        <select value={second} onInput={({ currentTarget }) => choose([first, currentTarget.value])}>
          <option value="">no other</option>
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <p class="dim">
        {scenario === undefined ? '' : `${scenario.profile} · ${scenario.cpus} CPUs`}
        {schedule === undefined ? '' : ' · turns of your own '}
        {schedule === undefined ? undefined : (
          <button type="button" class="link" onClick={() => book.choose({})}>
            as written
          </button>
        )}
      </p>
    </div>
  );
}
