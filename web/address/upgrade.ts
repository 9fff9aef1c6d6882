// SPDX-License-Identifier: MIT

/** An address as any version had it. */
export interface OldAddress {
  readonly view: string;
  readonly state: Record<string, string>;
}

/**
 * By version: the upgrade of an address to the next version. Addresses of version 0 came without a version; they said `run` for
 * the flip-book and `patch` for `forms`.
 */
export const UPGRADERS: ReadonlyMap<number, (old: OldAddress) => OldAddress> = new Map([
  [
    0,
    ({ view, state }: OldAddress): OldAddress => {
      const { patch, step, ...others } = state;
      return {
        view: view === 'run' ? 'book' : view,
        state: {
          ...others,
          ...(patch === undefined ? {} : { forms: patch }),
          ...(step === undefined ? {} : { at: step }),
        },
      };
    },
  ],
]);
