import { z } from 'zod';
import { type BreakableNode, type Fault, ORDINARY } from './fault.ts';

/** Longer than any lease that a scenario scales down; a real one may be outlasted, too. */
const MAX_PAUSE_MS = 600_000;

const pauseParameters = z
  .strictObject({
    /** How long the processes are stopped. */
    downMs: z.number().int().min(0).max(MAX_PAUSE_MS).optional(),
    /** Leave them stopped; something else resumes them. */
    stayDown: z.boolean().optional(),
  })
  .refine(({ downMs, stayDown = false }) => stayDown === (downMs === undefined), {
    message: 'a pause has either a length or no end of its own',
  });

type PauseParameters = z.output<typeof pauseParameters>;

async function resume(targets: readonly BreakableNode[]): Promise<void> {
  await Promise.all(targets.map((node) => node.resume()));
}

/**
 * The node is alive and does nothing (SIGSTOP), as under a hypervisor that has other things to do: its locks
 * stay, its beacon stays lit, nobody may take it for dead. What it does first when it goes on, it does on
 * old knowledge (C8).
 */
export const pause: Fault<PauseParameters> = {
  ...ORDINARY,
  name: 'pause',
  about: 'the process stops where it is, with all its locks, and goes on later on old knowledge',
  targets: ['node', 'store', 'client'],
  parameters: pauseParameters,
  async inject(targets, { downMs }, { clock }) {
    await Promise.all(targets.map((node) => node.pause()));
    if (downMs === undefined) return;
    await new Promise<void>((resolve) => clock.after(downMs, resolve));
    await resume(targets);
  },
  mend: resume,
};
