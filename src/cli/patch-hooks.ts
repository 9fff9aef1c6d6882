// SPDX-License-Identifier: MIT
// The hooks that module.register() runs in a thread of its own: the only kind in Node below 22.15.
import type { LoadHook, ResolveHook } from 'node:module';
import { asParent, loadUsers, resolveOwn } from './patch-loading.ts';

export const resolve: ResolveHook = async (specifier, context, next) =>
  resolveOwn(specifier) ?? asParent(await next(specifier, context), context.parentURL);

export const load: LoadHook = async (url, context, next) => loadUsers(url) ?? (await next(url, context));
