// SPDX-License-Identifier: MIT
import type { Service } from '../view/index.ts';
import type { FromWorker } from './messages.ts';

/** A service, ready to be played: what goes in and out is typed where it was made. */
export type Play = () => void;

/** Plays a service in this worker: its messages come from the page, and go back there. */
export const playing =
  <Ask, Tell>(service: Service<Ask, Tell>): Play =>
  () => {
    const post = (message: FromWorker<Tell>, transfer: Transferable[] = []): void =>
      globalThis.postMessage(message, { transfer });
    const fail = (error: unknown): void => post({ kind: 'failed', line: lineOf(error) });
    const hear = service((told, transfer) => post({ kind: 'told', told }, transfer));
    globalThis.addEventListener('message', ({ data }: MessageEvent<Ask>) => {
      Promise.resolve()
        .then(() => hear(data))
        .catch(fail);
    });
  };

/** One line of what failed: messages of the rooms are whole sentences with their place. */
const lineOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Plays the service of this worker's name. */
export function playService(services: ReadonlyMap<string, Play>): void {
  const play = services.get(self.name);
  if (play === undefined) throw new Error(`no service '${self.name}'`);
  play();
}
