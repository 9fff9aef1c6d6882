// SPDX-License-Identifier: MIT
import type { KeyHelp } from '../view/index.ts';

/** The page's own keys, for the `?` sheet. */
export const PAGE_KEYS: readonly KeyHelp[] = [
  { keys: ['Alt', '1', '…', '4'], does: 'open a view' },
  { keys: ['O'], does: 'open a file' },
  { keys: ['X'], does: 'save the visible view as SVG' },
  { keys: ['Shift', 'X'], does: 'save the visible view as PNG' },
  { keys: ['T'], does: 'light or dark' },
  { keys: ['?'], does: 'this sheet' },
  { keys: ['Esc'], does: 'close it' },
];

/** Whether a key belongs to the control that has the focus: typed text, a choice, a button that is pressed with it. */
export function isTakenByControl({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true;
  if (target instanceof HTMLInputElement)
    return target.type === 'range'
      ? key.startsWith('Arrow') || key === 'Home' || key === 'End'
      : target.type !== 'checkbox' || key === ' ';
  const isPressable =
    target instanceof HTMLButtonElement || target instanceof HTMLAnchorElement || target.tagName === 'SUMMARY';
  return isPressable && (key === ' ' || key === 'Enter');
}
