// SPDX-License-Identifier: MIT
import { render } from 'preact';
import type { View } from '../view/index.ts';
import { BookView } from './book-view.tsx';
import { Book } from './model.ts';
import { STAGE_KEYS } from './stage-model.ts';

/** The flip-book. */
export const bookView: View = {
  id: 'book',
  title: 'Flip-book',
  mount(host, page) {
    const book = new Book(page);
    render(<BookView book={book} />, host);
    return {
      restate: (state) => void book.restate(state),
      keys: STAGE_KEYS,
      key: (event) => book.stage.key(event),
      unmount: () => {
        book.unmount();
        render(null, host);
      },
    };
  },
};
