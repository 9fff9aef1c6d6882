// SPDX-License-Identifier: MIT
import type { Defence } from './defence.ts';

/**
 * Against DNS rebinding: a site can make its own name resolve to 127.0.0.1, and then read this server as its own origin. Its
 * requests carry that name in Host (RFC 9112, 3.2; as vite's hostCheck after GHSA-vg6x-rcgg-rjx6).
 */
export const ofForeignHost: Defence = ({ headers, port }) => {
  const own = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (headers.host !== undefined && own.includes(headers.host.toLowerCase())) return undefined;
  return { status: 403, line: `this server answers to ${own.join(' and ')} only` };
};
