// SPDX-License-Identifier: MIT
import type { Defence } from './defence.ts';

/**
 * Against other sites' pages, which can make the browser send requests here: as a script, an image, a frame, a form or a fetch.
 * A browser names the requesting site in Sec-Fetch-Site (Fetch Metadata), an older one in Origin. Following a link to the page
 * itself is allowed.
 */
export const ofOtherOrigin: Defence = ({ headers, target, port }) => {
  const site = headers['sec-fetch-site'];
  const isVisit =
    headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document' && target === '/';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isVisit)
    return { status: 403, line: 'only the page itself may ask for this' };
  const { origin } = headers;
  const own = [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
  if (origin !== undefined && !own.includes(origin))
    return { status: 403, line: 'only the page itself may ask for this' };
  return undefined;
};
