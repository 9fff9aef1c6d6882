// SPDX-License-Identifier: MIT
import type { IncomingHttpHeaders } from 'node:http';

/** Input of a defence. */
export interface Asked {
  readonly method: string;
  /** The target as received, not decoded. */
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

/** Examines a request before it is served. @returns undefined if the request is allowed. */
export type Defence = (asked: Asked) => Refusal | undefined;
