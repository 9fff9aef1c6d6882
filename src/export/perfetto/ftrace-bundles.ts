// SPDX-License-Identifier: MIT
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Cpu, Loss, Nanoseconds } from '../../ledger/index.ts';
import type { WholeEvent, WholeReceiver } from '../../trace/index.ts';
import { BUNDLE, FTRACE_EVENT, GENERIC, GENERIC_FIELD } from './fields.ts';
import { GenericFields } from './generic-fields.ts';
import type { Packets } from './packets.ts';

/** Events of one CPU in a bundle, and of all CPUs in memory. */
const EVENTS_A_BUNDLE = 256;
const MOST_PENDING = 16_384;
/** Perfetto refuses a file with a CPU from here on (ftrace_tokenizer.cc, kMaxCpuCount). */
export const MOST_CPUS = 1024;

interface CpuEvents {
  readonly cpu: Cpu;
  readonly writer: BinaryWriter;
  pending: number;
  isAfterLoss: boolean;
  /** Time of its last event. */
  last: Nanoseconds | undefined;
}

/** Lost events of one CPU. */
export interface LossSeen {
  readonly loss: Loss;
  /** The CPU's last event before them; undefined if there is none. */
  readonly from: Nanoseconds | undefined;
}

/** Writes every event of a recording as a generic ftrace event: in bundles of one CPU, because a loss belongs to one. */
export class FtraceBundles implements WholeReceiver {
  /** Number of written events. */
  count = 0;
  /** Number of events of CPUs that Perfetto does not take. */
  leftOut = 0;
  readonly #packets: Packets;
  readonly #onLoss: (seen: LossSeen) => void;
  readonly #cpus = new Map<Cpu, CpuEvents>();
  readonly #names = new Map<number, string>();
  readonly #fields = new GenericFields();
  #pending = 0;

  constructor(packets: Packets, onLoss: (seen: LossSeen) => void) {
    this.#packets = packets;
    this.#onLoss = onLoss;
  }

  readonly onEvent = (event: WholeEvent): void => {
    const { at, cpu, pid, comm, buffer, name } = event;
    const events = this.#of(cpu);
    events.last = at;
    if (comm !== undefined) this.#nameTask(pid, comm, at);
    if (cpu >= MOST_CPUS) {
      this.leftOut++;
      return;
    }
    const { writer } = events;
    writer.uint32(BUNDLE.event).fork();
    // In this order: Perfetto looks for the event's kind right behind time and pid.
    writer.uint32(FTRACE_EVENT.timestamp).uint64(BigInt.asUintN(64, at));
    writer.uint32(FTRACE_EVENT.pid).uint32(pid >>> 0);
    writer.uint32(FTRACE_EVENT.generic).fork();
    writer.uint32(GENERIC.name).string(name);
    event.writeFields(this.#fields.into(writer));
    if (buffer !== undefined) {
      writer.uint32(GENERIC.field).fork().uint32(GENERIC_FIELD.name).string('buffer');
      writer.uint32(GENERIC_FIELD.text).string(buffer).join();
    }
    writer.join().join();
    this.count++;
    events.pending++;
    this.#pending++;
    if (events.pending >= EVENTS_A_BUNDLE) this.#write(events);
    else if (this.#pending >= MOST_PENDING) this.#writeAll();
  };

  readonly onLoss = (loss: Loss): void => {
    const events = this.#of(loss.cpu);
    this.#write(events);
    events.isAfterLoss = true;
    this.#onLoss({ loss, from: events.last });
  };

  finish(): void {
    this.#writeAll();
    // Nothing follows such a loss: a bundle without events says it.
    for (const events of this.#cpus.values()) if (events.isAfterLoss) this.#write(events, true);
  }

  #nameTask(pid: number, comm: string, at: Nanoseconds): void {
    if (pid <= 0 || this.#names.get(pid) === comm) return;
    this.#names.set(pid, comm);
    this.#packets.taskName(pid, comm, at);
  }

  #of(cpu: Cpu): CpuEvents {
    const known = this.#cpus.get(cpu);
    if (known !== undefined) return known;
    const made = { cpu, writer: new BinaryWriter(), pending: 0, isAfterLoss: false, last: undefined };
    this.#cpus.set(cpu, made);
    return made;
  }

  #writeAll(): void {
    for (const events of this.#cpus.values()) this.#write(events);
  }

  #write(events: CpuEvents, isEmpty = false): void {
    if (events.cpu >= MOST_CPUS || (events.pending === 0 && !isEmpty)) return;
    this.#packets.bundle(events.cpu, events.writer.finish(), events.isAfterLoss);
    this.#pending -= events.pending;
    events.pending = 0;
    events.isAfterLoss = false;
  }
}
