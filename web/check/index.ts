// SPDX-License-Identifier: MIT
export { checkView } from './check.tsx';
