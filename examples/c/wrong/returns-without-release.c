// SPDX-License-Identifier: MIT
/* WRONG: it returns early, and keeps its references. */
static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start,
					    size_t nr_pages, pgoff_t *err_index)
{
	pgoff_t last = start + nr_pages - 1;
	struct folio_batch batch;

	lru_add_drain_all();
	folio_batch_init(&batch);
	while (filemap_get_folios(inode->i_mapping, &start, last, &batch)) {
		for (int i = 0; i < folio_batch_count(&batch); i++) {
			struct folio *folio = batch.folios[i];

			if (folio_ref_count(folio) == folio_nr_pages(folio) + 1)
				continue;
			*err_index = folio->index;
			return false;
		}
		folio_batch_release(&batch);
	}
	return true;
}
