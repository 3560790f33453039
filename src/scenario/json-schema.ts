/** The JSON Schema that editors complete and check scenario files with; `scenarios/scenario.schema.json` is its printed form. */
import { z } from 'zod';
import { scenarioDocument } from './format/document.ts';

export function scenarioJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(scenarioDocument, { io: 'input', target: 'draft-7' });
  return { $schema, title: 'Gracelab scenario', ...rest };
}

/** As it is checked in. */
export const scenarioSchemaText = (): string => `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`;
