// SPDX-License-Identifier: MIT
/* As v6, with a cursor of its own and an index that is never before the range. One exit, by goto. */
static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start,
					    size_t nr_pages, pgoff_t *err_index)
{
	struct address_space *mapping = inode->i_mapping;
	pgoff_t last = start + nr_pages - 1;
	pgoff_t next = start;
	struct folio_batch batch;
	bool drained = false;
	bool safe = false;
	int i;

	folio_batch_init(&batch);
	while (filemap_get_folios(mapping, &next, last, &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++) {
			struct folio *folio = batch.folios[i];

retry:
			if (folio_ref_count(folio) == folio_nr_pages(folio) + 1)
				continue;
			if (folio_may_be_lru_cached(folio) && !drained) {
				lru_add_drain_all();
				drained = true;
				goto retry;
			}
			*err_index = max(start, folio->index);
			goto out;
		}
		folio_batch_release(&batch);
		cond_resched();
	}
	safe = true;
out:
	folio_batch_release(&batch);
	return safe;
}
EXPORT_SYMBOL_FOR_KVM(lru_add_drain_all);
