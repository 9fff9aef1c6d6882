// SPDX-License-Identifier: MIT
import { FORMS } from './protocol.ts';
import { scenarioTexts } from '../library/index.ts';
import { Bar } from './bar.tsx';
import { LaneTable } from './lane-table.tsx';
import { Panel } from './panel.tsx';
import { Stage } from './stage.tsx';
import type { TimelineModel } from './view-model.ts';

/** The subject of the mail: a page that was faulted on another CPU. */
const FIRST_RUN = 'SC-02-other-cpu';

/** The whole view: the open recording, the lanes, and the holders of the folio at the cursor. */
export function TimelineView({ model }: { readonly model: TimelineModel }) {
  const timeline = model.timeline.value;
  if (timeline === undefined) return <Empty model={model} />;
  return (
    <div class="tl">
      <h1 class="unseen">Timeline of {timeline.name}</h1>
      <Bar model={model} timeline={timeline} />
      <div class="tl-main">
        <Stage model={model} timeline={timeline} />
        <Panel model={model} timeline={timeline} />
      </div>
      <LaneTable model={model} timeline={timeline} />
    </div>
  );
}

function Empty({ model }: { readonly model: TimelineModel }) {
  const share = model.reading.value;
  if (share !== undefined)
    return (
      <div class="tl-empty">
        <h1>Reading the recording</h1>
        <p>
          <progress value={share} max={1} aria-label="Read" /> {Math.round(100 * share)} %
        </p>
      </div>
    );
  return (
    <div class="tl-empty">
      <h1>Who held the page, and when?</h1>
      <p class="dim">
        Open a recording of a real kernel: <code>trace.dat</code>, or the text of ftrace, <code>trace-cmd report</code>{' '}
        or <code>perf script</code>. It is read here, in this page; nothing is sent anywhere.
      </p>
      <p>
        <label class="button primary tl-file">
          Open a recording
          <input
            type="file"
            class="unseen"
            onChange={({ currentTarget: { files } }) => {
              const file = files?.[0];
              if (file !== undefined) model.openFile(file.name, file);
            }}
          />
        </label>{' '}
        <span class="dim">or drop it on the page.</span>
      </p>
      <Runs model={model} />
    </div>
  );
}

/** Runs of the model, for readers without a recording. */
function Runs({ model }: { readonly model: TimelineModel }) {
  const names = [...scenarioTexts().keys()].filter((name) => name.startsWith('SC-')).toSorted();
  const chosen = (form: HTMLFormElement, field: string): string => {
    const select = form.elements.namedItem(field);
    return select instanceof HTMLSelectElement ? select.value : '';
  };
  return (
    <form
      class="tl-runs"
      onSubmit={(event) => {
        event.preventDefault();
        const form = event.currentTarget;
        model.openRun(chosen(form, 'run'), chosen(form, 'form'));
      }}
    >
      <p>Or look at a run of the model as if a kernel had recorded it:</p>
      <p class="tl-choices">
        <label>
          <span class="small dim">scenario</span>
          <select name="run">
            {names.map((name) => (
              <option key={name} value={name} selected={name === FIRST_RUN}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span class="small dim">form of the check</span>
          <select name="form">
            {FORMS.map((name) => (
              <option key={name} value={name} selected={name === 'v6'}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button type="submit">Show</button>
      </p>
    </form>
  );
}
