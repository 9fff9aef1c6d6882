// SPDX-License-Identifier: MIT
import { namesModel } from './names-model.ts';
import { readSource } from './source.ts';

/** Whether the text of a scenario file names another model than the kernel. @throws InputError if it is no YAML. */
export const textNamesModel = (file: string, text: string): boolean => namesModel(readSource(file, text));
