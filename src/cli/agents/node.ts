/**
 * The agent of a node container, and the composition root of a node: the parts of each of its lock domains, one lock
 * server over them, and the addresses that lead to it, with the machine's clock. It reports to the lab on stdout and
 * ends with its stdin. Exit status: 0 told to end, 1 could not start, 70 this life is over for the cluster, boot again.
 */
import { execFile } from 'node:child_process';
import { asNodeId } from '../../core/ids.ts';
import type { NodeEvent } from '../../history/events.ts';
import type { RunProgram } from '../../runtime/service-address.ts';
import { LockServer } from '../../server/server.ts';
import { bootVerifier, listenAt, scopeOf } from '../server-identity.ts';
import { converse } from './conversation.ts';
import { BootWaiting } from './node-agent/boot-waiting.ts';
import { CONFIGURATION, type NodeConfiguration } from './node-agent/configuration.ts';
import {
  bootDomain,
  type DomainSurroundings,
  openPatiently,
  type ServedDomain,
} from './node-agent/served-domain.ts';
import { ServiceAddresses } from './node-agent/service-addresses.ts';
import { beTheOnlyLife } from './node-agent/single-life.ts';
import { systemClock } from './surroundings.ts';

const FENCED_EXIT = 70;
const NS_PER_MS = 1e6;
/** The lab ends a node as soon as it hears that it has left. */
const LEFT_BEHIND_MS = 2000;

const conversation = converse(process.stdin, process.stdout);

async function run(): Promise<void> {
  const configuration = CONFIGURATION.parse(await conversation.configuration);
  const { node, namedDomains } = configuration;
  const origin = BigInt(configuration.originNs);
  const stamp = (): number => Number(process.hrtime.bigint() - origin);
  const clock = { nowMs: () => stamp() / NS_PER_MS, after: systemClock.after };

  await beTheOnlyLife(node, configuration.stable, clock);
  let domains: readonly ServedDomain[] = [];
  const observe = (event: Omit<NodeEvent, 't' | 'kind' | 'node' | 'incarnation'>) => {
    const domain = domains.find(({ name }) => name === event.domain) ?? domains[0];
    const incarnation = domain?.coordination.incarnation ?? 0;
    conversation.send({ event: { t: stamp(), ...event, kind: 'node', node, incarnation } });
  };
  const addresses = new ServiceAddresses({
    addresses: configuration.serviceAddresses,
    networkInterface: configuration.interface,
    run: runProgram,
    observe,
    onFailure: (error) => end(1, error.message),
  });
  domains = await bootAll(configuration, { conversation, clock, stamp, addresses });
  const server = new LockServer({ ...serverOptions(configuration, domains), clock, observe });
  const { address, port } = await listenAt(server, configuration.listen, configuration.port);
  await addresses.serve();
  for (const { name, coordination } of domains) {
    const { view } = coordination.status().ledger;
    observe({ event: 'serving', view, ...(namedDomains && { domain: name }) });
  }
  conversation.serve(({ command }) => obey(command, domains, server));
  const incarnations = Object.fromEntries(
    domains.map(({ name, coordination }) => [name, coordination.incarnation]),
  );
  conversation.send({
    ready: true,
    incarnation: domains[0]!.coordination.incarnation,
    incarnations,
    address,
    port,
  });
}

type BootSurroundings = Omit<DomainSurroundings, 'configuration' | 'onWaiting' | 'onFenced' | 'addresses'> & {
  readonly addresses: ServiceAddresses;
};

/** The node's life has begun when it has begun in each of its domains, and is over when it is over in one. */
async function bootAll(
  configuration: NodeConfiguration,
  { addresses, ...surroundings }: BootSurroundings,
): Promise<readonly ServedDomain[]> {
  const { node, domains, serviceAddresses } = configuration;
  const waiting = new BootWaiting(surroundings.clock, (problem) => conversation.send({ waiting: problem }));
  // One ledger says where an address leads. Where there are several, nothing moves.
  const movable = domains.length === 1 && !configuration.namedDomains;
  if (!movable && serviceAddresses[node] !== undefined) addresses.carry([asNodeId(node)]);
  const onWaiting = (problem: string) => waiting.because(problem);
  // All ledgers answer before a life begins in any of them: it would let its clients' time to reclaim run out while the
  // node, which waits for the others, serves nobody.
  const stores = await Promise.all(
    domains.map((domain) => openPatiently(domain, surroundings.clock, onWaiting)),
  );
  const booted = await Promise.all(
    domains.map((domain, index) =>
      bootDomain(domain, stores[index]!, {
        ...surroundings,
        configuration,
        addresses: movable ? addresses : { carry: () => {} },
        onWaiting,
        onFenced: (reason) => end(FENCED_EXIT, `${node} ends this life: ${reason}`),
      }),
    ),
  );
  waiting.over();
  return booted;
}

function serverOptions({ node, leaseMs, namedDomains }: NodeConfiguration, domains: readonly ServedDomain[]) {
  const alone = domains.every((domain) => domain.alone);
  return {
    domains,
    root: namedDomains ? ('domains' as const) : ('export' as const),
    leaseMs,
    serverOwner: { major: `gracelab/${node}`, minor: 0n },
    serverScope: scopeOf(domains),
    bootVerifier: bootVerifier(domains[0]!.coordination.incarnation),
    // A conflict on another node is never seen here, so an expired client's locks cannot wait for one (row 21).
    courtesy: alone ? ('until-conflict' as const) : ('none' as const),
  };
}

async function obey(command: string, domains: readonly ServedDomain[], server: LockServer): Promise<object> {
  switch (command) {
    case 'status': {
      const [first] = domains;
      const each = Object.fromEntries(domains.map(({ name, coordination }) => [name, coordination.status()]));
      return {
        ...first!.coordination.status(),
        ...(domains.length > 1 && { domains: each }),
        storeUse: Object.fromEntries(domains.map(({ name, storeUse }) => [name, storeUse()])),
        ...server.summary(),
      };
    }
    case 'leave':
      await Promise.all(
        domains.map(({ name, coordination }) => coordination.leave(() => server.releaseStateIn(name))),
      );
      // Whoever wanted it to leave may have given up waiting. It is no member now and would stand there for ever.
      systemClock.after(LEFT_BEHIND_MS, () => end(FENCED_EXIT, 'nobody ended this node after it had left'));
      return {};
    default:
      throw new Error(`a node does not know the command ${command}`);
  }
}

const runProgram: RunProgram = ([file, ...argv]) =>
  new Promise((resolve, reject) => {
    execFile(file, argv, (error, stdout, stderr) => {
      if (error === null) resolve({ code: 0, stdout, stderr });
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
      else reject(error);
    });
  });

/** Ends at once: nothing of this life may go on granting, and the kernel takes locks and beacon along in the right order. */
function end(code: number, sentence?: string): never {
  if (sentence !== undefined) process.stderr.write(`${sentence}\n`);
  process.exit(code);
}

process.on('SIGTERM', () => end(0));
void conversation.ended.then(() => end(0));
run().catch((error: Error) => end(1, error.message));
