// SPDX-License-Identifier: MIT
/* A page is safe if nobody but the page cache and this check has a reference. No drain. */
static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start,
					    size_t nr_pages, pgoff_t *err_index)
{
	struct address_space *mapping = inode->i_mapping;
	const int own_references = 1;
	pgoff_t last = start + nr_pages - 1;
	struct folio_batch batch;
	bool safe = true;
	int i;

	folio_batch_init(&batch);
	while (safe && filemap_get_folios(mapping, &start, last, &batch)) {
		for (i = 0; safe && i < folio_batch_count(&batch); ++i) {
			struct folio *folio = batch.folios[i];

			if (folio_ref_count(folio) != folio_nr_pages(folio) + own_references) {
				safe = false;
				*err_index = folio->index;
			}
		}

		folio_batch_release(&batch);
		cond_resched();
	}

	return safe;
}

