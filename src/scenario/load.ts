/** From the text of a YAML file to a {@link Scenario}, or to sentences that say what is wrong with it. */
import { FAULT_CATALOGUE, type FaultCatalogue } from './fault-catalogue.ts';
import { scenarioDocument } from './format/document.ts';
import { referenceProblems } from './format/references.ts';
import { type FileFormat, type Parsed, parseWritten, readWritten } from './format/written-file.ts';
import type { Scenario } from './scenario.ts';

export type Loaded =
  | { readonly ok: true; readonly scenario: Scenario }
  /** Each is `FILE:LINE:COLUMN: PATH: what is wrong.`, in the order of the file. */
  | { readonly ok: false; readonly problems: readonly string[] };

const scenarioFormat = (faults: FaultCatalogue): FileFormat<Scenario> => ({
  what: 'a scenario',
  looks: 'it begins with "name:", "title:", "clients:" and "steps:"',
  schema: scenarioDocument,
  keys: Object.keys(scenarioDocument.in.shape),
  mayBeEmpty: false,
  problems: (scenario) => referenceProblems(scenario, faults),
});

const loaded = (parsed: Parsed<Scenario>): Loaded =>
  parsed.ok ? { ok: true, scenario: parsed.written } : parsed;

/** @param file how messages call it */
export function parseScenario(text: string, file: string, faults: FaultCatalogue = FAULT_CATALOGUE): Loaded {
  return loaded(parseWritten(text, file, scenarioFormat(faults)));
}

/** Reads and parses one scenario file. Refuses a file that is missing, unreadable, a directory, or too large. */
export async function loadScenario(path: string, faults: FaultCatalogue = FAULT_CATALOGUE): Promise<Loaded> {
  return loaded(await readWritten(path, scenarioFormat(faults)));
}
