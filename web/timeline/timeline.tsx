// SPDX-License-Identifier: MIT
import { render } from 'preact';
import type { View } from '../view/index.ts';
import { TIMELINE_KEYS, timelineKey } from './keys.ts';
import { pictureOf } from './draw/svg.ts';
import { TimelineView } from './timeline-view.tsx';
import { TimelineModel } from './view-model.ts';

/** A recording over time. */
export const timelineView: View = {
  id: 'timeline',
  title: 'Timeline',
  mount(host, page) {
    const model = new TimelineModel(page);
    render(<TimelineView model={model} />, host);
    const focusSearch = (): void => host.querySelector<HTMLInputElement>('.tl-search input')?.focus();
    return {
      restate: (state) => model.restate(state),
      picture: () => pictureOf(model, host),
      keys: TIMELINE_KEYS,
      key: (event) => {
        const isUsed = timelineKey(model, event, focusSearch);
        if (isUsed) event.preventDefault();
        return isUsed;
      },
      unmount: () => {
        model.unmount();
        render(null, host);
      },
    };
  },
};
