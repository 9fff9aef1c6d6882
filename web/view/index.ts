// SPDX-License-Identifier: MIT
export type { KeyHelp, MountedView, OpenedFile, Page, Port, Theme, View, ViewId, ViewState } from './view.ts';
export { VIEW_IDS } from './view.ts';
export type { Service } from './service.ts';
