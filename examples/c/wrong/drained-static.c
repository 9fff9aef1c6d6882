// SPDX-License-Identifier: MIT
/* WRONG: the record of its drain is kept from request to request. */
static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start,
					    size_t nr_pages, pgoff_t *err_index)
{
	static bool ever_drained;
	pgoff_t next = start, last = start + nr_pages - 1;
	struct folio_batch batch;
	bool drained = ever_drained;
	bool safe = true;

	folio_batch_init(&batch);
	while (safe && filemap_get_folios(inode->i_mapping, &next, last, &batch)) {
		int i = 0;

		while (safe && i < folio_batch_count(&batch)) {
			struct folio *folio = batch.folios[i];

			safe = folio_ref_count(folio) == folio_nr_pages(folio) + 1;
			if (safe) {
				i++;
				continue;
			}
			if (!drained) {
				lru_add_drain_all();
				drained = true;
				ever_drained = true;
				safe = true;
			}
			if (!safe)
				*err_index = folio->index;
		}
		folio_batch_release(&batch);
		cond_resched();
	}

	return safe;
}
