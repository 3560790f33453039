import { z } from 'zod';
import { clusterKeys, numbered, shapeOf } from '../../scenario/format/cluster.ts';
import { clients } from '../../scenario/format/document.ts';
import { memberProblems } from '../../scenario/format/members.ts';
import { duration, name } from '../../scenario/format/words.ts';
import { type FileFormat, readWritten } from '../../scenario/format/written-file.ts';
import type { ClusterShape, ScenarioClient, StoreKind } from '../../scenario/scenario.ts';
import { EXIT, Refusal } from '../exit-status.ts';

/** What RFC 8881 section 8.4.2.1 takes for granted, and what servers ship with. */
const REAL_LEASE_MS = 90_000;
const SHORTEST_MS = 500;

/** A lab to play with: which nodes and clients, and how long a lease and a grace last. */
export interface LabDescription {
  readonly name: string;
  readonly shape: ClusterShape;
  readonly clients: readonly ScenarioClient[];
}

const labDocument = z.strictObject({
  name: name.optional(),
  ...clusterKeys,
  lease: duration(SHORTEST_MS).optional(),
  grace: duration(SHORTEST_MS).optional(),
  clients: clients.optional(),
});

type LabDocument = z.output<typeof labDocument>;

const DEFAULT_NAME = 'lab';

/** What stands on the command line goes before what stands in the file. */
export interface Overrides {
  readonly name?: string;
  readonly nodes?: number;
  readonly store?: StoreKind;
  /** Milliseconds, or null for `off`. */
  readonly failover?: number | null;
  readonly delegations?: boolean;
}

function shapeIn(document: LabDocument, { nodes, store, failover, delegations }: Overrides): ClusterShape {
  const written = {
    ...document,
    ...(nodes !== undefined && { nodes: numbered(nodes) }),
    ...(store !== undefined && { store }),
    ...(failover !== undefined && { failover }),
    ...(delegations !== undefined && { delegations: delegations ? ('on' as const) : ('off' as const) }),
  };
  return shapeOf(written, { leaseMs: REAL_LEASE_MS });
}

const KEYS = Object.keys(labDocument.shape);

const labFormat = (overrides: Overrides): FileFormat<LabDocument> => ({
  what: 'a lab file',
  looks: `its keys are ${KEYS.join(', ')}`,
  schema: labDocument,
  keys: KEYS,
  mayBeEmpty: true,
  problems: (document) => memberProblems(shapeIn(document, overrides), document.clients ?? [], []),
});

/** @throws {Refusal} wrong usage: which line of the file, what is wrong; a sentence for each problem. */
export async function describeLab(file: string | undefined, overrides: Overrides): Promise<LabDescription> {
  if (file === undefined) return describe({}, overrides);
  const parsed = await readWritten(file, labFormat(overrides));
  if (!parsed.ok) throw new Refusal(EXIT.wrongUsage, parsed.problems.join('\n'));
  return describe(parsed.written, overrides);
}

function describe(document: LabDocument, overrides: Overrides): LabDescription {
  const labName = overrides.name ?? document.name ?? DEFAULT_NAME;
  if (!name.safeParse(labName).success) {
    throw new Refusal(
      EXIT.wrongUsage,
      `"${labName}" is not a name: 1 to 15 characters of a-z, 0-9 and dashes, a letter first.`,
    );
  }
  return { name: labName, shape: shapeIn(document, overrides), clients: document.clients ?? [] };
}
