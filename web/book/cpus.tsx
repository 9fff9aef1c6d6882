// SPDX-License-Identifier: MIT
import { HOLDER_LOOKS } from '../design/index.ts';
import type { Film, FilmBatch, FilmTask, Frame } from './film.ts';
import { EMPTY } from './empty.ts';
import type { PanelProps } from './folios.tsx';

interface CpusProps extends PanelProps {
  /** Lets another task take the next turn. */
  readonly onChoose: (task: number) => void;
}

/** CPUs as columns: their batches, and the tasks on them. */
export function Cpus(props: CpusProps) {
  const { film, at, onlyChanges } = props;
  const frame = film.frames[at];
  const before = film.frames[at - 1] ?? frame;
  if (frame === undefined || before === undefined) return undefined;
  const cpus = frame.batches.map((batches, cpu) => ({ cpu, batches, was: before.batches[cpu] ?? batches }));
  const shown = cpus.filter(
    ({ cpu, batches, was }) => !onlyChanges || batches !== was || frame.step?.cpu === cpu || at === 0,
  );
  return (
    <div class="cpus">
      {shown.map(({ cpu, batches, was }) => (
        <section class="cpu" key={cpu} aria-label={`CPU ${cpu}`}>
          <h3>CPU {cpu}</h3>
          {batches.map((batch, i) => (
            <Batch key={batch.kind} batch={batch} before={was[i] ?? batch} frame={frame} cpu={cpu} />
          ))}
          <div class="tasks">
            {frame.tasks.map((task, number) =>
              task.cpu === cpu && isShown(film, frame, number) ? (
                <Task key={number} number={number} task={task} {...props} />
              ) : undefined,
            )}
          </div>
        </section>
      ))}
    </div>
  );
}

/** An idle kworker is not shown. */
const isShown = ({ threads }: Film, { tasks, step }: Frame, number: number): boolean =>
  number < threads || tasks[number]?.state !== 'idle' || step?.task === number;

const BATCH_NAMES: Readonly<Record<FilmBatch['kind'], string>> = {
  'lru-add-batch': 'lru_add batch',
  'mlock-batch': 'mlock batch',
};

interface BatchProps {
  readonly batch: FilmBatch;
  readonly before: FilmBatch;
  readonly frame: Frame;
  readonly cpu: number;
}

/** A batch as its places; a flush empties them one after the other. */
function Batch({ batch, before, frame, cpu }: BatchProps) {
  const { places, kind } = batch;
  const filled = places.filter((of) => of !== EMPTY);
  const was = before.places.filter((of) => of !== EMPTY).length;
  const name = BATCH_NAMES[kind];
  const pageOf = (folio: number): string => {
    const found = frame.folios.find(({ number }) => number === folio);
    return found?.index === undefined ? `folio ${folio}` : `page ${found.index}`;
  };
  const isWide = filled.length > 0 && filled.length <= 2;
  const amount =
    filled.length === 0
      ? was > 0
        ? `flushed, ${was} → 0`
        : 'empty'
      : `${filled.length} of ${places.length}${isWide ? `: ${filled.map(pageOf).join(', ')}` : ''}`;
  return (
    <figure class="batch" style={{ '--kind': `var(${HOLDER_LOOKS[kind].colour})` }}>
      <div class="places" aria-hidden="true" style={{ gridTemplateColumns: `repeat(${places.length}, 1fr)` }}>
        {places.map((of, place) => (
          <i
            key={place}
            class={`${of === EMPTY ? '' : 'is-full'}${of === before.places[place] ? '' : ' is-changed'}`}
          />
        ))}
      </div>
      <figcaption>
        {name}
        <span class="unseen"> of CPU {cpu}</span>: {amount}
      </figcaption>
    </figure>
  );
}

interface TaskProps extends CpusProps {
  readonly number: number;
  readonly task: FilmTask;
}

function Task({ film, at, number, task, onChoose }: TaskProps) {
  const name = film.tasks[number] ?? '';
  const step = film.frames[at]?.step;
  const moved = step !== undefined && step.task === number;
  const isNext = film.frames[at + 1]?.step?.task === number;
  const isChoice = task.state === 'ready' && !isNext && at >= film.start;
  const path = moved ? step.path : task.path;
  const done = moved ? step.name : undefined;
  return (
    <div class={`task is-${task.state}${moved ? ' is-moved' : ''}`}>
      <p class="task-name">
        <b>{name}</b> <span class="dim">{task.call ?? (task.state === 'done' ? 'has returned' : '')}</span>
        {isChoice ? (
          <button type="button" class="choose" onClick={() => onChoose(number)}>
            run {name}
            {number < 9 ? <kbd>{number + 1}</kbd> : undefined}
          </button>
        ) : undefined}
      </p>
      {path
        .filter((routine, i) => i !== path.length - 1 || routine !== (done ?? task.next))
        .slice(-2)
        .map((routine) => (
          <p class="code" key={routine}>
            {routine}
          </p>
        ))}
      {moved ? (
        <p class="code">
          <mark>
            {step.name}
            {step.read === undefined ? '' : ` → ${step.read.count}`}
            {step.returned === undefined ? '' : ` → ${step.returned}`}
          </mark>
        </p>
      ) : undefined}
      {task.next === undefined ? undefined : (
        <p class="code dim">
          {task.state === 'waits' ? 'waits at ' : task.state === 'idle' ? 'idle' : 'next '}
          {task.state === 'idle' ? '' : task.next}
        </p>
      )}
      {task.state === 'waits'
        ? task.waitsFor.map(({ name: element, value }) => (
            <p class="code dim" key={element}>
              for {element}, now {value}
            </p>
          ))
        : undefined}
    </div>
  );
}
