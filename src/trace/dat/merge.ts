// SPDX-License-Identifier: MIT
/** A sorted run of events that is refilled in pieces. */
export interface MergeInput<Event> {
  readonly walker: {
    readonly events: readonly Event[];
    readonly keys: readonly number[];
    /** Number of entries. */
    readonly length: number;
    /** Whether some entries are losses. */
    readonly hasLosses: boolean;
  };
  /** Next entry to take. */
  head: number;
  /**
   * Gets more entries once all are taken, starting over at head 0; false at the end. A promise only if it must wait.
   */
  refill(): boolean | Promise<boolean>;
}

/**
 * Merges by smallest key; among equal keys the first input in `inputs` wins, as in trace-cmd (the top buffer before the
 * instances, the lower CPU first). A binary heap; from its top it takes all entries before the second smallest at once:
 * CPUs usually work in bursts.
 */
export async function merge<Event>(
  inputs: readonly MergeInput<Event>[],
  take: (events: readonly Event[], from: number, to: number, hasLosses: boolean) => void,
): Promise<void> {
  const heap: Entry<Event>[] = [];
  for (const [rank, input] of inputs.entries()) {
    if (await input.refill()) heap.push({ key: input.walker.keys[0]!, rank, input });
  }
  for (let nth = (heap.length >>> 1) - 1; nth >= 0; nth--) siftDown(heap, nth);

  for (let top = heap[0]; top !== undefined; top = heap[0]) {
    const { input } = top;
    const { events, keys, length, hasLosses } = input.walker;
    const next = smallerChild(heap);
    const head = next === undefined ? length : endOfRun(keys, input.head, length, next.key);
    let key = head === length ? top.key : keys[head]!;
    take(events, input.head, head, hasLosses);
    input.head = head;
    if (head === length) {
      const more = input.refill();
      if (typeof more === 'boolean' ? more : await more) {
        key = keys[0]!;
      } else {
        const last = heap.pop();
        if (last === undefined || last === top) continue;
        heap[0] = last;
        siftDown(heap, 0);
        continue;
      }
    }
    top.key = key;
    siftDown(heap, 0);
  }
}

/** @returns the first place after `from` with a key not below `limit`. The heap decides between equal keys. */
function endOfRun(keys: readonly number[], from: number, length: number, limit: number): number {
  let at = from + 1;
  while (at < length && keys[at]! < limit) at++;
  return at;
}

interface Ranked {
  key: number;
  readonly rank: number;
}

interface Entry<Event> extends Ranked {
  readonly input: MergeInput<Event>;
}

const before = (a: Ranked, b: Ranked): boolean => a.key < b.key || (a.key === b.key && a.rank < b.rank);

function smallerChild(heap: readonly Ranked[]): Ranked | undefined {
  const [, left, right] = heap;
  return left === undefined || right === undefined || before(left, right) ? left : right;
}

function siftDown(heap: Ranked[], from: number): void {
  const entry = heap[from]!;
  let at = from;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (!before(heap[child]!, entry)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = entry;
}
