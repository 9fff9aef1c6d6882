// SPDX-License-Identifier: MIT
import { useEffect, useRef } from 'preact/hooks';
import type { KeyHelp } from '../view/index.ts';
import { PAGE_KEYS } from './keys.ts';

interface Props {
  readonly view: string;
  readonly keys: readonly KeyHelp[];
  readonly onClose: () => void;
}

/** The `?` sheet: every key of the page and of the view. */
export function Help({ view, keys, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={onClose}>
      <h2 id="help-title">Keys</h2>
      <KeyList title={view} keys={keys} />
      <KeyList title="Everywhere" keys={PAGE_KEYS} />
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
