// SPDX-License-Identifier: MIT
/* Drains the CPU's own batches once a request, where a count is not as expected, and looks again. */
static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start,
					    size_t nr_pages, pgoff_t *err_index)
{
	enum { EXPECTED_EXTRA = 1 };
	pgoff_t next = start, last = start + nr_pages - 1;
	struct folio_batch batch;
	bool drained = false, safe = true;

	folio_batch_init(&batch);
	do {
		unsigned int i = 0;

		if (!filemap_get_folios(inode->i_mapping, &next, last, &batch))
			break;
		while (safe && i < folio_batch_count(&batch)) {
			struct folio *folio = batch.folios[i];

			safe = folio_ref_count(folio) == folio_nr_pages(folio) + EXPECTED_EXTRA;
			if (safe) {
				i++;
			} else if (folio_may_be_lru_cached(folio) && !drained) {
				lru_add_drain();
				drained = true;
				safe = true;
			} else {
				*err_index = max(start, folio->index);
			}
		}
		folio_batch_release(&batch);
		cond_resched();
	} while (safe);

	return safe;
}

