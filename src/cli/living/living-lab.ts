import type { Server } from 'node:net';
import type { Clock, Random } from '../../core/clock.ts';
import { FAULTS, faultRefusal } from '../../faults/registry.ts';
import { resolveTargets } from '../../faults/targets.ts';
import { NamespaceLab } from '../../runtime/namespace/lab.ts';
import type { Program } from '../../runtime/runtime.ts';
import { Cluster } from '../../scenario/cluster.ts';
import type { Environment } from '../frame.ts';
import { ContainerLogs } from './container-log.ts';
import {
  type ControlRequest,
  type LabStatus,
  type Location,
  type NodeStatus,
  serveControl,
} from './control.ts';
import type { LabDescription } from './lab-file.ts';
import { LocatingLab } from './locating-lab.ts';
import type { LabPlace } from './place.ts';
import { explainGrace, type GraceExplanation, pausedSentence } from './why-grace.ts';

/** What a living lab needs of the outside; its composition root has it. */
export interface LivingLabSurroundings {
  readonly clock: Clock;
  readonly env: Environment;
  readonly now: () => Date;
  readonly monotonicNs: () => bigint;
  readonly programs: { readonly node: Program; readonly client: Program };
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
  readonly #surroundings: LivingLabSurroundings;
  readonly #hasEnded = Promise.withResolvers<void>();
  #server: Server | null = null;

  private constructor(
    description: LabDescription,
    lab: LocatingLab,
    cluster: Cluster,
    surroundings: LivingLabSurroundings,
  ) {
    this.#description = description;
    this.#lab = lab;
    this.#cluster = cluster;
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
    const { clock, env, monotonicNs, now, programs } = surroundings;
    const logs = new ContainerLogs(place.logs, now);
    const log = { line: (container: string, line: string) => logs.line(container, line) };
    const lab = new LocatingLab(await NamespaceLab.open({ clock, env, log }));
    const originNs = monotonicNs();
    const cluster = await Cluster.start({
      lab,
      shape: description.shape,
      mutants: [],
      programs,
      clock,
      originNs,
      stamp: () => Number(monotonicNs() - originNs),
      record: (event) => logs.event(event),
    });
    await Promise.all(description.clients.map((client) => cluster.addClient(client)));
    const living = new LivingLab(description, lab, cluster, surroundings);
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
        return this.#why();
      case 'fault':
        return this.#fault(request.fault, request.targets, request.parameters);
      case 'locate':
        return this.#locate(request.container);
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
      running: node.running,
      paused: node.paused,
      serving: node.serving,
      // A paused one could not answer, and waiting for it says nothing new.
      node: node.serving && !node.paused ? await this.#ask(node.name) : null,
    }));
    return {
      name,
      upSince: this.#upSince.toISOString(),
      leaseMs: shape.leaseMs,
      graceMs: shape.graceMs,
      nodes: await Promise.all(nodes),
      clients: clients.map((client) => ({ ...client, address: this.#lab.find(client.name)?.address ?? '' })),
      trouble: this.#cluster.lost,
    };
  }

  /** Null when the node does not answer in time, or has just gone down. */
  async #ask(name: string): Promise<NodeStatus | null> {
    const answer = await this.#cluster.node(name).command('status');
    if (!answer.ok) return null;
    const { ok: _ok, reply: _reply, ...status } = answer as Readonly<Record<string, unknown>>;
    return status as unknown as NodeStatus;
  }

  async #why(): Promise<GraceExplanation> {
    const { nodes } = await this.#status();
    const statuses = nodes.flatMap(({ name, node }) => (node === null ? [] : [[name, node] as const]));
    const down = nodes.filter((node) => !node.running).map(({ name }) => name);
    const paused = nodes.filter((node) => node.paused).map(({ name }) => name);
    if (statuses.length === 0) {
      const silence = 'no node of the lab serves, so there is nobody to say why; see `gracelab status`.';
      throw new Error([silence, ...paused.map(pausedSentence)].join(' '));
    }
    return explainGrace(Object.fromEntries(statuses), { down, paused });
  }

  async #fault(
    name: string,
    selectors: readonly string[],
    parameters: Readonly<Record<string, unknown>>,
  ): Promise<object> {
    const names = this.#targets(selectors);
    const nodes = names.map((target) => this.#cluster.node(target));
    if (name === 'start') {
      const up = nodes.find((node) => node.running && !node.paused);
      if (up !== undefined) throw new Error(`${up.name} is up already`);
      await Promise.all(nodes.map((node) => (node.paused ? node.resume() : node.start())));
      return { fault: name, targets: names };
    }
    const refusal = faultRefusal(name, parameters);
    if (refusal !== null) throw new Error(refusal);
    const fault = FAULTS.get(name);
    await fault?.inject(nodes, fault.parameters.parse(parameters), this.#surroundings.clock);
    return { fault: name, targets: names };
  }

  #targets(selectors: readonly string[]): string[] {
    const all = this.#cluster.nodes.map((node) => node.name);
    const chosen = new Set<string>();
    for (const selector of selectors) {
      const resolved = resolveTargets(selector, all, this.#surroundings.random);
      if (!resolved.ok) throw new Error(resolved.error);
      for (const target of resolved.targets) chosen.add(target);
    }
    return [...chosen];
  }

  #locate(name: string): Location {
    const container = this.#lab.find(name);
    if (container === undefined) {
      const names = [...this.#cluster.nodes, ...this.#cluster.clients].map((known) => known.name);
      throw new Error(`there is no "${name}" in this lab; there are ${names.join(', ')}`);
    }
    const pid = container.initPid;
    if (pid === null) throw new Error(`${name} is down; boot it with \`gracelab fault start ${name}\``);
    return { pid };
  }
}
