// SPDX-License-Identifier: MIT
import type { FolioLane, Timeline } from './data/model.ts';
import type { AskedRun } from './data/run.ts';
import type { Asked, Hit, Search, PanelMoment } from './data/opened.ts';

/** Names of the forms of the check; repeated here, because importing the forms would load the whole kernel. */
export const FORMS: readonly string[] = ['baseline', 'local-drain', 'v6', 'v8', 'drain-for-folio'];

/** Messages from the view to its worker. */
export type Ask =
  | { readonly kind: 'open'; readonly name: string; readonly content: Blob }
  /** A run of the model instead of a file. */
  | { readonly kind: 'run'; readonly run: AskedRun }
  | { readonly kind: 'moment'; readonly number: number; readonly asked: Asked }
  | { readonly kind: 'unfold'; readonly lane: Pick<FolioLane, 'id' | 'inode' | 'pages' | 'depth'> }
  | { readonly kind: 'search'; readonly number: number; readonly search: Search };

/** Messages from the worker to the view. */
export type Tell =
  /** Share of the recording that has been read, for the opening or for a moment far away. */
  | { readonly kind: 'read'; readonly share: number }
  | { readonly kind: 'opened'; readonly timeline: Timeline }
  | { readonly kind: 'moment'; readonly number: number; readonly moment: PanelMoment | undefined }
  | { readonly kind: 'unfolded'; readonly id: string; readonly lanes: readonly FolioLane[] }
  | { readonly kind: 'found'; readonly number: number; readonly hits: readonly Hit[] };
