// SPDX-License-Identifier: MIT
import { scenarioJsonSchema as schema } from './schema.ts';

/**
 * JSON Schema 2020-12 of a scenario file. A separate function, so that a page loads the schema only with its first
 * scenario (read-scenario.ts).
 */
export const scenarioJsonSchema = (): ReturnType<typeof schema> => schema();
