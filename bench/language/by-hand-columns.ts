// SPDX-License-Identifier: MIT
// The small protocol by hand, for full size only: loops over typed arrays. Nobody interleaves, so that no position has
// to be kept; every write to shared memory is made all the same.
import { CPUS, type Final, VERDICT, type World } from './protocol.ts';

/** Prepares memory; what is returned runs both adders and the check, anew at each call. */
export function runnerByHand({ folios, slots }: World): () => Final {
  // <protocol>
  const refcount = new Uint8Array(folios);
  const lru = new Uint8Array(folios);
  const lock = new Uint8Array(CPUS);
  const nr = new Uint8Array(CPUS);
  const batch = new Int32Array(CPUS * slots);
  const work = new Uint8Array(1);
  let verdict = 0;

  const moveLru = (cpu: number): void => {
    const first = cpu * slots;
    const end = first + nr[cpu]!;
    for (let i = first; i < end; i++) lru[batch[i]!] = 1;
    for (let i = first; i < end; i++) {
      const folio = batch[i]!;
      refcount[folio] = refcount[folio]! - 1;
      batch[i] = folios;
    }
    nr[cpu] = 0;
  };
  const addLru = (cpu: number, folio: number): void => {
    refcount[folio] = refcount[folio]! + 1;
    lock[cpu] = 1;
    const count = nr[cpu]!;
    batch[cpu * slots + count] = folio;
    nr[cpu] = count + 1;
    if (count + 1 === slots) moveLru(cpu);
    lock[cpu] = 0;
  };
  const drain = (cpu: number): void => {
    lock[cpu] = 1;
    if (nr[cpu] !== 0) moveLru(cpu);
    lock[cpu] = 0;
  };
  const drainAll = (): void => {
    drain(0);
    if (nr[1] === 0) return;
    work[0] = 1;
    work[0] = 2;
    drain(1);
    work[0] = 0;
  };
  const check = (): number => {
    let drained = false;
    for (let folio = 0; folio < folios; folio++) {
      refcount[folio] = refcount[folio]! + 1;
      let safe = refcount[folio] === 2;
      if (!safe && !drained) {
        drainAll();
        drained = true;
        safe = refcount[folio] === 2;
      }
      refcount[folio] = refcount[folio]! - 1;
      if (!safe) return VERDICT.refused + folio;
    }
    return VERDICT.safe;
  };
  // </protocol>
  return () => {
    refcount.fill(1);
    lru.fill(0);
    batch.fill(folios);
    nr.fill(0);
    for (let folio = 0; folio < folios / 2; folio++) addLru(0, folio);
    for (let folio = folios / 2; folio < folios; folio++) addLru(1, folio);
    verdict = check();
    return { refcount, lru, nr, verdict };
  };
}
