// SPDX-License-Identifier: MIT
/* As v8, which puts the pages of its batch one by one. */
static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start,
					    size_t nr_pages, pgoff_t *err_index)
{
	pgoff_t next = start, last = start + nr_pages - 1;
	struct folio_batch batch;
	bool drained = false, safe = true;
	int i;

	folio_batch_init(&batch);
	while (safe && filemap_get_folios(inode->i_mapping, &next, last, &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++) {
			struct folio *folio = batch.folios[i];

			while (safe && folio_ref_count(folio) != folio_nr_pages(folio) + 1) {
				if (drained) {
					safe = false;
					*err_index = max(start, folio->index);
				} else {
					lru_add_drain_all();
					drained = true;
				}
			}
			folio_put(folio);
		}
		folio_batch_reinit(&batch);
	}

	return safe;
}
