// SPDX-License-Identifier: MIT
import type { Service } from '../view/index.ts';
import type { FromWorker } from './messages.ts';

/** A service that is ready to run: called with the messages that arrived before it was loaded. */
export type Play = (earlier: readonly MessageEvent[]) => void;

/** Runs a service in this worker, which exchanges messages with the page. */
export const playing =
  <Ask, Tell>(service: Service<Ask, Tell>): Play =>
  (earlier: readonly MessageEvent<Ask>[]) => {
    const post = (message: FromWorker<Tell>, transfer: Transferable[] = []): void =>
      globalThis.postMessage(message, { transfer });
    const fail = (error: unknown): void => post({ kind: 'failed', line: lineOf(error) });
    const hear = service((message, transfer) => post({ kind: 'message', message }, transfer));
    const take = ({ data }: MessageEvent<Ask>): void => {
      Promise.resolve()
        .then(() => hear(data))
        .catch(fail);
    };
    for (const event of earlier) take(event);
    globalThis.addEventListener('message', take);
  };

/** An error in one line: messages of the rooms are whole sentences with their place. */
const lineOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Runs the service of this worker's name. */
export async function playService(services: ReadonlyMap<string, () => Promise<Play>>): Promise<void> {
  const early: MessageEvent[] = [];
  const keep = (event: MessageEvent): void => void early.push(event);
  globalThis.addEventListener('message', keep);
  const load = services.get(self.name);
  if (load === undefined) throw new Error(`no service '${self.name}'`);
  const play = await load();
  globalThis.removeEventListener('message', keep);
  play(early);
}
