// SPDX-License-Identifier: MIT
import type { Holder, Pfn } from '../../ledger/index.ts';
import { pfn } from '../../ledger/index.ts';
import { Redactor } from '../redactor.ts';
import type { FrameAnswer, FrameLife, FrameOrigin } from './frame-answer.ts';

/** The answer with task names and page frames replaced; functions of the kernel, inodes, pids and times stay. */
export function redacted(answer: FrameAnswer): FrameAnswer {
  const redactor = new Redactor();
  const frame: Pfn = redactor.pfn(answer.pfn);
  const origin = <Origin extends FrameOrigin>(of: Origin): Origin => ({
    ...of,
    comm: of.comm === undefined ? undefined : redactor.task(of.comm),
    stack: of.stack?.map((name) => (/^(?:0x)?[\da-f]{8,16}$/i.test(name) ? '?' : name)),
  });
  const maybe = (of: FrameOrigin | undefined): FrameOrigin | undefined => (of === undefined ? undefined : origin(of));
  const holder = (of: Holder): Holder => (of.task === undefined ? of : { ...of, task: redactor.task(of.task) });
  const life = (of: FrameLife): FrameLife => ({
    ...of,
    allocated: maybe(of.allocated),
    freed: maybe(of.freed),
    owners: of.owners.map((owner) => ({
      ...owner,
      head: pfn(frame + (owner.head - answer.pfn)),
      from: maybe(owner.from),
      to: maybe(owner.to),
    })),
    waits: of.waits.map((wait) => ({ ...wait, inserted: maybe(wait.inserted) })),
    touches: of.touches.map((touch) => ({ ...origin(touch), changes: touch.changes.map(holder) })),
  });
  for (const { allocated, freed, touches } of answer.lives)
    for (const one of [allocated, freed, ...touches]) redactor.name(one?.comm);
  redactor.frame(answer.pfn);
  return {
    ...answer,
    pfn: frame,
    lives: answer.lives.map(life),
    left: answer.left.map((one) => ({ ...one, holder: holder(one.holder), taken: maybe(one.taken) })),
    moments: answer.moments.map((moment) => ({
      ...moment,
      marker: moment.marker === undefined ? undefined : redactor.text(moment.marker),
      holders: moment.holders?.map(holder),
    })),
  };
}
