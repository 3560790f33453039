/** `node src/cli/print-scenario-schema.ts > scenarios/scenario.schema.json`, after every change of the scenario format. */
import { scenarioSchemaText } from '../scenario/json-schema.ts';

process.stdout.write(scenarioSchemaText());
