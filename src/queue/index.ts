// SPDX-License-Identifier: MIT
export { type Answer, idOf, type Question, questionFrom } from './question.ts';
export { serve, type Serving } from './serve.ts';
export { type Submission, submit, type Waiting } from './submit.ts';
