import { enterArgv } from '../../runtime/namespace/container.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import { askLab, type Location } from './control.ts';
import { enterSandboxArgv } from './enter-sandbox.ts';
import { type LabPlace, readIdentity } from './place.ts';

/** The command that starts the program behind it inside a node or client of a lab. @throws {Refusal} when there is none, or it is down */
export async function enterContainerArgv(place: LabPlace, container: string): Promise<string[]> {
  const { pid } = await askLab<Location>(place, { command: 'locate', container });
  const identity = readIdentity(place);
  const enter = identity === null ? null : enterSandboxArgv(identity);
  if (enter === null) throw new Refusal(EXIT.machineCannot, `the lab "${place.name}" has just ended.`);
  // Two steps: the sandbox numbers its processes itself, so the container is found from within.
  return [...enter, ...enterArgv(pid)];
}
