// SPDX-License-Identifier: MIT
/* Refuses only what is mapped or pinned, and ignores holders that it does not know. */
static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start,
					    size_t nr_pages, pgoff_t *err_index)
{
	struct address_space *mapping = inode->i_mapping;
	pgoff_t next = start, last = start + nr_pages - 1;
	struct folio_batch batch;
	bool safe = true;

	folio_batch_init(&batch);
	while (safe && filemap_get_folios(mapping, &next, last, &batch)) {
		for (int i = 0; safe && i < folio_batch_count(&batch); i++) {
			struct folio *folio = batch.folios[i];

			safe = !(folio_maybe_dma_pinned(folio) || folio_mapped(folio));
			if (!safe)
				*err_index = max(start, folio->index);
		}
		folio_batch_release(&batch);
		cond_resched();
	}

	return safe;
}
