// SPDX-License-Identifier: MIT
import type { Ino, Loss } from '../ledger/index.ts';
import type { JsonBytes, WholeEvent, WholeReceiver } from '../trace/index.ts';
import type { TableFile } from './tables.ts';

/** Fills the table of events: a cell at a time, because there are millions. */
export class EventRows implements WholeReceiver {
  readonly #file: TableFile<'events'> | undefined;
  readonly #losses: TableFile<'losses'> | undefined;
  readonly #recording: string;
  #nr = 0;
  #event: WholeEvent | undefined;
  #lastIno: Ino | undefined;
  #lastInoText: string | undefined;
  readonly #writeFields = (into: JsonBytes): void => this.#event?.writeFields(into);

  constructor(recording: string, events: TableFile<'events'> | undefined, losses: TableFile<'losses'> | undefined) {
    this.#recording = recording;
    this.#file = events;
    this.#losses = losses;
  }

  readonly onEvent = (event: WholeEvent): void => {
    const file = this.#file;
    if (file === undefined) return;
    const { cells } = file;
    this.#event = event;
    cells.recording.add(this.#recording);
    cells.nr.add(this.#nr++);
    cells.at_ns.add(event.at);
    cells.cpu.add(event.cpu);
    cells.pid.add(event.pid);
    cells.task.add(event.comm);
    cells.buffer.add(event.buffer);
    cells.system.add(event.system);
    cells.name.add(event.name);
    cells.dev.add(event.dev);
    cells.ino.add(this.#inoText(event.ino));
    cells.pfn.add(event.pfn);
    cells.page_index.add(event.index);
    cells.folio_order.add(event.order);
    cells.fields.add(this.#writeFields);
    file.endRow();
  };

  readonly onLoss = ({ at, cpu, buffer, events }: Loss): void =>
    this.#losses?.add({ recording: this.#recording, at_ns: at, cpu, buffer, events });

  #inoText(ino: Ino | undefined): string | undefined {
    if (ino !== this.#lastIno) {
      this.#lastIno = ino;
      this.#lastInoText = ino === undefined ? undefined : inoText(ino);
    }
    return this.#lastInoText;
  }
}

/** An inode's number as everywhere in our output. */
export const inoText = (ino: Ino): string => `0x${ino.toString(16)}`;
