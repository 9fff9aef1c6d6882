// SPDX-License-Identifier: MIT
import type { ReadonlySignal } from '@preact/signals';

/** Names of the views, as used in the address. */
export const VIEW_IDS = ['book', 'timeline', 'check', 'playground'] as const;
export type ViewId = (typeof VIEW_IDS)[number];

/** A view's part of the address: flat fields, so that any version can read them. */
export type ViewState = Readonly<Record<string, string>>;

/** A file that the reader opened. A `Blob` goes to workers without a copy, and is read in pieces there. */
export interface OpenedFile {
  readonly name: string;
  readonly content: Blob;
  /** Other files that came with it: the scenario of a counterexample. */
  readonly beside?: readonly OpenedFile[];
}

/** Colours of the page, as the reader or the system has chosen. */
export type Theme = 'light' | 'dark';

/** A worker that runs one service. */
export interface Port<Ask, Tell> {
  ask(message: Ask, transfer?: Transferable[]): void;
  /** Called with each message of the service. @returns a function that ends this. */
  hear(listener: (message: Tell) => void): () => void;
  /** Ends the worker, whatever it is doing. */
  stop(): void;
}

/** A row of the `?` sheet. */
export interface KeyHelp {
  /** As printed on the keys: `['Shift', 'A']`. */
  readonly keys: readonly string[];
  readonly does: string;
}

/** Services of the page for a view. */
export interface Page {
  /** The view's state when it is mounted; empty if the address has none. */
  readonly state: ViewState;
  /** The file to show; undefined if none was opened for this view. */
  readonly file: OpenedFile | undefined;
  readonly theme: ReadonlySignal<Theme>;
  /** Puts the view's state into the address. `push` if "back" should return here. */
  report(state: ViewState, how: 'replace' | 'push'): void;
  /** Starts a worker with the service of this name (web/worker/worker.ts lists them). */
  startWorker<Ask, Tell>(service: string): Port<Ask, Tell>;
  /** Opens another view. */
  open(view: ViewId, state: ViewState): void;
  /** Announces one line, also to screen readers. */
  say(line: string): void;
  /** Shows an error in one line, as the command line would print it; undefined removes it. */
  complain(line: string | undefined): void;
}

/** A view in its place. */
export interface MountedView {
  /** The address has changed by other means than `report`. */
  restate(state: ViewState): void;
  /** The visible view, for export; absent if the page's own picture of the elements and canvases is enough. */
  picture?(): SVGSVGElement | HTMLCanvasElement | undefined;
  /** The view's own keys, for the `?` sheet. */
  readonly keys: readonly KeyHelp[];
  /** A key that no control took. @returns whether the view used it. */
  key(event: KeyboardEvent): boolean;
  unmount(): void;
}

/** One of the page's views. */
export interface View {
  readonly id: ViewId;
  /** In the header. */
  readonly title: string;
  mount(host: HTMLElement, page: Page): MountedView;
}
