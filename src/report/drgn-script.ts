// SPDX-License-Identifier: MIT

/**
 * A script for drgn that prints the content of the `lru_add` batches of a running kernel: a proof, if the kernel's debugging
 * information is installed. Names by feature: the batches' variable and the folio's fields are those since 6.16.
 * @example
 * import { DRGN_SCRIPT } from 'folioscope/report';
 * DRGN_SCRIPT.includes('cpu_fbatches'); // => true
 */
export const DRGN_SCRIPT = `# sudo drgn FILE: the folios in each CPU's lru_add batch, with their inode.
# A batch may change while it is read: an entry that makes no sense is one.
from drgn import FaultError
from drgn.helpers.linux.cpumask import for_each_online_cpu
from drgn.helpers.linux.mm import page_to_pfn
from drgn.helpers.linux.percpu import per_cpu
from drgn import cast

for cpu in for_each_online_cpu(prog):
    batch = per_cpu(prog["cpu_fbatches"], cpu).lru_add
    print(f"CPU {cpu}: {batch.nr.value_()} folios wait")
    for i in range(batch.nr.value_()):
        folio = batch.folios[i]
        try:
            pfn = page_to_pfn(cast("struct page *", folio)).value_()
            count = folio.page._refcount.counter.value_()
            mapping = folio.mapping.value_()
            if mapping == 0 or mapping & 3:
                print(f"  pfn {pfn:#x} count {count}: anonymous, or gone")
                continue
            inode = folio.mapping.host
            dev = inode.i_sb.s_dev.value_()
            print(
                f"  pfn {pfn:#x} count {count}: {dev >> 20}:{dev & 0xfffff}"
                f":{inode.i_ino.value_():#x} index {folio.index.value_()}"
            )
        except FaultError:
            print("  an entry that went meanwhile; results may be incomplete")
`;
