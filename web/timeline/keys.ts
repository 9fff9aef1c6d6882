// SPDX-License-Identifier: MIT
import type { KeyHelp } from '../view/index.ts';
import type { TimelineModel } from './view-model.ts';

/** The view's keys, for the `?` sheet. */
export const TIMELINE_KEYS: readonly KeyHelp[] = [
  { keys: ['W'], does: 'zoom in' },
  { keys: ['S'], does: 'zoom out' },
  { keys: ['A'], does: 'pan to the left' },
  { keys: ['D'], does: 'pan to the right' },
  { keys: ['0'], does: 'show the whole recording' },
  { keys: ['←', '→'], does: 'move the cursor; with Shift ten times as far' },
  { keys: ['↑', '↓'], does: 'choose a lane' },
  { keys: [',', '.'], does: 'to the previous, the next change of the lane' },
  { keys: ['N', 'P'], does: 'to the next, the previous call or marker' },
  { keys: ['Enter'], does: 'unfold or fold the lane' },
  { keys: ['M'], does: "convert the lane's pages; again: the whole inode" },
  { keys: ['/'], does: 'search' },
  { keys: ['Ctrl', 'wheel'], does: 'zoom at the pointer; with Shift, the wheel pans' },
];

/** Share of the view that a key pans, and that the cursor moves. */
const PAN = 0.2;
const MOVE = 1 / 400;

/** @returns whether the key means something here. */
export function timelineKey(model: TimelineModel, event: KeyboardEvent, focusSearch: () => void): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || model.timeline.value === undefined) return false;
  const { from, to } = model.window.value;
  const move = (direction: number): void =>
    model.put((model.cursor.value ?? from) + direction * (to - from) * MOVE * (event.shiftKey ? 10 : 1));
  const act = ACTIONS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act !== undefined) {
    act(model);
    return true;
  }
  switch (event.key) {
    case 'ArrowLeft':
      move(-1);
      return true;
    case 'ArrowRight':
      move(1);
      return true;
    case '/':
      focusSearch();
      return true;
    default:
      return false;
  }
}

const ACTIONS: Readonly<Record<string, (model: TimelineModel) => void>> = {
  w: (model) => model.zoom(1 / 1.5),
  s: (model) => model.zoom(1.5),
  a: (model) => model.pan(-PAN),
  d: (model) => model.pan(PAN),
  '0': (model) => model.showAll(),
  ArrowUp: (model) => model.walk(-1),
  ArrowDown: (model) => model.walk(1),
  ',': (model) => model.step(-1),
  '.': (model) => model.step(1),
  n: (model) => model.jump(1),
  p: (model) => model.jump(-1),
  Enter: (model) => {
    const row = chosenRow(model);
    if (row?.kind === 'folio') model.toggle(row.lane);
  },
  m: (model) => {
    const row = chosenRow(model);
    if (row?.kind !== 'folio') return;
    const { inode, pages } = row.lane;
    const range = model.range.value;
    const isSame = range?.inode === inode && range.pages.from === pages.from && range.pages.to === pages.to;
    model.select(isSame ? undefined : { inode, pages });
  },
};

const chosenRow = ({ rows, chosen }: TimelineModel) => rows.value.find(({ key }) => key === chosen.value);
