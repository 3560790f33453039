/**
 * Fences a node that is a Docker container: `docker kill`, then wait until the engine has seen the container's first
 * process end. The kernel lets that one end only after all others of its pid namespace, with their files closed.
 *
 * **Which life?** The one that the container's `StartedAt` was read of (docker-life.ts). Another start: the named life
 * is over, and the one that runs is left alone. No such container: over as well, since the engine forgets a container
 * only when it does not run, an id is never used twice, and the engine was asked first whether it is the same one.
 *
 * **Restarted between the look and the kill?** The engine has no "kill if started at". The two requests follow one
 * another at once, and if the kill hit a successor all the same (a look afterwards tells), that one is started again: it lost
 * a start and nothing else. A killed container is not restarted by its restart policy, so that is not left to the engine.
 */
import type Dockerode from 'dockerode';
import type { Clock } from '../../core/clock.ts';
import type { FenceOutcome, Fencer } from '../../core/fencer.ts';
import type { Incarnation, NodeId } from '../../core/ids.ts';
import { FenceAttempt, failed, GONE } from '../fence-attempt.ts';
import { type DockerLife, engineIdentity, isNoSuchContainer, standingOf } from './docker-life.ts';

export interface DockerFencerOptions {
  readonly clock: Clock;
  readonly limitMs?: number;
}

const LOOK_AGAIN_MS = 20;
/** As a shell reports an end by SIGKILL. */
const KILLED = 137;

/** @param lookup the life that went by that incarnation, as `dockerLife` gave it; undefined when nobody knows */
export function dockerFencer(
  docker: Dockerode,
  lookup: (life: { readonly node: NodeId; readonly incarnation: Incarnation }) => DockerLife | undefined,
  { clock, limitMs = 15_000 }: DockerFencerOptions,
): Fencer {
  return {
    fence: async ({ node, incarnation }) => {
      const life = lookup({ node, incarnation });
      if (life === undefined)
        return failed(
          `it is not known which container was incarnation ${incarnation} of ${node}; boot that node again, which ends its last life`,
        );
      return await FenceAttempt.run(
        { clock, limitMs, waitingFor: `the Docker engine to answer; see whether it runs` },
        async (attempt) => {
          try {
            return await endLife(docker, life, attempt);
          } catch (error) {
            throw new Error(complaintOf(node, error as Error));
          }
        },
      );
    },
  };
}

async function endLife(docker: Dockerode, life: DockerLife, attempt: FenceAttempt): Promise<FenceOutcome> {
  const request = { abortSignal: attempt.timeUp };
  const container = docker.getContainer(life.container);
  if ((await engineIdentity(docker, request)) !== life.engine)
    return failed(
      'another Docker engine answers than the one that the container was started on; name that one',
    );
  for (let killed = false; ; ) {
    const standing = await standingOf(docker, life.container, request);
    if (standing === null) return GONE;
    const successor = standing.startedAt !== life.startedAt;
    if (successor && killed && !standing.alive && standing.exitCode === KILLED) {
      // Should it fail: the container is down, as after any kill, and the named life is over.
      await container.start({ ...request }).catch(() => undefined);
    }
    if (successor || !standing.alive) return GONE;
    if (!standing.ownPidNamespace)
      return failed(
        `the container ${life.container.slice(0, 12)} shares another pid namespace, so its processes may outlive its end; start it without --pid`,
      );
    if (killed) await attempt.pause(LOOK_AGAIN_MS);
    else {
      await container.kill({ signal: 'SIGKILL', ...request }).catch(ignoreAlreadyOver);
      killed = true;
      attempt.waitingFor = `the container ${life.container.slice(0, 12)} to end after it was killed; see what holds its processes`;
    }
  }
}

/** It ended by itself: the next look will tell. */
function ignoreAlreadyOver(error: { readonly statusCode?: number }): void {
  const NOT_RUNNING = 409;
  if (error.statusCode !== NOT_RUNNING && !isNoSuchContainer(error)) throw error;
}

function complaintOf(
  node: NodeId,
  error: Error & { readonly code?: string; readonly address?: string },
): string {
  const unreachable = [
    'ECONNREFUSED',
    'ENOENT',
    'ECONNRESET',
    'EACCES',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENOTFOUND',
  ];
  if (error.code !== undefined && unreachable.includes(error.code))
    return `the Docker engine that runs ${node} cannot be reached (${error.message}); start it, or end the container by hand`;
  return `Docker could not end ${node}: ${error.message.trim()}`;
}
