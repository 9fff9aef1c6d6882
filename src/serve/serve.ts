// SPDX-License-Identifier: MIT
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream';
import type { Defence } from './defence.ts';
import { ofForeignHost } from './host.ts';
import { ofUnlisted } from './listed.ts';
import { ofOtherOrigin } from './origin.ts';
import { Presence } from './presence.ts';
import { ofOddTarget } from './target.ts';

/** A file that the page opens. */
export interface Opened {
  readonly name: string;
  readonly path: string;
}

/** Options of the server. */
export interface ServeOptions {
  /** The page's files. */
  readonly folder: string;
  readonly opened: readonly Opened[];
  /** 0, or absent: any free port. */
  readonly port?: number;
  /** Milliseconds without an open page after which the server ends; half an hour if absent. */
  readonly idle?: number;
}

/** A running server. */
export interface Serving {
  /** `http://127.0.0.1:PORT/`. */
  readonly address: string;
  /** Settles when the server has ended: by `end()`, or because no page has been open for too long. */
  readonly ended: Promise<void>;
  end(): void;
}

const HALF_AN_HOUR = 30 * 60 * 1000;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
};

/** Headers of every response: against embedding, caching and content sniffing by other sites. */
const HEADERS = {
  'Cache-Control': 'no-store',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/**
 * A worker has the policy of its own response. There a check compiles its steps to JavaScript, which is some tens of times
 * faster than interpreting them (docs/page.md). The worker can reach only this server, and the document may not compile
 * anything.
 */
const WORKER_POLICY =
  "default-src 'none'; script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval'; connect-src 'self' data:";

/** The page keeps this connection open while it is open itself. */
const ALIVE = '/alive';

/**
 * Serves the page on loopback.
 * @example
 * import { serve } from 'folioscope/serve';
 * const serving = await serve({ folder: 'web', opened: [] });
 * (await fetch(serving.address)).status; // => 200
 * (await fetch(`${serving.address}README.md`)).headers.get('content-type'); // => 'application/octet-stream'
 * (await fetch(`${serving.address}package.json`)).status; // => 404
 * serving.end();
 */
export async function serve({ folder, opened, port: wanted = 0, idle = HALF_AN_HOUR }: ServeOptions): Promise<Serving> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isFile()) files.set(`/${entry.name}`, join(folder, entry.name));
  files.set('/', join(folder, 'index.html'));
  for (const [number, { path }] of opened.entries()) files.set(`/opened/${number}`, path);
  const defences: readonly Defence[] = [
    ofForeignHost,
    ofOtherOrigin,
    ofOddTarget,
    ofUnlisted(new Set([...files.keys(), ALIVE])),
  ];

  let port = wanted;
  const server = createServer((request, response) => {
    const { method = '', url: target = '', headers } = request;
    const refusal = defences.map((defence) => defence({ method, target, headers, port })).find((one) => one);
    if (refusal === undefined)
      answer(request, response, target).catch((error: unknown) => response.destroy(asError(error)));
    else say(response, refusal.status, refusal.line);
  });
  const { promise: ended, resolve } = promised();
  const end = (): void => {
    presence.end();
    server.close(resolve);
    server.closeAllConnections();
  };
  const presence = new Presence(idle, end);

  async function answer(request: IncomingMessage, response: ServerResponse, target: string): Promise<void> {
    if (target === ALIVE) {
      const gone = presence.came();
      response.on('close', gone);
      response.writeHead(200, { ...HEADERS, 'Content-Type': 'text/event-stream' });
      response.write(': here\n\n');
      return;
    }
    const path = files.get(target) ?? '';
    const type = target === '/' ? '.html' : target.startsWith('/opened/') ? '' : extname(path);
    response.writeHead(200, {
      ...HEADERS,
      'Content-Type': TYPES[type] ?? 'application/octet-stream',
      ...(target === '/worker.js' ? { 'Content-Security-Policy': WORKER_POLICY } : {}),
    });
    if (request.method === 'HEAD') response.end();
    else if (target === '/') response.end(withOpened(await readFile(path, 'utf8'), opened));
    else pipeline(createReadStream(path), response, () => undefined);
  }

  try {
    await new Promise<void>((listening, fail) => {
      server.once('error', fail);
      server.listen(wanted, '127.0.0.1', listening);
    });
  } catch (error) {
    presence.end();
    throw error;
  }
  const bound = server.address();
  if (typeof bound === 'object' && bound !== null) ({ port } = bound);
  return { address: `http://127.0.0.1:${port}/`, ended, end };
}

function promised(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = () => settle();
  });
  return { promise, resolve };
}

function say(response: ServerResponse, status: number, line: string): void {
  response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${line}\n`);
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** The page with the list of opened files, which it requests as `opened/N`. */
function withOpened(html: string, opened: readonly Opened[]): string {
  const names = JSON.stringify(opened.map(({ name }) => name)).replaceAll(/[&<>"]/g, (sign) => ENTITIES[sign] ?? '');
  return html.replace('</head>', () => `<meta name="folioscope-opened" content="${names}" />\n  </head>`);
}
