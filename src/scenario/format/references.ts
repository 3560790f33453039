/** What a schema cannot say: names must exist, loops must run before they are stopped, nothing is defined twice. */

import type { FaultCatalogue } from '../fault-catalogue.ts';
import type { ClusterShape, Scenario, ScenarioClient, Step, Target } from '../scenario.ts';
import { suggestion } from './nearest.ts';
import type { Path, Problem } from './problems.ts';

interface Known {
  readonly cluster: ClusterShape;
  readonly clients: readonly string[];
  readonly faults: FaultCatalogue;
  /** Loops that were begun so far, in the order of the file. */
  readonly loops: Set<string>;
  /** `CLIENT/OWNER FILE` that an earlier step opened, or locked, which opens too. */
  readonly opened: Set<string>;
}

const openKey = ({ client, owner, file }: Target) => `${client}/${owner} ${file}`;

const unknown = (what: string, name: string, known: readonly string[]) =>
  `no ${what} is called "${name}"${suggestion(name, known)}`;

function namesProblem(
  path: Path,
  what: string,
  names: readonly string[],
  known: readonly string[],
): Problem[] {
  const missing = names.find((name) => !known.includes(name));
  return missing === undefined ? [] : [{ path, atKey: false, text: unknown(what, missing, known) }];
}

function stepProblems(step: Step, path: Path, known: Known): Problem[] {
  const { nodes } = known.cluster;
  const at = [...path, step.do];
  switch (step.do) {
    case 'parallel':
      return step.branches.flatMap((branch, index) => listProblems(branch, [...at, index], known));
    case 'repeat':
      return listProblems(step.steps, [...path, 'steps'], known);
    case 'fault': {
      const refused = known.faults.refusal(step);
      return refused === null
        ? namesProblem(at, 'node', step.targets, nodes)
        : [{ path: at, atKey: false, text: refused }];
    }
    case 'start':
      return namesProblem(at, 'node', step.nodes, nodes);
    case 'wait':
      if ('nodes' in step.condition) return namesProblem(at, 'node', step.condition.nodes, nodes);
      return 'clients' in step.condition
        ? namesProblem(at, 'client', step.condition.clients, known.clients)
        : [];
    case 'stop':
      return stopProblems(step.loops, at, known);
    case 'loop': {
      if (known.loops.has(step.loop))
        return [
          {
            path: at,
            atKey: false,
            text: `a loop called "${step.loop}" runs already; give this one another name with "as"`,
          },
        ];
      known.loops.add(step.loop);
      known.opened.add(openKey(step));
      return namesProblem(at, 'client', [step.client], known.clients);
    }
    case 'recovery':
      return namesProblem(at, 'client', [step.client], known.clients);
    case 'open':
    case 'lock':
      known.opened.add(openKey(step));
      return [...namesProblem(at, 'client', [step.client], known.clients), ...ownersProblem(step, at)];
    default:
      return [
        ...namesProblem(at, 'client', [step.client], known.clients),
        ...openProblem(step, at, known),
        ...ownersProblem(step, at),
      ];
  }
}

/** Many owners share a range by slices of its length, so it must have one. */
function ownersProblem(step: Step, path: Path): Problem[] {
  if (!('owners' in step) || step.owners === 1 || step.span.end !== null) return [];
  return [
    {
      path,
      atKey: false,
      text: 'with "owners" the range must have an end, since each owner gets a slice of that length',
    },
  ];
}

/** A file that this owner has never opened is a slip of the pen. */
function openProblem(step: Target, path: Path, known: Known): Problem[] {
  if (!known.clients.includes(step.client) || known.opened.has(openKey(step))) return [];
  const prefix = `${step.client}/${step.owner} `;
  const files = [...known.opened]
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
  const who = step.owner === step.client ? step.client : `${step.client}/${step.owner}`;
  const hint = files.length === 0 ? '; begin with an "open" or a "lock" step' : suggestion(step.file, files);
  return [{ path, atKey: false, text: `no earlier step opens "${step.file}" for ${who}${hint}` }];
}

function stopProblems(loops: readonly string[], at: Path, known: Known): Problem[] {
  const problems = namesProblem(at, 'running loop', loops, [...known.loops]);
  for (const loop of loops) known.loops.delete(loop);
  return problems;
}

const listProblems = (steps: readonly Step[], path: Path, known: Known): Problem[] =>
  steps.flatMap((step, index) => stepProblems(step, [...path, index], known));

/**
 * @param nodesAt where the file lists its nodes
 * @returns what is wrong with the names of nodes and clients, and with where the clients mount
 */
export function memberProblems(
  nodes: readonly string[],
  clients: readonly ScenarioClient[],
  nodesAt: Path,
): Problem[] {
  const twice = nodes.find((node, index) => nodes.indexOf(node) !== index);
  if (twice !== undefined) return [{ path: nodesAt, atKey: false, text: `two nodes are called "${twice}"` }];
  return clients.flatMap((client) =>
    nodes.includes(client.name)
      ? [
          {
            path: ['clients', client.name],
            atKey: true,
            text: `"${client.name}" is a node already; a client needs another name`,
          },
        ]
      : namesProblem(['clients', client.name], 'node', [client.node], nodes),
  );
}

/** @returns everything in the scenario that names what is not there, or names it twice */
export function referenceProblems(scenario: Scenario, faults: FaultCatalogue): Problem[] {
  const { cluster, clients } = scenario;
  return [
    ...memberProblems(cluster.nodes, clients, ['cluster', 'nodes']),
    ...listProblems(scenario.steps, ['steps'], {
      cluster,
      clients: clients.map((client) => client.name),
      faults,
      loops: new Set(),
      opened: new Set(),
    }),
  ];
}
