// SPDX-License-Identifier: MIT
import { VIEW_IDS, type ViewId, type ViewState } from '../view/index.ts';
import { UPGRADERS } from './upgrade.ts';

/** Version of the address. A new version needs an upgrader from the version before. */
export const ADDRESS_VERSION = 1;

/** What an address names: a view, and its state. */
export interface Address {
  readonly view: ViewId;
  readonly state: ViewState;
}

/** An address that cannot be read; the message is one line for the reader. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
}

/** The part of an address behind `#`, without it. Keys are sorted, so that equal states are equal addresses. */
export function formatAddress({ view, state }: Address): string {
  const fields = Object.entries(state).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const query = new URLSearchParams(fields.map(([key, value]) => [key, value])).toString();
  return `v${ADDRESS_VERSION}/${view}${query === '' ? '' : `?${query}`}`;
}

/**
 * Reads the part of an address behind `#`. An empty one names the landing page.
 * @throws AddressError if it is of a newer version, or names no view.
 */
export function parseAddress(hash: string): Address {
  const text = hash.replace(/^#/, '');
  if (text === '') return { view: 'book', state: {} };
  const [, digits, name = '', query = ''] = /^(?:v(\d+)\/)?([^?]*)(?:\?(.*))?$/s.exec(text) ?? [];
  // The first addresses had no version.
  const version = digits === undefined ? 0 : Number(digits);
  if (version > ADDRESS_VERSION)
    throw new AddressError(
      `this link is of version ${version}, and this page reads versions up to ${ADDRESS_VERSION}; open it with a newer folioscope`,
    );
  let named = { view: name, state: Object.fromEntries(new URLSearchParams(query)) };
  for (let from = version; from < ADDRESS_VERSION; from++) named = UPGRADERS.get(from)?.(named) ?? named;
  const view = VIEW_IDS.find((id) => id === named.view);
  if (view === undefined)
    throw new AddressError(`this link names no view '${named.view}', expected one of ${VIEW_IDS.join(', ')}`);
  return { view, state: named.state };
}
