/** How one life of a Docker container is told from all others, and what the engine says of it. */
import type Dockerode from 'dockerode';

/**
 * One life of one container. The engine has no number for it; the moment at which it started the container, to the
 * nanosecond, is another one for each start. Neither a name (which can be given to another container) nor an address
 * (behind which another engine may answer) takes part in it.
 */
export interface DockerLife {
  /** See `engineIdentity`. */
  readonly engine: string;
  /** The container's full id: 64 hexadecimal digits, never given to another one. */
  readonly container: string;
  /** `State.StartedAt`, as the engine writes it. */
  readonly startedAt: string;
}

/** What matters here of the engine's answer to `inspect`. */
export interface ContainerStanding {
  readonly container: string;
  readonly startedAt: string;
  /** Does a process of it run, or is one stopped? Between two lives, while the engine waits to restart it, none does. */
  readonly alive: boolean;
  readonly exitCode: number;
  /** Do all its processes end with its first one, by the kernel's doing? */
  readonly ownPidNamespace: boolean;
}

interface Request {
  readonly abortSignal?: AbortSignal;
}

/** The id alone would not do: engines of one machine can share it, each with containers of its own below its root directory. */
export async function engineIdentity(docker: Dockerode, request: Request = {}): Promise<string> {
  // The types know `info` without options; the package passes them on.
  const info = docker.info as (request: Request) => Promise<{ ID?: unknown; DockerRootDir?: unknown }>;
  const { ID: id, DockerRootDir: root } = await info.call(docker, request);
  if (typeof id !== 'string' || typeof root !== 'string' || id === '')
    throw new Error('the answer to "info" is not that of a Docker engine');
  return `${id} ${root}`;
}

/** Null when the engine knows no such container. @throws when it does not answer, or not as an engine does. */
export async function standingOf(
  docker: Dockerode,
  nameOrId: string,
  request: Request = {},
): Promise<ContainerStanding | null> {
  try {
    const { Id, State, HostConfig } = await docker.getContainer(nameOrId).inspect({ ...request });
    if (typeof Id !== 'string' || typeof State?.Running !== 'boolean' || typeof State.StartedAt !== 'string')
      throw new Error('the answer to "inspect" is not that of a Docker engine');
    return {
      container: Id,
      startedAt: State.StartedAt,
      alive: State.Running && !State.Restarting,
      exitCode: State.ExitCode,
      ownPidNamespace: !HostConfig?.PidMode,
    };
  } catch (error) {
    if (isNoSuchContainer(error)) return null;
    throw error;
  }
}

/** A plain 404 may come from a proxy, or be for a path that this engine does not have. */
export function isNoSuchContainer(error: unknown): boolean {
  const { statusCode, json } = error as { statusCode?: number; json?: { message?: unknown } };
  return statusCode === 404 && /^no such container/i.test(String(json?.message ?? ''));
}

/**
 * The life that the container lives now, to be kept beside the incarnation that it goes by.
 *
 * Call it *after* that life has said which incarnation it is. Then the start that is read is its own or, had it ended
 * in between, a later one, and any other start found afterwards means that it is over. Read before, it could be the
 * start of the life before, and the fencer would take the running one for a successor.
 *
 * @throws one sentence when the container does not run.
 */
export async function dockerLife(docker: Dockerode, nameOrId: string): Promise<DockerLife> {
  const engine = await engineIdentity(docker);
  const standing = await standingOf(docker, nameOrId);
  if (standing === null) throw new Error(`Docker has no container ${nameOrId}`);
  const { container, startedAt, alive } = standing;
  if (!alive) throw new Error(`the container ${nameOrId} does not run`);
  return { engine, container, startedAt };
}
