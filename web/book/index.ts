// SPDX-License-Identifier: MIT
export { bookView } from './book.tsx';
export type { Film } from './film.ts';
export { Icon } from './icons.tsx';
export type { LibraryEntry, ShownScenario } from './protocol.ts';
export { Stage, STAGE_KEYS } from './stage-model.ts';
export { StageView } from './stage.tsx';
