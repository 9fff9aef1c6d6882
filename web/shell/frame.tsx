// SPDX-License-Identifier: MIT
import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { formatAddress } from '../address/index.ts';
import type { Shell } from './shell.ts';
import { chosenTheme } from './theme.ts';

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
        <button
          type="button"
          class="head-theme"
          onClick={() => (chosenTheme.value = shell.theme.value === 'dark' ? 'light' : 'dark')}
        >
          {shell.theme.value === 'dark' ? 'Light' : 'Dark'}
        </button>
      </header>
      {shell.complaint.value === undefined ? undefined : (
        <p class="complaint" role="alert">
          {shell.complaint.value}
        </p>
      )}
      <main id="main" ref={host} tabIndex={-1} />
      <p class="unseen" role="status">
        {shell.said.value}
      </p>
    </>
  );
}
