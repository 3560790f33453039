import type { Server } from 'node:net';
import type { Clock, Random } from '../../core/clock.ts';
import { OPERATOR } from '../../history/events.ts';
import { NamespaceLab } from '../../runtime/namespace/lab.ts';
import type { Program } from '../../runtime/runtime.ts';
import { Cluster } from '../../scenario/cluster.ts';
import type { LedgerHold } from '../../scenario/cluster-ledger.ts';
import { furtherFilesystems } from '../../scenario/node-configuration.ts';
import type { Environment } from '../frame.ts';
import type { GraceObservation } from '../ledger/grace-facts.ts';
import { observeGrace } from '../ledger/lab-grace.ts';
import { LabLedgers } from '../ledger/lab-ledgers.ts';
import { ContainerLogs } from './container-log.ts';
import {
  type ControlRequest,
  type LabStatus,
  type Location,
  type NodeStatus,
  serveControl,
} from './control.ts';
import type { LabDescription } from './lab-file.ts';
import { breakOrMend } from './living-faults.ts';
import { isMove, moveInLab } from './living-moves.ts';
import { LocatingLab } from './locating-lab.ts';
import type { LabPlace } from './place.ts';

/** What a living lab needs of the outside; its composition root has it. */
export interface LivingLabSurroundings {
  readonly clock: Clock;
  readonly env: Environment;
  readonly now: () => Date;
  readonly monotonicNs: () => bigint;
  readonly programs: { readonly node: Program; readonly client: Program; readonly relay: Program };
  readonly openLedgerHold: (file: string) => LedgerHold;
  readonly random: Random;
}

/** A cluster that stays up, and the answers to what people ask of it. */
export class LivingLab {
  /** When everything in it has ended. */
  readonly ended: Promise<void>;
  readonly #description: LabDescription;
  readonly #upSince: Date;
  readonly #lab: LocatingLab;
  readonly #cluster: Cluster;
  readonly #ledgers: LabLedgers;
  readonly #surroundings: LivingLabSurroundings;
  readonly #hasEnded = Promise.withResolvers<void>();
  #server: Server | null = null;

  private constructor(
    description: LabDescription,
    lab: LocatingLab,
    cluster: Cluster,
    ledgers: LabLedgers,
    surroundings: LivingLabSurroundings,
  ) {
    this.#description = description;
    this.#lab = lab;
    this.#cluster = cluster;
    this.#ledgers = ledgers;
    this.#surroundings = surroundings;
    this.#upSince = surroundings.now();
    this.ended = this.#hasEnded.promise;
  }

  /** @throws one sentence when the lab does not come up; pid 1 then ends, and everything with it. */
  static async open(
    description: LabDescription,
    place: LabPlace,
    surroundings: LivingLabSurroundings,
  ): Promise<LivingLab> {
    const { clock, env, monotonicNs, now, programs, openLedgerHold } = surroundings;
    const logs = new ContainerLogs(place.logs, now);
    const log = { line: (container: string, line: string) => logs.line(container, line) };
    const filesystems = furtherFilesystems(description.shape);
    const lab = new LocatingLab(await NamespaceLab.open({ clock, env, log, filesystems }));
    const originNs = monotonicNs();
    const stamp = () => Number(monotonicNs() - originNs);
    const cluster = await Cluster.start({
      lab,
      shape: description.shape,
      mutants: [],
      programs,
      openLedgerHold,
      clock,
      originNs,
      stamp,
      record: (event) => logs.event(event),
    });
    await Promise.all(description.clients.map((client) => cluster.addClient(client)));
    const ledgers = new LabLedgers({
      cluster,
      clock,
      stamp,
      log: (line) => logs.line(OPERATOR, line),
    });
    const living = new LivingLab(description, lab, cluster, ledgers, surroundings);
    living.#server = await serveControl(place.socket, (request) => living.#answer(request));
    return living;
  }

  async down(): Promise<void> {
    this.#cluster.expectEnd();
    this.#server?.close();
    await this.#lab[Symbol.asyncDispose]();
    this.#hasEnded.resolve();
  }

  async #answer(request: ControlRequest): Promise<unknown> {
    switch (request.command) {
      case 'status':
        return this.#status();
      case 'why':
        return this.#why(request.domain);
      case 'fault':
        if (isMove(request.fault))
          return moveInLab(this.#cluster, this.#surroundings.clock, request.fault, request.targets);
        return breakOrMend(this.#cluster, request, this.#surroundings.random);
      case 'locate':
        return this.#locate(request.container);
      case 'ledger':
        return this.#ledgers.look(request.domain);
      case 'repair':
        return this.#ledgers.attempt(request.domain, request.agreed);
      case 'down':
        // The answer leaves before the process does: the server is closed, its connections are not.
        return void setImmediate(() => void this.down());
      default:
        throw new Error(
          `this lab does not know the command "${(request as { command: string }).command}"; it was started by another version`,
        );
    }
  }

  async #status(): Promise<LabStatus> {
    const { name, shape, clients } = this.#description;
    const nodes = this.#cluster.nodes.map(async (node) => ({
      name: node.name,
      address: node.address,
      serviceAddress: node.serviceAddress,
      running: node.running,
      paused: node.paused,
      serving: node.serving,
      spare: !this.#cluster.observations.isMember(node.name),
      waitingFor: node.waitingFor,
      // A paused one could not answer, and waiting for it says nothing new.
      node: node.serving && !node.paused ? await this.#ask(node.name) : null,
    }));
    return {
      name,
      upSince: this.#upSince.toISOString(),
      leaseMs: shape.leaseMs,
      graceMs: shape.graceMs,
      store: shape.store,
      nodes: await Promise.all(nodes),
      stores: this.#cluster.stores.map(({ name: member, address, running, paused }) => ({
        name: member,
        address,
        running,
        paused,
      })),
      cuts: this.#cluster.surroundings.cuts.all,
      disturbances: this.#cluster.surroundings.disturbances.all,
      clients: clients.map((client) => ({ ...client, address: this.#lab.find(client.name)?.address ?? '' })),
      trouble: this.#cluster.missing,
    };
  }

  /** Null when the node does not answer in time, or has just gone down. */
  async #ask(name: string): Promise<NodeStatus | null> {
    const answer = await this.#cluster.node(name).command('status');
    if (!answer.ok) return null;
    const { ok: _ok, reply: _reply, ...status } = answer as Readonly<Record<string, unknown>>;
    return status as unknown as NodeStatus;
  }

  /** Of each lock domain, whoever of its nodes answers. */
  async #why(domain: string | null): Promise<readonly GraceObservation[]> {
    const status = await this.#status();
    return observeGrace(await this.#ledgers.look(domain), status, this.#description.shape);
  }

  #locate(name: string): Location {
    const container = this.#lab.find(name);
    if (container === undefined) {
      const names = [...this.#cluster.nodes, ...this.#cluster.stores, ...this.#cluster.clients].map(
        (known) => known.name,
      );
      throw new Error(`there is no "${name}" in this lab; there are ${names.join(', ')}`);
    }
    const pid = container.initPid;
    if (pid === null) throw new Error(`${name} is down; boot it with \`gracelab fault start ${name}\``);
    return { pid };
  }
}
