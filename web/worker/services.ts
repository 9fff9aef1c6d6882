// SPDX-License-Identifier: MIT
import { type Play, playing } from './play.ts';

/** Services by the name that a view requests; each is loaded only into the worker that runs it. */
export const SERVICES: ReadonlyMap<string, () => Promise<Play>> = new Map([
  ['book', async () => playing((await import('../book/service.ts')).bookService)],
  ['timeline', async () => playing((await import('../timeline/service.ts')).timelineService)],
  ['check', async () => playing((await import('../check/service.ts')).checkService)],
  ['playground', async () => playing((await import('../playground/service.ts')).playgroundService)],
]);
