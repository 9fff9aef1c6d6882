// SPDX-License-Identifier: MIT
import { asParent, loadUsers, resolveOwn } from './patch-loading.ts';

/** Node's registerHooks(), from 22.15 on, as far as it is used here: synchronous hooks in this thread. */
export type RegisterHooks = (hooks: {
  readonly resolve: (
    specifier: string,
    context: { readonly parentURL?: string | undefined },
    next: (specifier: string, context: object) => { readonly url: string },
  ) => { readonly url: string };
  readonly load: (url: string, context: object, next: (url: string, context: object) => object) => object;
}) => unknown;

/** Lets this process load users' forms of the check. */
export const hook = (registerHooks: RegisterHooks): unknown =>
  registerHooks({
    resolve: (specifier, context, next) =>
      resolveOwn(specifier) ?? asParent(next(specifier, context), context.parentURL),
    load: (url, context, next) => loadUsers(url) ?? next(url, context),
  });
