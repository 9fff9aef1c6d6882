// SPDX-License-Identifier: MIT
import type { IncomingHttpHeaders } from 'node:http';

/** What a defence looks at. */
export interface Asked {
  readonly method: string;
  /** The target as it came, not decoded. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Port of the server. */
  readonly port: number;
}

/** Why a request is refused: a status, and one line that names what was expected. */
interface Refusal {
  readonly status: 400 | 403 | 404 | 405;
  readonly line: string;
}

/** Looks at a request before anything is done for it. @returns undefined if it may go on. */
export type Defence = (asked: Asked) => Refusal | undefined;
