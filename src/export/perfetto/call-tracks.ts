// SPDX-License-Identifier: MIT
import { errnoName } from '../../abi/index.ts';
import type { ConversionCall, DrainRound, RefusalCause } from '../../explain/index.ts';
import { type Cpu, type Nanoseconds, nanoseconds } from '../../ledger/index.ts';
import { inoText } from '../event-rows.ts';
import { Lanes, notBefore } from './lanes.ts';
import type { Fact, Packets } from './packets.ts';
import { nth, type Uuids } from './uuids.ts';

const byBegin = (a: { readonly at: Nanoseconds }, b: { readonly at: Nanoseconds }): number =>
  a.at < b.at ? -1 : a.at > b.at ? 1 : 0;

/** Conversions and drains, with arrows from a conversion to its drain, and from a drain to the works of the CPUs. */
export class CallTracks {
  readonly #packets: Packets;
  readonly #uuids: Uuids;
  readonly #parent: bigint;

  constructor(packets: Packets, uuids: Uuids, parent: bigint) {
    this.#packets = packets;
    this.#uuids = uuids;
    this.#parent = parent;
  }

  conversions(calls: readonly ConversionCall[], rounds: readonly DrainRound[]): void {
    const drains = new Map<string, bigint[]>();
    for (const [number, { conversion, pid }] of rounds.toSorted(byBegin).entries()) {
      const ofCall = drains.get(`${pid} ${conversion}`) ?? [];
      drains.set(`${pid} ${conversion}`, ofCall);
      ofCall.push(this.#toDrain(number));
    }
    const lanes = new Lanes(this.#packets, this.#uuids.of('conversions'), () => 'conversions', {
      parent: this.#parent,
      rank: 0,
      description: 'calls of KVM_SET_MEMORY_ATTRIBUTES2 with their results',
    });
    for (const call of calls.toSorted(byBegin)) {
      const { at, until, cpu, pid, task, fd, returned, drained: didDrain, checked, causes, unexplained } = call;
      lanes.add({
        from: at,
        to: until === undefined ? undefined : notBefore(until, at),
        parts: {
          name: `conversion: ${resultText(returned)}`,
          flowsTo: drains.get(`${pid} ${at}`),
          facts: {
            cpu,
            pid,
            task,
            fd,
            returned,
            drained: didDrain,
            checked:
              checked === undefined
                ? undefined
                : { inode: `${checked.dev}:${inoText(checked.ino)}`, from: checked.from, to: checked.to },
            refusingFolio: this.#refusing(causes),
            causes: causes.length === 0 ? undefined : causes.map((cause) => this.#cause(cause)),
            unexplained: unexplained || undefined,
          },
        },
      });
    }
  }

  drains(rounds: readonly DrainRound[]): void {
    const lanes = new Lanes(this.#packets, this.#uuids.of('drains'), () => 'lru_add_drain_all', {
      parent: this.#parent,
      rank: 1,
      description: 'rounds that queued work, from the first queueing to the end of the last work',
    });
    const ofCpu = new Map<Cpu, Lanes>();
    for (const [number, round] of rounds.toSorted(byBegin).entries()) {
      const { at, cpu, pid, task, conversion, took, works } = round;
      const flows = works.map((_, place) => nth(this.#uuids.of('work'), number * MOST_WORKS + place));
      lanes.add({
        from: at,
        to: took === undefined ? undefined : nanoseconds(at + took),
        parts: {
          name: 'lru_add_drain_all',
          flowsTo: flows,
          flowsFrom: conversion === undefined ? [] : [this.#toDrain(number)],
          facts: { cpu, pid, task, works: works.length },
        },
      });
      for (const [place, work] of works.entries()) this.#work(ofCpu, work, flows[place] ?? 0n);
    }
  }

  #work(
    ofCpu: Map<Cpu, Lanes>,
    { cpu, queued, delay, run, insertions, meanwhile }: DrainRound['works'][number],
    flow: bigint,
  ): void {
    const name = `drain work of CPU ${cpu}`;
    const kind = { parent: this.#parent, rank: 2 + cpu };
    const lanes = ofCpu.get(cpu) ?? new Lanes(this.#packets, this.#uuids.of(name), () => name, kind);
    ofCpu.set(cpu, lanes);
    const started = delay === undefined ? undefined : nanoseconds(queued + delay);
    const ended = started === undefined || run === undefined ? undefined : nanoseconds(started + run);
    const waited = meanwhile.map(({ pid, task, time }) => ({ pid, task, nanoseconds: time }));
    lanes.add({
      from: queued,
      to: ended,
      parts: {
        name: 'lru_add_drain_per_cpu',
        flowsFrom: [flow],
        facts: { cpu, insertions, ranMeanwhile: waited.length === 0 ? undefined : waited },
      },
      within: [
        { from: queued, to: started, parts: { name: 'queued' } },
        ...(started === undefined ? [] : [{ from: started, to: ended, parts: { name: 'runs' } }]),
      ],
    });
  }

  /** The arrow from a conversion to one of its drains. @param number of the round. */
  #toDrain(number: number): bigint {
    return nth(this.#uuids.of('drain'), number);
  }

  /** The lowest page that was held; `certain`: the events leave no other cause. */
  #refusing(causes: readonly RefusalCause[]): Fact {
    const sure = causes.filter(({ certain }) => certain);
    const likely = sure.length > 0 ? sure : causes.filter(({ batched, held }) => batched.length + held.length > 0);
    const lowest = this.#heldBy(likely.slice(0, 1)).toSorted((a, b) => a.index - b.index)[0];
    return lowest === undefined ? undefined : { ...lowest, certain: sure.length > 0 };
  }

  #cause(cause: RefusalCause): Fact {
    const { how, kinds, certain, insertions } = cause;
    const folios = this.#heldBy([cause]);
    return {
      how,
      kinds,
      certain,
      folios: folios.length === 0 ? undefined : folios.slice(0, MOST_FOLIOS),
      allFolios: folios.length > MOST_FOLIOS ? folios.length : undefined,
      insertions: insertions.length === 0 ? undefined : insertions.length,
    };
  }

  #heldBy(causes: readonly RefusalCause[]): readonly RefusingFolio[] {
    return causes.flatMap(({ batched, held }) => [
      ...batched.map(({ dev, ino, index, pfn, cpu }) => ({
        inode: `${dev}:${inoText(ino)}`,
        index,
        pfn,
        holder: 'lru-add-batch',
        cpu,
      })),
      ...held.map(({ dev, ino, index, pfn, holder: { kind, cpu, task } }) => ({
        inode: `${dev}:${inoText(ino)}`,
        index,
        pfn,
        holder: kind,
        cpu,
        task,
      })),
    ]);
  }
}

/** More than the works of a round: there is one a CPU (NR_CPUS is at most 8192). */
const MOST_WORKS = 0x1_0000;
/** Folios of a cause that are listed. */
const MOST_FOLIOS = 16;

type RefusingFolio = { readonly inode: string; readonly index: number } & { readonly [name: string]: Fact };

function resultText(returned: number | undefined): string {
  if (returned === undefined) return 'no return recorded';
  if (returned >= 0) return String(returned);
  const name = errnoName(returned);
  return name === undefined ? String(returned) : `-${name}`;
}
