import { fileURLToPath } from 'node:url';
import type { Clock } from '../../core/clock.ts';
import type { Program } from '../../runtime/runtime.ts';

/** The machine's own time. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

const AGENTS = {
  node: new URL('./node.ts', import.meta.url),
  client: new URL('./client.ts', import.meta.url),
  relay: new URL('./relay.ts', import.meta.url),
  program: new URL('./program.ts', import.meta.url),
  swarm: new URL('./swarm.ts', import.meta.url),
} as const;

/** How the agent of a container is started: by this very Node. */
export function agentProgram(agent: keyof typeof AGENTS): Program {
  return {
    argv: [process.execPath, '--disable-warning=ExperimentalWarning', fileURLToPath(AGENTS[agent])],
    // Each call of a local program that waits in the kernel keeps a thread of the pool for itself.
    ...(agent === 'program' && { env: { UV_THREADPOOL_SIZE: '16' } }),
  };
}
