// SPDX-License-Identifier: MIT
import type { Subject } from '../report/index.ts';
import type { CheckAnswer, CheckProgress, SearchOptions } from '../verify/index.ts';

/** A form of the check, and the search that answers for it. */
interface Form {
  readonly name: string;
  /** The files that say what is asked: the scenario's, and the form's own. */
  readonly files: readonly string[];
  readonly checking: (search: SearchOptions) => Generator<CheckProgress, CheckAnswer>;
}

/** What a file asks. */
export interface Asked {
  /** What reports tell of it. */
  readonly subject: Subject;
  /** The forms of the check that it is asked about. @throws InputError, UsageError */
  readonly forms: () => Promise<readonly Form[]> | readonly Form[];
}
