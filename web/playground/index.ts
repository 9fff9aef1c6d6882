// SPDX-License-Identifier: MIT
export { playgroundView } from './playground.tsx';
