/** What a schema cannot say of the steps: names must exist, loops must run before they are stopped, nothing is defined twice. */

import type { TargetKind } from '../../faults/fault.ts';
import {
  CLIENT_SELECTORS,
  COUNT_WORDS,
  LEDGER_WORDS,
  roleWord,
  STORE_SELECTORS,
  WHOLE_STORE,
} from '../../faults/targets.ts';
import { ETCD_MEMBERS, storeMembersOf } from '../cluster-shape.ts';
import type { FaultCatalogue } from '../fault-catalogue.ts';
import { ALL_OF_THEM } from '../fault-words.ts';
import type { ClusterShape, FaultStep, MoveStep, RepairStep, Scenario, Step, Target } from '../scenario.ts';
import { memberProblems } from './members.ts';
import { namesProblem } from './names-problem.ts';
import { suggestion } from './nearest.ts';
import type { Path, Problem } from './problems.ts';
import { verbFor } from './steps.ts';

interface Known {
  readonly cluster: ClusterShape;
  /** Members and spares. */
  readonly nodes: readonly string[];
  /** The containers of an etcd cluster; none of a ledger that is a file. */
  readonly stores: readonly string[];
  readonly clients: readonly string[];
  /** Programs on the nodes that are not NFS clients. */
  readonly programs: readonly string[];
  /** Clients of spares, until an earlier step admits their node. */
  readonly absent: Set<string>;
  readonly clientsOf: (node: string) => readonly string[];
  readonly faults: FaultCatalogue;
  /** Loops that were begun so far, in the order of the file. */
  readonly loops: Set<string>;
  /** `CLIENT/OWNER FILE` that an earlier step opened, or locked, which opens too. */
  readonly opened: Set<string>;
}

const openKey = ({ client, owner, file }: Target) => `${client}/${owner} ${file}`;

/** Whoever carries a step out is there: a client, or a local program, which can do less. */
function actorProblem(path: Path, step: Step & Target, known: Known): Problem[] {
  if (!known.programs.includes(step.client)) return clientProblem(path, step.client, known);
  const limit = limitOfPrograms(step);
  if (limit !== null) return [{ path, atKey: false, text: `${step.client} is a local program, ${limit}` }];
  return [];
}

/** What stands in the way of a local program's step; null: nothing. */
function limitOfPrograms(step: Step & Target): string | null {
  if (step.do === 'loop') return 'and a loop needs an NFS client; write "repeat" with its steps';
  if (step.owner !== step.client) return `which is its own only lock owner; leave "/${step.owner}" out`;
  if ('owners' in step && step.owners > 1) return 'which is its own only lock owner; leave "owners" out';
  if (step.do === 'open' && (step.deny !== 'none' || step.exclusive))
    return 'and open(2) knows no deny modes; leave "deny" and "exclusive" out';
  if (step.do === 'lock' && step.by === 'flock' && (step.span.start !== 0 || step.span.end !== null))
    return 'and flock(2) locks whole files; leave the range out';
  return null;
}

/** A client is there, and has begun: that of a spare begins when its node is admitted. */
function clientProblem(path: Path, client: string, known: Known): Problem[] {
  if (!known.absent.has(client)) return namesProblem(path, 'client', [client], known.clients);
  const text = `${client} mounts a spare, which no earlier step admits; add an "admit" step before this one`;
  return [{ path, atKey: false, text }];
}

function stepProblems(step: Step, path: Path, known: Known): Problem[] {
  const at = [...path, verbFor(step)];
  switch (step.do) {
    case 'parallel':
      return step.branches.flatMap((branch, index) => listProblems(branch, [...at, index], known));
    case 'repeat':
      return listProblems(step.steps, [...path, 'steps'], known);
    case 'fault':
      return faultProblems(step, at, known);
    case 'start':
      return namesProblem(at, 'node', step.nodes, [
        ...known.nodes,
        ...(known.stores.length === 0 ? [] : [...known.stores, WHOLE_STORE]),
        ...known.clients,
        ALL_OF_THEM,
      ]);
    case 'heal':
      return namesProblem(at, 'node', step.targets, [
        ...known.nodes,
        ...known.stores,
        ...known.clients,
        ...ledgerNames(known.cluster),
        ALL_OF_THEM,
      ]);
    case 'admit':
    case 'retire':
    case 'declare-dead':
    case 'abandon':
      return repairProblems(step, at, known);
    case 'impostor':
      return namesProblem(at, 'node', [step.node], known.nodes);
    case 'migrate':
      return moveProblems(step, at, known);
    case 'wait':
      if ('nodes' in step.condition) return namesProblem(at, 'node', step.condition.nodes, known.nodes);
      return 'clients' in step.condition
        ? step.condition.clients.flatMap((client) => clientProblem(at, client, known)).slice(0, 1)
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
      return [...actorProblem(at, step, known), ...pathProblem(step, at, known)];
    }
    case 'recovery':
      return clientProblem(at, step.client, known);
    case 'open':
    case 'lock':
      known.opened.add(openKey(step));
      return [
        ...actorProblem(at, step, known),
        ...byProblem(step, at, known),
        ...pathProblem(step, at, known),
        ...ownersProblem(step, at),
      ];
    default:
      return [...actorProblem(at, step, known), ...openProblem(step, at, known), ...ownersProblem(step, at)];
  }
}

