// SPDX-License-Identifier: MIT
export { bookView } from './book.tsx';
