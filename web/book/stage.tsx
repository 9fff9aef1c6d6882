// SPDX-License-Identifier: MIT
import { Icon } from './icons.tsx';
import { Panel } from './panel.tsx';
import { Scrubber } from './scrubber.tsx';
import type { Stage } from './stage-model.ts';
import { StepTable } from './step-table.tsx';

interface Props {
  readonly stage: Stage;
  /** Of each film. */
  readonly titles: readonly string[];
  /** A caption of each film in plain words; empty if there are none. */
  readonly captions: readonly string[];
}

/** The films of a stage side by side, and the line below them. */
export function StageView({ stage, titles, captions }: Props) {
  const films = stage.films.value;
  const line = stage.line.value;
  const frames = stage.frames.value;
  const position = stage.position.value;
  if (films.length === 0) return undefined;
  const leading = stage.leading();
  return (
    <div class="stage">
      <div class={films.length > 1 ? 'panels is-two' : 'panels'}>
        {films.map((film, i) => (
          <Panel
            key={`${i}/${film.form}`}
            film={film}
            number={i}
            title={titles[i] ?? film.form}
            caption={captions[i]}
            at={frames[i] ?? 0}
            everyOrder={stage.everyOrder.value.find(({ form }) => form === film.form)}
            onlyChanges={stage.onlyChanges.value}
            onFrame={(frame) => stage.seekFrame(i, frame)}
            onChoose={(task) => stage.choose(i, task)}
          />
        ))}
      </div>
      <div class="player">
        <div class="player-buttons">
          <button type="button" aria-label="First step" title="First step (Home)" onClick={() => stage.seek(0)}>
            <Icon name="first" />
          </button>
          <button type="button" aria-label="Step back" title="Step back (←)" onClick={() => stage.seek(position - 1)}>
            <Icon name="back" />
          </button>
          <button type="button" class="primary" title="Play or pause (Space)" onClick={() => stage.play()}>
            <Icon name={stage.isPlaying.value ? 'pause' : 'play'} /> {stage.isPlaying.value ? 'Pause' : 'Play'}
          </button>
          <button type="button" aria-label="Next step" title="Next step (→)" onClick={() => stage.seek(position + 1)}>
            <Icon name="next" />
          </button>
          <button type="button" aria-label="Last step" title="Last step (End)" onClick={() => stage.seek(line.end)}>
            <Icon name="last" />
          </button>
        </div>
        <Scrubber films={films} line={line} position={position} onSeek={(to) => stage.seek(to)} />
        <div class="player-text">
          <p>
            step {position} of {line.end}
            <StepText stage={stage} film={leading} />
          </p>
          <label class="only-changes">
            <input
              type="checkbox"
              checked={stage.onlyChanges.value}
              onInput={({ currentTarget }) => (stage.onlyChanges.value = currentTarget.checked)}
            />{' '}
            only what changes
          </label>
        </div>
      </div>
      <StepTable film={films[leading]} at={frames[leading] ?? 0} onFrame={(frame) => stage.seekFrame(leading, frame)} />
    </div>
  );
}

function StepText({ stage, film: number }: { readonly stage: Stage; readonly film: number }) {
  const film = stage.films.value[number];
  const step = film?.frames[stage.frames.value[number] ?? 0]?.step;
  if (film === undefined || step === undefined) return undefined;
  return (
    <>
      {' · '}
      {film.tasks[step.task]} <span class="code">{step.name}</span>
      {step.origin === undefined ? undefined : (
        <span class="origin code dim">
          {step.origin.place}: {step.origin.text}
        </span>
      )}
    </>
  );
}
