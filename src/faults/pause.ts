import { z } from 'zod';
import type { Fault } from './fault.ts';

/** Longer than any lease that a scenario scales down; a real one may be outlasted, too. */
const MAX_PAUSE_MS = 600_000;

const pauseParameters = z.strictObject({
  /** How long the processes are stopped. */
  downMs: z.number({ error: 'a pause needs its length' }).int().min(0).max(MAX_PAUSE_MS),
});

type PauseParameters = z.output<typeof pauseParameters>;

/**
 * The node is alive and does nothing (SIGSTOP), as under a hypervisor that has other things to do: its locks
 * stay, its beacon stays lit, nobody may take it for dead. What it does first when it goes on, it does on
 * old knowledge (C8).
 */
export const pause: Fault<PauseParameters> = {
  name: 'pause',
  about: 'the process stops where it is, with all its locks, and goes on later on old knowledge',
  parameters: pauseParameters,
  async inject(targets, { downMs }, clock) {
    await Promise.all(targets.map((node) => node.pause()));
    await new Promise<void>((resolve) => clock.after(downMs, resolve));
    await Promise.all(targets.map((node) => node.resume()));
  },
};
