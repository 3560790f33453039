/**
 * The life of a node: the parts of each of its lock domains, one lock server over them, and the addresses that lead to it. On which
 * machine, a real or a simulated one, is for the composition root to say.
 */
import type { Clock } from '../../../core/clock.ts';
import { asNodeId, type NodeId } from '../../../core/ids.ts';
import type { Device, Served } from '../../../gate/device.ts';
import { Gate, type GateOptions } from '../../../gate/gate.ts';
import type { NodeEvent } from '../../../history/events.ts';
import type { RunProgram } from '../../../runtime/service-address.ts';
import type { DialBack } from '../../../server/callbacks/dial.ts';
import type { ClientIdentity } from '../../../server/coordination.ts';
import type { EstateDesk } from '../../../server/coordinator/take-overs.ts';
import type { ServiceAddressing } from '../../../server/options.ts';
import { LockServer } from '../../../server/server.ts';
import { bootVerifier, scopeOf } from '../../server-identity.ts';
import type { Conversation } from '../conversation.ts';
import type { ArmableSteps } from './armed-steps.ts';
import { BootWaiting } from './boot-waiting.ts';
import { FENCED_EXIT, obey } from './commands.ts';
import { CONFIGURATION, type NodeConfiguration } from './configuration.ts';
import {
  bootDomain,
  type DomainMachine,
  type DomainSurroundings,
  openPatiently,
  type ServedDomain,
} from './served-domain.ts';
import { ServiceAddresses } from './service-addresses.ts';
import { beTheOnlyLife } from './single-life.ts';

const NS_PER_MS = 1e6;

/** What a node needs of the machine that it lives on. */
export interface NodeMachine extends DomainMachine {
  /** The clock of the lab's history, which all its machines share. */
  readonly monotonicNs: () => bigint;
  readonly after: Clock['after'];
  readonly run: RunProgram;
  /** @param stamp nanoseconds since the history's origin */
  readonly openSteps: (stamp: () => number) => ArmableSteps;
  /** @throws Error one sentence with the remedy */
  readonly listen: (
    server: LockServer,
    host: string,
    port: number,
  ) => Promise<{ readonly address: string; readonly port: number }>;
  /** To clients of version 4.0. */
  readonly dialBack: DialBack;
  /** Left out: there is no gate on such a machine. @throws Error one sentence with the remedy */
  readonly mountGate?: (mountPoint: string, served: Served) => Device;
  /** A mistake of our own. Left out: it stops the program. */
  readonly onDefect?: (error: unknown) => void;
  /**
   * Ends the process at once: nothing of this life may go on granting, and the kernel takes locks and beacon along in the right
   * order. `sentence` goes to the log.
   */
  readonly end: (status: number, sentence?: string) => void;
}

/** Boots the node, and serves until somebody ends it. @throws Error one sentence, when it cannot */
export async function liveAsNode(conversation: Conversation, machine: NodeMachine): Promise<void> {
  const configuration = CONFIGURATION.parse(await conversation.configuration);
  const { node, namedDomains } = configuration;
  const origin = BigInt(configuration.originNs);
  // The node goes by its own clock, however far ahead that is; the history by the one that all share.
  const own = (): number => Number(machine.monotonicNs() - origin);
  const stamp = (): number => own() - configuration.clockAheadMs * NS_PER_MS;
  const clock: Clock = { nowMs: () => own() / NS_PER_MS, after: machine.after };
  const steps = machine.openSteps(stamp);
  steps.arm(configuration.armed);

  const waiting = new BootWaiting(clock, (problem) => conversation.send({ waiting: problem }));
  if (!configuration.mutants.includes('M14'))
    await beTheOnlyLife(node, configuration.stable, clock, machine.locks, (problem) =>
      problem === null ? waiting.over() : waiting.because(problem),
    );
  let domains: readonly ServedDomain[] = [];
  let server: LockServer | undefined;
  const observe = (event: Omit<NodeEvent, 't' | 'kind' | 'node' | 'incarnation'>) => {
    const domain = domains.find(({ name }) => name === event.domain) ?? domains[0];
    const incarnation = domain?.coordination.incarnation ?? 0;
    conversation.send({ event: { t: stamp(), ...event, kind: 'node', node, incarnation } });
  };
  const addresses = new ServiceAddresses({
    addresses: configuration.serviceAddresses,
    networkInterface: configuration.interface,
    run: machine.run,
    after: machine.after,
    observe,
    onFailure: (error) => machine.end(1, error.message),
  });
  domains = await bootAll(configuration, {
    conversation,
    machine,
    clock,
    stamp,
    addresses,
    steps,
    // Where filesystems move, clients of other nodes that came after one are this node's own.
    letGoOf: (owner, domain) =>
      !namedDomains
        ? server?.releaseService(owner)
        : owner === node
          ? server?.releaseMoved(domain)
          : server?.letGoUnclaimed(domain, owner),
    // None before there is a server.
    holders: (domain) => server?.holdersIn(domain) ?? [],
    takesOver: (domain) => takeOverOf(configuration, domain, () => server),
  });
  server = new LockServer({
    services: servicesOf(configuration, domains),
    ...serverOptions(configuration, domains, machine),
    clock,
    observe,
    steps,
    ...(machine.onDefect && { onDefect: machine.onDefect }),
  });
  const { address, port } = await machine.listen(server, configuration.listen, configuration.port);
  openGate(configuration, domains, { machine, clock, observe });
  await addresses.serve();
  for (const { name, coordination } of domains) {
    const { view } = coordination.status().ledger;
    observe({ event: 'serving', view, ...(namedDomains && { domain: name }) });
  }
  conversation.serve((command) => obey(command, { domains, named: namedDomains, server, steps, machine }));
  const lives = domains.map(({ name, coordination }) => [name, coordination.incarnation] as const);
  conversation.send({
    ready: true,
    incarnation: lives[0]![1],
    incarnations: Object.fromEntries(lives),
    address,
    port,
  });
}

