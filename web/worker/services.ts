// SPDX-License-Identifier: MIT
import type { Play } from './play.ts';

/** By the name that a view asks for. */
export const SERVICES: ReadonlyMap<string, Play> = new Map();
