import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { duration, name } from '../../scenario/format/words.ts';
import type { ClusterShape, ScenarioClient } from '../../scenario/scenario.ts';
import { EXIT, Refusal } from '../exit-status.ts';

/** What RFC 8881 section 8.4.2.1 takes for granted, and what servers ship with. */
const REAL_LEASE_MS = 90_000;
const MOST_NODES = 16;
const SHORTEST_MS = 500;

/** A lab to play with: which nodes and clients, and how long a lease and a grace last. */
export interface LabDescription {
  readonly name: string;
  readonly shape: ClusterShape;
  readonly clients: readonly ScenarioClient[];
}

const nodeCount = z.number().int().min(1).max(MOST_NODES);

const labDocument = z.strictObject({
  name: name.optional(),
  nodes: z.union([nodeCount, z.array(name).min(1).max(MOST_NODES)]).optional(),
  lease: duration(SHORTEST_MS).optional(),
  grace: duration(SHORTEST_MS).optional(),
  /** Client name to the node that it mounts. */
  clients: z.record(name, name).optional(),
});

type LabDocument = z.output<typeof labDocument>;

const DEFAULT_NAME = 'lab';
const DEFAULT_NODES = 3;

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index + 1}`);

function refuse(message: string): never {
  throw new Refusal(EXIT.wrongUsage, message);
}

function parseDocument(text: string, file: string): LabDocument {
  let root: unknown;
  try {
    root = parse(text) ?? {};
  } catch (error) {
    refuse(`${file} is not YAML: ${(error as Error).message.split('\n')[0]?.replace(/:$/, '')}.`);
  }
  const checked = labDocument.safeParse(root);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : ` ${issue.path.join('.')}:`;
  refuse(
    `${file}:${where} ${issue?.message ?? 'this is not a lab file'} (keys: name, nodes, lease, grace, clients).`,
  );
}

/** What stands on the command line goes before what stands in the file. */
export interface Overrides {
  readonly name?: string;
  readonly nodes?: number;
}

/** @throws {Refusal} wrong usage, one sentence. */
export async function describeLab(file: string | undefined, overrides: Overrides): Promise<LabDescription> {
  let document: LabDocument = {};
  if (file !== undefined) {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) =>
      refuse(`${file} cannot be read: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}.`),
    );
    document = parseDocument(text, file);
  }
  return describe(document, overrides);
}

function describe(document: LabDocument, overrides: Overrides): LabDescription {
  const labName = overrides.name ?? document.name ?? DEFAULT_NAME;
  if (!name.safeParse(labName).success)
    refuse(`"${labName}" is not a name: 1 to 15 characters of a-z, 0-9 and dashes, a letter first.`);
  const wanted = overrides.nodes ?? document.nodes ?? DEFAULT_NODES;
  const nodes = typeof wanted === 'number' ? numbered(wanted) : wanted;
  const clients = Object.entries(document.clients ?? {}).map(([client, node]) => ({ name: client, node }));
  const names = [...nodes, ...clients.map((client) => client.name)];
  const twice = names.find((candidate, index) => names.indexOf(candidate) !== index);
  if (twice !== undefined) refuse(`the name "${twice}" is given twice.`);
  const astray = clients.find((client) => !nodes.includes(client.node));
  if (astray !== undefined)
    refuse(`the client ${astray.name} mounts "${astray.node}", which is no node of the lab.`);
  const leaseMs = document.lease ?? REAL_LEASE_MS;
  return { name: labName, shape: { nodes, leaseMs, graceMs: document.grace ?? leaseMs }, clients };
}
