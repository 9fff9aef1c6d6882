// SPDX-License-Identifier: MIT
export { timelineView } from './timeline.tsx';
