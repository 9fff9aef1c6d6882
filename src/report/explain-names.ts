// SPDX-License-Identifier: MIT
import type { MomentAnswer } from '../explain/index.ts';
import { timeText } from './clock-text.ts';
import { quoteText } from './wrap.ts';

/** `guest_memfd 0:16:0x2a05b` without the word. */
export const inodeName = ({ dev, ino }: Pick<MomentAnswer, 'dev' | 'ino'>): string => `${dev}:0x${ino.toString(16)}`;

/** `718.867524000 'phase faulted'`. */
export const whenPhrase = ({ at, marker }: MomentAnswer): string =>
  marker === undefined ? timeText(at) : `${timeText(at)} ${quoteText(marker)}`;
