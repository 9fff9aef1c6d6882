// SPDX-License-Identifier: MIT
/*
 * A page that is mapped or pinned is refused at once; else the CPU's own batches are drained, then all, each once.
 * The guest's fault of that series puts its reference early: folioscope: guestFaultPutsAtOnce
 */
/* It asks for users. folioscope: trueMeansUsed */
static bool folio_is_used(struct folio *folio, unsigned int *drained)
{
	if (folio_maybe_dma_pinned(folio) || folio_mapped(folio))
		return true;

	lru_cache_drain_for_folio(folio, 1, drained);
	return folio_ref_count(folio) != folio_nr_pages(folio) + 1;
}

static bool kvm_gmem_has_outstanding_references(struct inode *inode, pgoff_t start,
						size_t nr_pages, pgoff_t *err_index)
{
	pgoff_t next = start, last = start + nr_pages - 1;
	unsigned int drained = 0;
	struct folio_batch batch;
	bool used = false;

	folio_batch_init(&batch);
	while (!used && filemap_get_folios(inode->i_mapping, &next, last, &batch)) {
		for (int i = 0; i < folio_batch_count(&batch); i++) {
			used = folio_is_used(batch.folios[i], &drained);
			if (!used)
				continue;
			*err_index = max(start, batch.folios[i]->index);
			break;
		}
		folio_batch_release(&batch);
		cond_resched();
	}

	return used;
}
