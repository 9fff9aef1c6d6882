// SPDX-License-Identifier: MIT
import type { InputError } from '../ledger/index.ts';
import type { Subject } from '../report/index.ts';
import type { CheckAnswer, CheckProgress, SearchOptions } from '../verify/index.ts';

/** A form of the check, and its search. */
interface Form {
  readonly name: string;
  /** The files of the question: the scenario's, and the form's own. */
  readonly files: readonly string[];
  readonly checking: (search: SearchOptions) => Generator<CheckProgress, CheckAnswer>;
}

/** The question of a file. */
export interface Asked {
  /** Its description in reports. */
  readonly subject: Subject;
  /** The forms of the check to answer for; of several, one that cannot be used is told. @throws InputError, UsageError */
  readonly forms: (mistaken: (error: InputError) => void) => Promise<readonly Form[]> | readonly Form[];
}
