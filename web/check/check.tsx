// SPDX-License-Identifier: MIT
import { render } from 'preact';
import type { View } from '../view/index.ts';
import { ChecksView } from './check-view.tsx';
import { Checks } from './model.ts';

/** A check in the page. */
export const checkView: View = {
  id: 'check',
  title: 'Check',
  mount(host, page) {
    const checks = new Checks(page);
    render(<ChecksView checks={checks} />, host);
    return {
      restate: (state) => checks.restate(state),
      keys: [{ keys: ['Space'], does: 'start, stop' }],
      key: ({ key }) => {
        if (key !== ' ') return false;
        if (checks.isRunning) checks.stop();
        else checks.start();
        return true;
      },
      unmount: () => {
        checks.unmount();
        render(null, host);
      },
    };
  },
};
