// SPDX-License-Identifier: MIT
import type { Defence } from './defence.ts';

/**
 * Against targets that two readers could understand differently: absolute forms, `//`, `#`, `?`, backslashes, percent encodings
 * and dots. The page requests plain names only, so nothing is decoded, and nothing needs to be normalised (RFC 9112, 3.2; as
 * vite's rejectInvalidRequest after GHSA-v6wh-96g9-6wx3).
 */
export const ofOddTarget: Defence = ({ method, target }) => {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, line: 'expected GET or HEAD' };
  if (/^\/(?:[\w-]+(?:\.[\w-]+)*(?:\/[\w-]+)?)?$/.test(target)) return undefined;
  return { status: 400, line: 'expected a plain path such as /page.js' };
};
