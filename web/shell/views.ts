// SPDX-License-Identifier: MIT
import type { View, ViewId } from '../view/index.ts';

/** A view that is loaded when it is opened. */
export interface ListedView {
  readonly id: ViewId;
  readonly title: string;
  load(): Promise<View>;
}

/** The views in the header's order. */
export const VIEWS: readonly ListedView[] = [
  { id: 'book', title: 'Flip-book', load: async () => (await import('../book/index.ts')).bookView },
  { id: 'timeline', title: 'Timeline', load: async () => (await import('../timeline/index.ts')).timelineView },
  { id: 'check', title: 'Check', load: async () => (await import('../check/index.ts')).checkView },
  { id: 'playground', title: 'Playground', load: async () => (await import('../playground/index.ts')).playgroundView },
];
