// SPDX-License-Identifier: MIT
import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Icon, StageView } from '../book/index.ts';
import { type Editor, makeEditor } from './editor.ts';
import type { Playground } from './model.ts';
import type { Judged, Mistake } from './protocol.ts';

/** C on the left; on the right its verdicts, and a run. */
export function PlaygroundView({ playground }: { readonly playground: Playground }) {
  return (
    <div class="playground">
      <section class="playground-code" aria-label="The check">
        <Menu playground={playground} />
        <Code playground={playground} />
        <Mistakes mistakes={playground.mistakes.value} />
      </section>
      <section class="playground-answer" aria-label="Verdicts and a run">
        <Verdicts playground={playground} />
        <Shown playground={playground} />
      </section>
    </div>
  );
}

function Menu({ playground }: { readonly playground: Playground }) {
  const forms = playground.forms.value.map(([name]) => name);
  const right = forms.filter((name) => !name.startsWith('wrong/'));
  const wrong = forms.filter((name) => name.startsWith('wrong/'));
  return (
    <div class="setup">
      <h1>Change the kernel’s check: each edit is tried in every order of the steps.</h1>
      <label>
        <span>Begin with</span>
        <select value={playground.form.value} onInput={({ currentTarget }) => playground.choose(currentTarget.value)}>
          <optgroup label="Forms of the check">
            {right.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </optgroup>
          <optgroup label="Wrong checks">
            {wrong.map((name) => (
              <option key={name} value={name}>
                {name.slice('wrong/'.length)}
              </option>
            ))}
          </optgroup>
        </select>
      </label>
    </div>
  );
}

function Code({ playground }: { readonly playground: Playground }) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor>(undefined);
  useEffect(() => {
    if (host.current === null) return undefined;
    editor.current = makeEditor(host.current, playground.text.value, (text) => playground.typed(text));
    return () => editor.current?.end();
  }, [playground]);
  useSignalEffect(() => {
    const text = playground.text.value;
    if (editor.current !== undefined && editor.current.text !== text) editor.current.set(text);
  });
  useSignalEffect(() => editor.current?.mark(playground.mistakes.value));
  return <div class="editor" ref={host} />;
}

function Mistakes({ mistakes }: { readonly mistakes: readonly Mistake[] }) {
  if (mistakes.length === 0) return undefined;
  return (
    <ul class="mistakes" aria-label="Mistakes">
      {mistakes.map(({ line, column, what }) => (
        <li key={`${line}/${column}/${what}`}>
          <Icon name="no" /> line {line}: {what}
        </li>
      ))}
    </ul>
  );
}

function Verdicts({ playground }: { readonly playground: Playground }) {
  const judged = playground.judged.value;
  const scenarios = playground.scenarios.value;
  if (playground.mistakes.value.length > 0)
    return <p class="answer-word dim">No verdict: no check can be built from this text.</p>;
  const bad = judged.filter(({ verdict, isExpected }) => verdict === 'violated' && !isExpected);
  const isDone = !playground.isJudging.value;
  return (
    <div class="answer">
      <p class={`answer-word ${bad.length > 0 ? 'bad' : isDone ? 'good' : 'dim'}`}>
        {bad.length > 0 ? (
          <>
            <Icon name="no" /> violated: {namesOf([...new Set(bad.flatMap(({ violated }) => violated))])}
          </>
        ) : isDone && judged.length > 0 ? (
          <>
            <Icon name="yes" /> holds in {judged.length} scenarios
          </>
        ) : (
          'tries all orders of the steps'
        )}
        <span class="small dim">
          {' '}
          {judged.length} of {scenarios.length} scenarios
        </span>
      </p>
      <ul class="answer-rows" aria-label="Verdicts">
        {judged.map((one) => (
          <Row key={one.scenario} judged={one} playground={playground} />
        ))}
      </ul>
    </div>
  );
}

/** `expected` is not a property of the kernel: it stands for the results that the scenario file expects. */
const namesOf = (ids: readonly string[]): string =>
  ids.map((id) => (id === 'expected' ? 'expected results' : id)).join(', ');

const SIGNS = { holds: 'yes', violated: 'no', undecided: 'open' } as const;
const TONES = { holds: 'good', violated: 'bad', undecided: 'unsure' } as const;

function Row({ judged, playground }: { readonly judged: Judged; readonly playground: Playground }) {
  const { scenario, title, verdict, violated, steps, states, isExpected } = judged;
  const isShown = playground.shown.value?.title === title;
  return (
    <li>
      <button
        type="button"
        class="answer-row"
        aria-current={isShown ? 'true' : undefined}
        onClick={() => playground.show(judged)}
      >
        <span class={isExpected && verdict === 'violated' ? 'dim' : TONES[verdict]}>
          <Icon name={SIGNS[verdict]} />
        </span>
        <span>
          {title} <span class="dim">{scenario.split('-').slice(0, 2).join('-')}</span>
        </span>
        <span class="dim">
          {verdict === 'violated'
            ? `${namesOf(violated)} in ${steps === undefined ? 'no run' : `${steps} steps`}${isExpected ? ', as of any form' : ''}`
            : `${verdict}, ${states} states`}
        </span>
      </button>
    </li>
  );
}

function Shown({ playground }: { readonly playground: Playground }) {
  const scenario = playground.shown.value;
  if (scenario === undefined) return undefined;
  return (
    <div class="answer-run">
      <h2>{scenario.title}</h2>
      <StageView stage={playground.stage} titles={['This check']} captions={[]} />
    </div>
  );
}
