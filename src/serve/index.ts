// SPDX-License-Identifier: MIT
export { saveOneFile } from './one-file.ts';
export { type Opened, serve, type Serving } from './serve.ts';
