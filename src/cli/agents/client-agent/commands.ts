/** The commands of a client agent: what they need, and what they answer. */
import { z } from 'zod';
import type { NfsClient } from '../../../client/nfs-client.ts';
import { LOOP_BODIES, RECOVERY_BEHAVIOURS, type RecoveryBehaviour } from '../../../scenario/scenario.ts';
import type { GuardedCells } from './guarded-cells.ts';
import { Loop, type LoopSurroundings } from './loops.ts';

const name = z.string().min(1).max(255);
const offset = z.int().min(0);
const timeoutMs = z.number().positive().optional();
const owned = { owner: name, file: name, timeoutMs };
const range = { start: offset, end: z.int().min(1).nullable() };
const mode = z.enum(['read', 'write']).default('write');

const LARGEST_READ_BYTES = 1024 * 1024;

interface Agent extends LoopSurroundings {
  readonly node: string;
  readonly client: NfsClient;
  readonly cells: GuardedCells;
  readonly loops: Map<string, Loop>;
  /** Ends the agent, after the answer went out. */
  leave(): void;
}

interface AgentCommand {
  run(agent: Agent, parameters: unknown): Promise<object>;
}

/** Ties the shape of the parameters to what is done with them. */
function command<Shape extends z.ZodRawShape>(
  shape: Shape,
  act: (agent: Agent, parameters: z.output<z.ZodObject<Shape>>) => Promise<object>,
): AgentCommand {
  const schema = z.object(shape);
  return {
    run: async (agent, parameters) => {
      const parsed = schema.safeParse(parameters);
      if (!parsed.success) throw new Error(firstProblem(parsed.error));
      return act(agent, parsed.data);
    },
  };
}

/** What is wrong, in one sentence. */
export function firstProblem(error: z.ZodError): string {
  const [issue] = error.issues;
  return `"${issue?.path.join('.') ?? ''}" is wrong: ${issue?.message ?? 'unknown'}`;
}

const asClientsKnow = (behaviour: RecoveryBehaviour) =>
  behaviour === 'oversteps' || behaviour === 'lingers'
    ? { oversteps: null, lingers: behaviour === 'lingers' }
    : behaviour;

const COMMANDS: Readonly<Record<string, AgentCommand>> = {
  lock: command(
    { ...owned, ...range, mode, retry: z.enum(['none', 'grace', 'all']).default('grace') },
    async ({ client }, { owner, file, ...order }) => {
      const { status, attempts } = await client.file(file, { owner }).lock(order);
      return { status, attempts };
    },
  ),
  unlock: command({ ...owned, ...range }, async ({ client }, { owner, file, ...order }) => {
    const { status, attempts } = await client.file(file, { owner }).unlock(order);
    return { status, attempts };
  }),
  read: command(
    { ...owned, offset, count: z.int().min(1).max(LARGEST_READ_BYTES) },
    ({ client, cells }, { owner, file, timeoutMs, ...where }) =>
      cells.read(
        client.file(file, { owner, access: 'read', create: false }),
        where.offset,
        where.count,
        timeoutMs,
      ),
  ),
  write: command(
    { ...owned, offset, value: z.string(), sync: z.boolean().default(true), basedOn: z.string().optional() },
    ({ client, cells }, { owner, file, timeoutMs, ...order }) =>
      cells.write(client.file(file, { owner }), order, timeoutMs),
  ),
  update: command(
    { ...owned, offset, cached: z.boolean().default(true) },
    ({ client, cells }, { owner, file, timeoutMs, ...order }) =>
      cells.update(client.file(file, { owner }), order.offset, order.cached, timeoutMs),
  ),
  open: command(
    {
      ...owned,
      access: z.enum(['read', 'write', 'both']).default('both'),
      create: z.boolean().default(true),
      deny: z.enum(['none', 'read', 'write', 'both']).default('none'),
      exclusive: z.boolean().default(false),
    },
    async ({ client }, { file, ...options }) => ({ status: (await client.open(file, options)).status }),
  ),
  close: command(owned, async ({ client }, { owner, file, timeoutMs }) => {
    const { status } = await client.file(file, { owner }).close({ timeoutMs });
    return { status };
  }),
  loop: command(
    {
      loop: name,
      owner: name,
      file: name,
      ...range,
      mode,
      everyMs: z.number().min(0).default(0),
      holdMs: z.number().min(0).default(0),
      body: z.enum(LOOP_BODIES).default('lock-unlock'),
      seed: z.int().min(0).default(0),
      until: z.literal('granted').optional(),
    },
    async (agent, order) => {
      if (agent.loops.has(order.loop)) throw new Error(`a loop called ${order.loop} runs already`);
      agent.loops.set(order.loop, new Loop(order, agent));
      return { status: 'OK' };
    },
  ),
  'stop-loop': command({ loop: name }, async ({ loops }, { loop }) => {
    const running = loops.get(loop);
    if (running === undefined) throw new Error(`there is no loop called ${loop}`);
    loops.delete(loop);
    return { status: 'OK', ...(await running.stop()) };
  }),
  await: command({ what: z.enum(['session', 'recovered']), timeoutMs }, ({ client }, { what, timeoutMs }) =>
    what === 'session' ? client.ready({ timeoutMs }) : client.recovered({ timeoutMs }),
  ),
  recovery: command({ behaviour: z.enum(RECOVERY_BEHAVIOURS) }, async ({ client }, { behaviour }) => {
    client.behave(asClientsKnow(behaviour));
    return { status: 'OK' };
  }),
  state: command({}, async ({ node, client }) => {
    const { session, recovering, held, lost, refusal } = client;
    return { status: 'OK', node, session, recovering, held, lost, refusal };
  }),
  stop: command({ timeoutMs }, async ({ client, loops, leave }, { timeoutMs }) => {
    await Promise.all([...loops.values()].map((loop) => loop.stop()));
    loops.clear();
    const stopped = await client.stop({ timeoutMs });
    leave();
    return stopped;
  }),
};

/**
 * Carries out one command.
 * @throws Error one sentence, for a command that does not exist or whose parameters are wrong; what the
 * protocol answers is in the result's `status`
 */
export async function obey(
  agent: Agent,
  { command: word, ...parameters }: { command: string },
): Promise<object> {
  const known = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
  if (known === undefined) throw new Error(`there is no command "${word}" for a client`);
  return known.run(agent, parameters);
}
