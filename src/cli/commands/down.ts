import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { killSandbox, type SandboxIdentity, sandboxLives } from '../../runtime/namespace/sandbox.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { askLab } from '../living/control.ts';
import { findLab, type LabPlace, listLabs, readIdentity, removePlace } from '../living/place.ts';

const LOOK_MS = 20;
/** A lab that takes longer has hung and is killed; the kernel cleans up all the same. */
const PATIENCE_MS = 5000;

/** @returns false when it is still there after all that patience */
async function waitForEnd(identity: SandboxIdentity): Promise<boolean> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (sandboxLives(identity)) {
    if (performance.now() > deadlineMs) return false;
    await sleep(LOOK_MS);
  }
  return true;
}

async function takeDown(place: LabPlace): Promise<void> {
  const identity = readIdentity(place);
  // A lab that does not answer any more is what `down` is for, too.
  await askLab(place, { command: 'down' }, PATIENCE_MS).catch(() => undefined);
  if (identity !== null && !(await waitForEnd(identity))) {
    killSandbox(identity);
    if (!(await waitForEnd(identity))) {
      throw new Refusal(
        EXIT.machineCannot,
        `the lab "${place.name}" does not end: its process ${identity.pid} is stuck in the kernel.`,
      );
    }
  }
  removePlace(place);
}

/** `gracelab down`: ends a lab; nothing of it stays. */
export function down(frame: Frame): Command {
  return new Command('down')
    .description('end a lab; nothing of it stays')
    .option('--name <name>', 'which lab')
    .option('--all', 'every lab of yours that is up')
    .option('--json', 'print one JSON document')
    .action(async (options: { name?: string; all?: true; json?: true }) => {
      const places = options.all ? listLabs(frame.env) : [findLab(options.name, frame.env)];
      await Promise.all(places.map(takeDown));
      const names = places.map((place) => place.name);
      if (options.json) frame.terminal.result(JSON.stringify({ down: names }, null, 2));
      else frame.terminal.result(names.length === 0 ? 'No lab was up.' : `${names.join(', ')}: down`);
    });
}
