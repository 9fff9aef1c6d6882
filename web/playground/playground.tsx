// SPDX-License-Identifier: MIT
import { render } from 'preact';
import { STAGE_KEYS } from '../book/index.ts';
import type { View } from '../view/index.ts';
import { Playground } from './model.ts';
import { PlaygroundView } from './playground-view.tsx';

/** A check in C, checked while it is typed. */
export const playgroundView: View = {
  id: 'playground',
  title: 'Playground',
  mount(host, page) {
    const playground = new Playground(page);
    render(<PlaygroundView playground={playground} />, host);
    return {
      restate: (state) => void playground.restate(state),
      keys: STAGE_KEYS,
      key: (event) => playground.stage.key(event),
      unmount: () => {
        render(null, host);
        playground.unmount();
      },
    };
  },
};
