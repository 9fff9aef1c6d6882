// SPDX-License-Identifier: MIT
/* WRONG: it looks each page up by itself, and forgets to put those that it refuses. */
static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start,
					    size_t nr_pages, pgoff_t *err_index)
{
	const pgoff_t end = start + nr_pages;

	lru_add_drain_all();
	for (pgoff_t index = start; index < end; index++) {
		struct folio *folio = filemap_get_folio(inode->i_mapping, index);

		if (IS_ERR(folio))
			continue;
		if (folio_ref_count(folio) != folio_nr_pages(folio) + 1) {
			*err_index = index;
			return false;
		}
		folio_put(folio);
	}
	return true;
}
