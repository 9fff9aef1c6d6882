// SPDX-License-Identifier: MIT
import { useEffect, useRef } from 'preact/hooks';
import type { KeyHelp } from '../view/index.ts';
import { PAGE_KEYS } from './keys.ts';
import { WORDS } from './words.ts';

interface Props {
  readonly view: string;
  readonly keys: readonly KeyHelp[];
  readonly onClose: () => void;
}

/** The `?` sheet: every key of the page and of the view, and the words that the page uses. */
export function Help({ view, keys, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={onClose}>
      {/* Takes the focus: the sheet opens at its beginning, not at the button at its end. */}
      <h2 id="help-title" tabIndex={-1} autofocus>
        Keys and words
      </h2>
      <KeyList title={view} keys={keys} />
      <KeyList title="Everywhere" keys={PAGE_KEYS} />
      <section>
        <h3>Words</h3>
        <dl>
          {WORDS.map(([word, means]) => (
            <div key={word}>
              <dt>{word}</dt>
              <dd>{means}</dd>
            </div>
          ))}
        </dl>
      </section>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}

function KeyList({ title, keys }: { readonly title: string; readonly keys: readonly KeyHelp[] }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {keys.map(({ keys: names, does }) => (
          <div key={does}>
            <dt>{names.map((name) => (name === '…' ? ' … ' : <kbd key={name}>{name}</kbd>))}</dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
