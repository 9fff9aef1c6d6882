// SPDX-License-Identifier: MIT
import {
  filemap_get_folios,
  folio,
  folio_batch_release,
  folio_ref_count,
  folioBatch,
  INDEX,
  type Patch,
  refcountType,
  safetyCheck,
} from 'folioscope/kernel';
import { int, optional } from 'folioscope/lang';

/** It walks by itself, so it says whose the references of its batch are. */
const ownWalk: Patch = {
  name: 'own-walk',
  summary: 'looks at every page by itself, and drains nothing',
  check: safetyCheck((k, { inode, start, nr, safe, err_index }) => {
    const at = k.let('at', optional(INDEX), start);
    const last = k.let('last', optional(INDEX), start.plus(nr).minus(1));
    const batch = folioBatch(k);
    const count = k.local('count', refcountType);
    k.loop(() => {
      k.call(filemap_get_folios, { inode, start: at, last, batch });
      k.if(batch.count.eq(0), () => k.break());
      k.claimingList('safety-check', batch.folios, 0, batch.count, {}, () => {
        k.for('i', int(k.config.profile.batchSize), 0, batch.count, (i) => {
          const of = batch.folios.at(i);
          k.call(folio_ref_count, { folio: of, count });
          k.if(count.ne(2), () => {
            safe.set(false);
            k.step('folio_index', () => err_index.set(folio.index.at(of)));
            k.break();
          });
        });
      });
      k.call(folio_batch_release, { batch });
      k.if(safe.not(), () => k.break());
    });
  }),
};

export default ownWalk;
