// SPDX-License-Identifier: MIT
import { filemap_get_folios, folio_batch_release, folioBatch } from '../src/kernel/filemap.ts';
import { lru_add_drain, lru_add_drain_all } from '../src/kernel/folio.ts';
import { DEFAULT_PROFILE, type K, type Patch } from '../src/kernel/index.ts';
import { type CheckArguments, INDEX, routine } from '../src/kernel/kernel.ts';
import { folio, putReferences } from '../src/kernel/page_ref.ts';
import { bool, int, optional, type Program, rewriteSteps, type Step } from '../src/lang/index.ts';
import type { SmallWorld } from './exploring.ts';

/** What a wrong check gets wrong; nothing: v6 once more. */
export interface Mistakes {
  readonly drain?: (k: K) => void;
  readonly afterDrain?: 'reads again' | 'believes it is safe' | 'gives up';
  readonly release?: (k: K, batch: ReturnType<typeof folioBatch>) => void;
  readonly expected?: number;
}

/** v6 written out once more, with room for mistakes. */
export function wrongCheck(mistakes: Mistakes): Patch {
  const { drain = (k: K) => k.call(lru_add_drain_all, {}), afterDrain = 'reads again', expected = 2 } = mistakes;
  const release = mistakes.release ?? ((k: K, batch) => k.call(folio_batch_release, { batch }));
  const check = routine('wrong_check', (k: K, { inode, start, nr, safe, err_index }: CheckArguments) => {
    const next = k.let('next', optional(INDEX), start);
    const last = k.let('last', optional(INDEX), start.plus(nr).minus(1));
    const batch = folioBatch(k);
    const ok = k.let('ok', bool, true);
    const drained = k.let('drained', bool, false);
    k.while(ok, () => {
      k.call(filemap_get_folios, { inode, start: next, last, batch });
      k.if(batch.count.eq(0), () => k.break());
      const i = k.let('i', int(k.config.profile.batchSize), 0);
      k.claimingList('safety-check', batch.folios, 0, batch.count, {}, () => {
        k.while(ok.and(i.lt(batch.count)), () => {
          k.step('folio_ref_count', () => ok.set(folio.refcount.at(batch.folios.at(i)).eq(expected)));
          k.if(
            ok,
            () => i.add(1),
            () => {
              k.if(drained.not(), () => {
                drain(k);
                drained.set(true);
                if (afterDrain !== 'gives up') ok.set(true);
                if (afterDrain === 'believes it is safe') i.add(1);
              });
              k.if(ok.not(), () => k.step('err_index', () => err_index.set(folio.index.at(batch.folios.at(i)))));
            },
          );
        });
      });
      release(k, batch);
    });
    safe.set(ok);
  });
  return { name: 'mutant', summary: 'v6 with a mistake', check };
}

const sizes = { cpus: 2, folios: 2, inodes: 1, pages: 2, mms: 1, pins: 1, references: 8, order: 0 };
const convert = { name: 'convert', args: [0, 0, 2, 1, 1] } as const;

/** SC-02: a page faulted on CPU 1, then nobody uses it. */
export const otherCpu = (patch: Patch): SmallWorld => ({
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 2 }, patch },
  sizes,
  tasks: [
    { cpu: 0, script: [convert] },
    { cpu: 1, script: [{ name: 'touch', args: [0, 0, 1] }] },
  ],
  before: [1],
});
/** SC-11: a page faulted on CPU 1 that stays in a pipe. */
export const pinned = (patch: Patch): SmallWorld => ({
  ...otherCpu(patch),
  tasks: [
    { cpu: 0, script: [convert] },
    { cpu: 1, script: [{ name: 'vmsplice', args: [0, 0, 0] }] },
  ],
});

/** Changes one step, wherever its routine is inlined; throws where there is no such step. */
export function changing(
  routineName: string,
  stepName: string,
  change: (step: Step) => Step,
): (program: Program) => Program {
  return (program) => {
    let changed = 0;
    const mutated = rewriteSteps(program, (step) => {
      if (step.name !== stepName || !step.path.includes(routineName)) return step;
      changed++;
      return change(step);
    });
    if (changed === 0) throw new Error(`no step '${stepName}' in '${routineName}'`);
    return mutated;
  };
}
export const forgotten = (step: Step): Step => ({ ...step, effects: [] });
export const unguarded = (step: Step): Step => ({ ...step, guard: undefined });

export const localDrain: Mistakes = { drain: (k) => k.call(lru_add_drain, {}) };
export const forgetsAPut: Mistakes = {
  release: (k, batch) => {
    k.for('i', int(k.config.profile.batchSize), 1, batch.count, (i) => {
      k.claimingList('safety-check', batch.folios, i, batch.count, {}, () => {
        k.step('folios_put', () => putReferences(k, batch.folios.at(i)));
      });
    });
    k.step('folio_batch_reinit', () => {});
    batch.count.set(0);
  },
};
