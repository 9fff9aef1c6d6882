// SPDX-License-Identifier: MIT
import { bookService } from '../book/service.ts';
import { timelineService } from '../timeline/service.ts';
import { type Play, playing } from './play.ts';

/** By the name that a view asks for. */
export const SERVICES: ReadonlyMap<string, Play> = new Map([
  ['book', playing(bookService)],
  ['timeline', playing(timelineService)],
]);
