// SPDX-License-Identifier: MIT
/* Drains all CPUs' batches once a request, where a count is not as expected, and looks at the page again. */
static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start,
					    size_t nr_pages, pgoff_t *err_index)
{
	struct address_space *mapping = inode->i_mapping;
	const int own_references = 1;
	pgoff_t last = start + nr_pages - 1;
	struct folio_batch batch;
	bool drained = false;
	bool safe = true;
	int i;

	folio_batch_init(&batch);
	while (safe && filemap_get_folios(mapping, &start, last, &batch)) {
		i = 0;
		while (safe && i < folio_batch_count(&batch)) {
			struct folio *folio = batch.folios[i];

			safe = folio_ref_count(folio) == folio_nr_pages(folio) + own_references;
			if (safe) {
				i++;
				continue;
			}
			if (folio_may_be_lru_cached(folio) && !drained) {
				lru_add_drain_all();
				drained = true;
				safe = true;
			} else {
				*err_index = folio->index;
			}
		}

		folio_batch_release(&batch);
		cond_resched();
	}

	return safe;
}
EXPORT_SYMBOL_FOR_KVM(lru_add_drain_all);
