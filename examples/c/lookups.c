// SPDX-License-Identifier: MIT
/* Looks each page up by itself, drains all CPUs once, and puts every reference one by one. */
static bool page_is_unused(struct address_space *mapping, pgoff_t index, bool *drained)
{
	struct folio *folio = filemap_get_folio(mapping, index);
	bool unused;

	if (IS_ERR(folio))
		return true;

	while (!(unused = folio_ref_count(folio) == folio_nr_pages(folio) + 1)) {
		if (*drained)
			break;
		lru_add_drain_all();
		*drained = true;
	}

	folio_put(folio);
	return unused;
}

static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start,
					    size_t nr_pages, pgoff_t *err_index)
{
	struct address_space *mapping = inode->i_mapping;
	bool drained = false;

	for (pgoff_t index = start; index < start + nr_pages; index++) {
		if (page_is_unused(mapping, index, &drained))
			continue;
		*err_index = index;
		return false;
	}

	return true;
}