/** What names can be hit, and cut off from, depends on the fault, and on whether the ledger is a cluster of its own. */
function faultProblems(step: FaultStep, at: Path, known: Known): Problem[] {
  const problem = (text: string): Problem[] => [{ path: at, atKey: false, text }];
  const refused = known.faults.refusal(step);
  if (refused !== null) return problem(refused);
  const { nodes, stores, clients } = known;
  const kinds = known.faults.targetsOf(step.fault);
  const words = [...(kinds.includes('ledger') ? [] : step.targets), ...(step.from ?? [])];
  const others = [...nodes, ...clients];
  const ofStore = words.find(
    (word) => !others.includes(word) && [...STORE_SELECTORS, ...LEDGER_WORDS, ...ETCD_MEMBERS].includes(word),
  );
  if (ofStore !== undefined && stores.length === 0)
    return problem(
      `the ledger of this cluster is a file on the shared filesystem, so there is no "${ofStore}" to hit or to be cut off from; write "store: etcd" under "cluster"`,
    );
  const itself = step.targets.find((target) => step.from?.includes(target));
  if (itself !== undefined) return problem(`"${itself}" cannot be cut off from itself`);
  const container = ['node', 'client', 'store'] as const;
  return [
    ...namesProblem(
      at,
      whomOf(kinds),
      step.targets.filter((word) => !isRoleHere(word, known)),
      namesOf(kinds, known),
    ),
    ...namesProblem(at, 'container', step.from ?? [], [
      ...namesOf(container, known),
      ...(stores.length === 0 ? [] : LEDGER_WORDS),
    ]),
  ];
}

const whomOf = (kinds: readonly TargetKind[]): string => (kinds.length === 1 ? kinds[0]! : 'node');

/** Names and words for what a fault can hit. */
function namesOf(
  kinds: readonly TargetKind[],
  { nodes, stores, clients, cluster }: Known,
): readonly string[] {
  const names: Readonly<Record<TargetKind, readonly string[]>> = {
    node: [...nodes, ...COUNT_WORDS],
    client: [...clients, ...CLIENT_SELECTORS],
    store: stores.length === 0 ? [] : [...stores, ...STORE_SELECTORS],
    ledger: ledgerNames(cluster),
  };
  return kinds.flatMap((kind) => names[kind]);
}

/** `ledger`, and where there are several of them the names of their domains. */
const ledgerNames = ({ domains }: ClusterShape): readonly string[] => [
  'ledger',
  ...(domains.length > 1 ? domains.map(({ name }) => name) : []),
];

/** A role, or whoever has to do with somebody who is there. */
function isRoleHere(word: string, { nodes, clients }: Known): boolean {
  const role = roleWord(word);
  if (role === null) return false;
  if (role.kind === 'role') return true;
  return (role.kind === 'server-of' ? clients : nodes).includes(role.whom);
}

function repairProblems(step: RepairStep, at: Path, known: Known): Problem[] {
  if (step.do === 'admit') for (const client of known.clientsOf(step.node)) known.absent.delete(client);
  return namesProblem(at, 'node', [step.node], known.nodes);
}

/** One ledger says where an address leads; with several domains it stays, and each ledger says where its filesystem is served. */
function moveProblems({ domain, owner, to }: MoveStep, at: Path, known: Known): Problem[] {
  const { domains } = known.cluster;
  const problem = (text: string): Problem[] => [{ path: at, atKey: false, text }];
  if (domain === null && domains.length === 1) return namesProblem(at, 'node', [owner, to], known.nodes);
  if (domain === null)
    return problem(
      `a node has one address for all of its domains, so with several of them it stays; write which filesystem moves, like "${domains[0]?.name} of ${owner}"`,
    );
  if (domains.length === 1)
    return problem(`there is one lock domain, whose clients go with an address; leave "${domain} of" out`);
  const names = domains.map(({ name }) => name);
  const serving = domains.find(({ name }) => name === domain)?.nodes ?? [];
  const stranger = [owner, to].find((node) => known.nodes.includes(node) && !serving.includes(node));
  const unknown = [
    ...namesProblem(at, 'lock domain', [domain], names),
    ...namesProblem(at, 'node', [owner, to], known.nodes),
  ];
  if (unknown.length > 0 || stranger === undefined) return unknown.slice(0, 1);
  return problem(`${stranger} does not serve the lock domain "${domain}"; ${serving.join(', ')} do`);
}

/** With several domains the root has nothing in it but their names. */
function pathProblem({ file }: Target, path: Path, { cluster: { domains } }: Known): Problem[] {
  if (domains.length < 2) return [];
  const [first, ...rest] = file.split('/');
  const names = domains.map(({ name }) => name);
  if (rest.length > 0 && names.includes(first!)) return [];
  const text = `"${file}" is in no lock domain; with several, a file is DOMAIN/FILE, and there are ${names.join(', ')}`;
  return [{ path, atKey: false, text }];
}

function byProblem(step: Step & Target, path: Path, { programs }: Known): Problem[] {
  if (step.do !== 'lock' || step.by === undefined || programs.includes(step.client)) return [];
  const text = `${step.client} is an NFS client, which locks by NFS; leave "by" out`;
  return [{ path, atKey: false, text }];
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
  if (![...known.clients, ...known.programs].includes(step.client) || known.opened.has(openKey(step)))
    return [];
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

/** @returns everything in the scenario that names what is not there, or names it twice */
export function referenceProblems(scenario: Scenario, faults: FaultCatalogue): Problem[] {
  const { cluster, clients, programs = [] } = scenario;
  const ofSpares = clients.filter(({ node }) => cluster.spares.includes(node));
  return [
    ...memberProblems(cluster, clients, ['cluster'], programs),
    ...listProblems(scenario.steps, ['steps'], {
      cluster,
      nodes: [...cluster.nodes, ...cluster.spares],
      stores: storeMembersOf(cluster),
      clients: clients.map((client) => client.name),
      programs: programs.map(({ name }) => name),
      absent: new Set(ofSpares.map(({ name }) => name)),
      clientsOf: (node) => clients.filter((client) => client.node === node).map(({ name }) => name),
      faults,
      loops: new Set(),
      opened: new Set(),
    }),
  ];
}
