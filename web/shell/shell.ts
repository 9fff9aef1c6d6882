// SPDX-License-Identifier: MIT
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { type Address, AddressError, formatAddress, parseAddress } from '../address/index.ts';
import type { MountedView, OpenedFile, Page, Theme, ViewId, ViewState } from '../view/index.ts';
import { startWorker } from '../worker/start.ts';
import { isTakenByControl } from './keys.ts';
import { viewFor } from './kind.ts';
import { openedWithPage, sayAlive } from './opened.ts';
import { download, pngOf, svgOf } from './picture.ts';
import { chosenTheme, themeSignal } from './theme.ts';
import type { ListedView } from './views.ts';

/** The page's own state, without that of its views, and its services for them. */
export class Shell {
  readonly views: readonly ListedView[];
  readonly address: Signal<Address>;
  readonly theme: ReadonlySignal<Theme>;
  /** The line that is announced. */
  readonly said: Signal<string> = signal('');
  /** The error that is shown. */
  readonly complaint: Signal<string | undefined> = signal(undefined);
  readonly isHelpOpen: Signal<boolean> = signal(false);
  readonly mounted: Signal<MountedView | undefined> = signal(undefined);
  readonly file: Signal<OpenedFile | undefined> = signal(undefined);
  /** A file is being held over the page. */
  readonly isDropping: Signal<boolean> = signal(false);
  #host: HTMLElement | undefined;
  /** Number of mounts so far, to detect a view that has loaded too late. */
  #mounts = 0;

  constructor(views: readonly ListedView[]) {
    this.views = views;
    this.theme = themeSignal();
    this.address = signal(this.#read());
    globalThis.addEventListener('hashchange', () => this.#follow(this.#read()));
    globalThis.addEventListener('popstate', () => this.#follow(this.#read()));
    globalThis.addEventListener('keydown', (event) => this.#key(event));
    this.#takeDrops();
  }

  /** Puts the views into `host`, the present one first. */
  attach(host: HTMLElement): void {
    this.#host = host;
    sayAlive();
    openedWithPage().then(
      (file) => {
        if (file === undefined) return this.#mount();
        return location.hash === '' ? this.openFile(file) : this.#mountWith(file);
      },
      (error: unknown) => {
        this.complaint.value = error instanceof Error ? error.message : String(error);
        return this.#mount();
      },
    );
  }

  /** The page was opened with a file and with an address: a link into the file, or a reload. */
  async #mountWith(file: OpenedFile): Promise<void> {
    if ((await viewFor(file)) === this.address.value.view) this.file.value = file;
    return this.#mount();
  }

  /** Opens a file in the view that shows such files. */
  async openFile(file: OpenedFile): Promise<void> {
    const view = await viewFor(file);
    if (this.views.some(({ id }) => id === view)) this.open(view, {}, file);
    else this.complaint.value = `${file.name}: no view of this page shows such a file`;
  }

  /** Saves the visible view as a picture. */
  async savePicture(kind: 'svg' | 'png'): Promise<void> {
    const own = this.mounted.value?.picture?.();
    const seen = own ?? this.#host;
    if (seen === undefined) return;
    const name = `folioscope-${this.address.value.view}.${kind}`;
    download(name, kind === 'png' ? await pngOf(seen) : new Blob([svgOf(seen)], { type: 'image/svg+xml' }));
    this.said.value = `${name} saved`;
  }

  /** Lets the reader choose a file. */
  chooseFile(): void {
    const input = document.createElement('input');
    input.type = 'file';
    input.addEventListener('change', () => {
      const [file] = input.files ?? [];
      if (file !== undefined) void this.openFile({ name: file.name, content: file });
    });
    input.click();
  }

  /** Opens what is dropped on the page, wherever it falls. */
  #takeDrops(): void {
    globalThis.addEventListener('dragover', (event) => {
      event.preventDefault();
      this.isDropping.value = true;
    });
    globalThis.addEventListener('dragleave', ({ relatedTarget }) => {
      if (relatedTarget === null) this.isDropping.value = false;
    });
    globalThis.addEventListener('drop', (event) => {
      event.preventDefault();
      this.isDropping.value = false;
      const [first, ...others] = [...(event.dataTransfer?.files ?? [])].map((file) => ({
        name: file.name,
        content: file,
      }));
      if (first !== undefined) void this.openFile({ ...first, beside: others });
    });
  }

  /** Opens a view. A file that was opened before stays with the view that it was opened for. */
  open(view: ViewId, state: ViewState, file?: OpenedFile): void {
    this.complaint.value = undefined;
    this.file.value = file;
    const address = { view, state };
    history.pushState(null, '', `#${formatAddress(address)}`);
    this.address.value = address;
    void this.#mount();
  }

  toggleTheme(): void {
    chosenTheme.value = this.theme.value === 'dark' ? 'light' : 'dark';
  }

  #key(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || this.isHelpOpen.value || isTakenByControl(event))
      return;
    if (this.#ownKey(event) || (!event.altKey && this.mounted.value?.key(event) === true)) event.preventDefault();
  }

  /** @returns whether it was a key of the page. */
  #ownKey({ key, altKey, code }: KeyboardEvent): boolean {
    const digit = /^Digit(\d)$/.exec(code)?.[1];
    const view = altKey && digit !== undefined ? this.views[Number(digit) - 1] : undefined;
    if (view !== undefined) this.open(view.id, {});
    else if (altKey) return false;
    else if (key === '?') this.isHelpOpen.value = true;
    else if (key === 'o') this.chooseFile();
    else if (key === 'x') void this.savePicture('svg');
    else if (key === 'X') void this.savePicture('png');
    else if (key === 't') this.toggleTheme();
    else return false;
    return true;
  }

  #read(): Address {
    try {
      return parseAddress(location.hash);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      this.complaint.value = error.message;
      return { view: 'book', state: {} };
    }
  }

  #follow(address: Address): void {
    if (formatAddress(address) === formatAddress(this.address.value)) return;
    const isSameView = address.view === this.address.value.view;
    this.address.value = address;
    if (isSameView && this.mounted.value !== undefined) this.mounted.value.restate(address.state);
    else void this.#mount();
  }

  async #mount(): Promise<void> {
    const { view: id, state } = this.address.value;
    const mount = ++this.#mounts;
    this.mounted.value?.unmount();
    this.mounted.value = undefined;
    const host = this.#host;
    const listed = this.views.find((view) => view.id === id);
    if (host === undefined || listed === undefined) return;
    const view = await listed.load();
    if (mount !== this.#mounts) return;
    const place = document.createElement('div');
    host.replaceChildren(place);
    document.title = `${view.title} · folioscope`;
    this.mounted.value = view.mount(place, this.#pageFor(id, state));
  }

  #pageFor(id: ViewId, state: ViewState): Page {
    return {
      state,
      file: this.file.value,
      theme: this.theme,
      report: (next, how) => {
        const address = { view: id, state: next };
        const hash = `#${formatAddress(address)}`;
        if (hash === location.hash) return;
        if (how === 'push') history.pushState(null, '', hash);
        else history.replaceState(null, '', hash);
        this.address.value = address;
      },
      startWorker: (service) => startWorker(service, (line) => (this.complaint.value = line)),
      open: (view, next) => this.open(view, next),
      say: (line) => (this.said.value = line),
      complain: (line) => (this.complaint.value = line),
    };
  }
}