/** What comes with what moves: an address, or the filesystem of that domain. Nothing before there is a server. */
const takeOverOf = (
  { namedDomains, graceMs }: NodeConfiguration,
  domain: string,
  server: () => LockServer | undefined,
): Omit<EstateDesk, 'board'> =>
  namedDomains
    ? {
        inventory: () => server()?.inventoryIn(domain) ?? [],
        adopt: (from, estates) => server()?.adoptIn(domain, from, estates, graceMs) ?? [],
      }
    : {
        inventory: (owner) => server()?.inventoryOf(owner) ?? [],
        adopt: (owner, estates) => server()?.adopt(owner, estates, graceMs) ?? [],
      };

/** Ends with the process: nothing is there to be done then. @throws Error one sentence, when it cannot be had */
function openGate(
  { gate: mountPoint, namedDomains, mutants }: NodeConfiguration,
  domains: readonly ServedDomain[],
  { machine, clock, observe }: Pick<GateOptions, 'clock' | 'observe'> & { readonly machine: NodeMachine },
): void {
  if (mountPoint === null) return;
  if (machine.mountGate === undefined) throw new Error('there is no gate on this machine');
  const gate: Gate = new Gate({
    domains: domains.map((domain) => domain.forGate()),
    root: namedDomains ? 'domains' : 'export',
    clock,
    mutants: new Set(mutants),
    observe,
    send: (reply) => device.send(reply),
  });
  const device = machine.mountGate(mountPoint, {
    receive: (request) => gate.receive(request),
    gone: () => gate.close(),
  });
}

type BootSurroundings = Omit<
  DomainSurroundings,
  'configuration' | 'onWaiting' | 'onFenced' | 'addresses' | 'machine' | 'letGoOf' | 'holders' | 'takesOver'
> & {
  readonly machine: NodeMachine;
  readonly addresses: ServiceAddresses;
  readonly letGoOf: (owner: NodeId, domain: string) => void;
  readonly holders: (domain: string) => readonly ClientIdentity[];
  readonly takesOver: (domain: string) => Omit<EstateDesk, 'board'>;
};

/** The node's life has begun when it has begun in each of its domains, and is over when it is over in one. */
async function bootAll(
  configuration: NodeConfiguration,
  { addresses, letGoOf, holders, takesOver, ...surroundings }: BootSurroundings,
): Promise<readonly ServedDomain[]> {
  const { node, domains, serviceAddresses } = configuration;
  const waiting = new BootWaiting(surroundings.clock, (problem) =>
    surroundings.conversation.send({ waiting: problem }),
  );
  // One ledger says where an address leads. Where there are several addresses stay, and each ledger says where its filesystem is served.
  const addressesMove = !configuration.namedDomains;
  if (!addressesMove && serviceAddresses[node] !== undefined) addresses.carry([asNodeId(node)]);
  const onWaiting = (problem: string) => waiting.because(problem);
  // All ledgers answer before a life begins in any of them: it would let its clients' time to reclaim run out while the
  // node, which waits for the others, serves nobody.
  const stores = await Promise.all(
    domains.map((domain) =>
      openPatiently(domain, surroundings.clock, onWaiting, surroundings.machine.openStore),
    ),
  );
  const booted = await Promise.all(
    domains.map((domain, index) =>
      bootDomain(domain, stores[index]!, {
        ...surroundings,
        configuration,
        addresses: addressesMove ? addresses : { carry: () => {} },
        letGoOf: (owner) => letGoOf(owner, domain.name),
        holders: () => holders(domain.name),
        takesOver: takesOver(domain.name),
        onWaiting,
        onFenced: (reason) => surroundings.machine.end(FENCED_EXIT, `${node} ends this life: ${reason}`),
      }),
    ),
  );
  waiting.over();
  return booted;
}

/** Which node's service an address leads to; null where no address can move. */
function servicesOf(
  { node, serviceAddresses, namedDomains }: NodeConfiguration,
  domains: readonly ServedDomain[],
): ServiceAddressing | null {
  if (namedDomains) return null;
  const ownerAt = new Map(Object.entries(serviceAddresses).map(([owner, at]) => [at, asNodeId(owner)]));
  if (ownerAt.size === 0) return null;
  return {
    // Its own address is another path to its service, as long as that is here.
    serviceAt: (local) => {
      const owner = ownerAt.get(local) ?? asNodeId(node);
      return domains.every(({ coordination }) => coordination.serves(owner)) ? owner : null;
    },
    majorOf: (owner) => `gracelab/${owner}`,
  };
}

function serverOptions(
  { node, leaseMs, namedDomains, delegations, serviceAddresses, mutants, gate }: NodeConfiguration,
  domains: readonly ServedDomain[],
  { random, dialBack }: NodeMachine,
) {
  // To the server the gate is one more node.
  const alone = gate === null && domains.every((domain) => domain.alone);
  return {
    domains,
    root: namedDomains ? ('domains' as const) : ('export' as const),
    leaseMs,
    delegations,
    dialBack,
    mutants: new Set(mutants),
    locationOf: (other: NodeId | null) => serviceAddresses[other ?? node] ?? null,
    serverOwner: { major: `gracelab/${node}`, minor: 0n },
    serverScope: scopeOf(domains),
    bootVerifier: bootVerifier(domains[0]!.coordination.incarnation, random),
    // A conflict on another node is never seen here, so an expired client's locks cannot wait for one (row 21).
    courtesy: alone ? ('until-conflict' as const) : ('none' as const),
  };
}
