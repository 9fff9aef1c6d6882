// SPDX-License-Identifier: MIT
import { type FolioLedger, formatTime, type Holder } from '../ledger/index.ts';

/** A folio with its holders, as in every JSON document; inapplicable fields are absent. */
export const folioJson = ({ index, pfn, order, strength, holders, count }: FolioLedger): object => ({
  index,
  pfn,
  order,
  strength,
  holders: holders.map(holderJson),
  count,
});

export const holderJson = ({ kind, cpu, task, references, since }: Holder): object => ({
  kind,
  cpu,
  task,
  references,
  since: since === undefined ? undefined : formatTime(since),
});
