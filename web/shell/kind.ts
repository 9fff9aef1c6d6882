// SPDX-License-Identifier: MIT
import type { OpenedFile, ViewId } from '../view/index.ts';

/** The view that shows a file: by its name, and by how it begins. */
export async function viewFor({ name, content }: OpenedFile): Promise<ViewId> {
  if (/\.[ch]$/.test(name)) return 'playground';
  if (/\.ya?ml$/.test(name)) return 'book';
  const beginning = await content.slice(0, 512).text();
  return /^\s*\{/.test(beginning) && /"(?:schema|scenario)"/.test(beginning) ? 'book' : 'timeline';
}
