// SPDX-License-Identifier: MIT
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Theme } from '../view/index.ts';

/** The reader's own choice; undefined follows the system. It lives as long as the page: nothing is stored. */
export const chosenTheme: Signal<Theme | undefined> = signal(undefined);

/** The theme in use. */
export function themeSignal(): ReadonlySignal<Theme> {
  const query = matchMedia('(prefers-color-scheme: dark)');
  const system = signal<Theme>(query.matches ? 'dark' : 'light');
  query.addEventListener('change', ({ matches }) => (system.value = matches ? 'dark' : 'light'));
  chosenTheme.subscribe((theme) => {
    if (theme === undefined) delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
  });
  return computed(() => chosenTheme.value ?? system.value);
}
