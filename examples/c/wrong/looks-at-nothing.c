// SPDX-License-Identifier: MIT
/* WRONG: it drains, and takes every page for safe. */
static bool kvm_gmem_is_safe_for_conversion(struct inode *inode, pgoff_t start,
					    size_t nr_pages, pgoff_t *err_index)
{
	lru_add_drain_all();
	return true;
}
