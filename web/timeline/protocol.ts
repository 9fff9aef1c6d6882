// SPDX-License-Identifier: MIT
import type { FolioLane, Timeline } from './data/model.ts';
import type { Asked, Hit, Search, Told } from './data/opened.ts';

/** What the view asks its worker. */
export type Ask =
  | { readonly kind: 'open'; readonly name: string; readonly content: Blob }
  | { readonly kind: 'moment'; readonly number: number; readonly asked: Asked }
  | { readonly kind: 'unfold'; readonly lane: Pick<FolioLane, 'id' | 'inode' | 'pages' | 'depth'> }
  | { readonly kind: 'search'; readonly number: number; readonly search: Search };

/** What the worker tells the view. */
export type Tell =
  /** Share of the recording that has been read, for the opening or for a moment far away. */
  | { readonly kind: 'read'; readonly share: number }
  | { readonly kind: 'opened'; readonly timeline: Timeline }
  | { readonly kind: 'moment'; readonly number: number; readonly told: Told | undefined }
  | { readonly kind: 'unfolded'; readonly id: string; readonly lanes: readonly FolioLane[] }
  | { readonly kind: 'found'; readonly number: number; readonly hits: readonly Hit[] };
