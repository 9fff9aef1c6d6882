// SPDX-License-Identifier: MIT
import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { formatAddress } from '../address/index.ts';
import type { Shell } from './shell.ts';
import { Help } from './help.tsx';

/** Header, the place of the views, messages. */
export function Frame({ shell }: { readonly shell: Shell }) {
  const host = useRef<HTMLElement>(null);
  useEffect(() => {
    if (host.current !== null) shell.attach(host.current);
  }, [shell]);
  useSignalEffect(() => {
    document.documentElement.dataset['view'] = shell.address.value.view;
  });
  return (
    <>
      <a class="unseen skip" href="#main">
        To the view
      </a>
      <header class="head">
        <a class="head-name" href={`#${formatAddress({ view: 'book', state: {} })}`}>
          folioscope
        </a>
        <nav aria-label="Views">
          {shell.views.map(({ id, title }) => (
            <a
              key={id}
              href={`#${formatAddress({ view: id, state: {} })}`}
              aria-current={shell.address.value.view === id ? 'page' : undefined}
            >
              {title}
            </a>
          ))}
        </nav>
        <div class="head-tools">
          <button type="button" title="Open a file (O), or drop one on the page" onClick={() => shell.chooseFile()}>
            Open…
          </button>
          <button
            type="button"
            title="Save the visible view as a picture (X: SVG, Shift+X: PNG)"
            onClick={() => void shell.savePicture('svg')}
          >
            Picture
          </button>
          <button type="button" title="Light or dark (T)" onClick={() => shell.toggleTheme()}>
            {shell.theme.value === 'dark' ? 'Light' : 'Dark'}
          </button>
          <button
            type="button"
            aria-label="Keys and words"
            title="Keys and words (?)"
            onClick={() => (shell.isHelpOpen.value = true)}
          >
            ?
          </button>
        </div>
      </header>
      {shell.complaint.value === undefined ? undefined : (
        <p class="complaint" role="alert">
          {shell.complaint.value}
        </p>
      )}
      {shell.isDropping.value ? (
        <p class="dropping">Drop a recording, a scenario, a counterexample or a check in C</p>
      ) : undefined}
      <main id="main" ref={host} tabIndex={-1} />
      <p class="unseen" role="status">
        {shell.said.value}
      </p>
      {shell.isHelpOpen.value ? (
        <Help
          view={shell.views.find(({ id }) => id === shell.address.value.view)?.title ?? ''}
          keys={shell.mounted.value?.keys ?? []}
          onClose={() => (shell.isHelpOpen.value = false)}
        />
      ) : undefined}
    </>
  );
}
