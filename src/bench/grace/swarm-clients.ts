/** The lab's side of a swarm: a container of clients that do what they are told together. */
import type { Clock } from '../../core/clock.ts';
import type { HistoryEvent } from '../../history/events.ts';
import type { Lab, Program } from '../../runtime/runtime.ts';
import { Agent } from '../../scenario/agent.ts';
import { NFS_PORT } from '../../scenario/node-configuration.ts';

export interface SwarmOptions {
  readonly lab: Lab;
  readonly clock: Clock;
  readonly program: Program;
  /** Of the container, and what the clients' names begin with. */
  readonly name: string;
  readonly clients: number;
  /** Whom they mount. */
  readonly node: { readonly name: string; readonly serviceAddress: string };
  readonly leaseMs: number;
  readonly originNs: bigint;
  readonly record: (event: HistoryEvent) => void;
}

export type ByStatus = Readonly<Record<string, number>>;

const BOOT_MS = 15_000;
/** What the swarm is given beyond the time that its clients have. */
const ANSWER_MS = 5000;

export class SwarmClients {
  readonly #agent: Agent;
  readonly #clients: number;

  private constructor(agent: Agent, clients: number) {
    this.#agent = agent;
    this.#clients = clients;
  }

  /** @throws Error one sentence, when the container does not come up */
  static async start(options: SwarmOptions): Promise<SwarmClients> {
    const { lab, clock, program, name, clients, node, leaseMs, originNs, record } = options;
    const container = await lab.container({ name, role: 'client' });
    const process = await container.boot(program);
    const configuration = {
      name,
      node: node.name,
      host: node.serviceAddress,
      port: NFS_PORT,
      clients,
      leaseMs,
      originNs: String(originNs),
    };
    const agent = new Agent({ title: `swarm ${name}`, process, configuration, clock, onEvent: record });
    await agent.ready(BOOT_MS);
    return new SwarmClients(agent, clients);
  }

  /** All of them open their file and take their lock. @throws Error one sentence, when not all get it */
  async enter(timeoutMs: number): Promise<void> {
    this.#all((await this.#order('enter', { timeoutMs }, timeoutMs)).entered as ByStatus, 'got their lock');
  }

  /** @throws Error one sentence, when not all come back in time */
  async recovered(timeoutMs: number): Promise<void> {
    const { recovered } = await this.#order('recovered', { timeoutMs }, timeoutMs);
    this.#all(recovered as ByStatus, 'recovered');
  }

  /** Locks and unlocks for so long. @returns how many requests were answered with what */
  async traffic(forMs: number, timeoutMs: number): Promise<ByStatus> {
    return (await this.#order('traffic', { forMs, timeoutMs }, forMs + timeoutMs)).answered as ByStatus;
  }

  /** Puts what happened to the clients into the history. @returns how many of them hold their lock */
  async tell(timeoutMs: number): Promise<number> {
    return (await this.#order('tell', {}, timeoutMs)).holding as number;
  }

  async #order(
    command: string,
    parameters: object,
    timeoutMs: number,
  ): Promise<Readonly<Record<string, unknown>>> {
    const reply = await this.#agent.command(command, parameters, timeoutMs + ANSWER_MS);
    if (!reply.ok) throw new Error(reply.error);
    return reply;
  }

  #all({ OK: done = 0, ...others }: ByStatus, what: string): void {
    if (done === this.#clients) return;
    const words = Object.entries(others).map(([status, count]) => `${count} ended with ${status}`);
    throw new Error(`${done} of ${this.#clients} clients ${what}, ${words.join(', ')}`);
  }
}
