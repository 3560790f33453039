/**
 * A lab that stays up (`gracelab up`): pid 1 of a detached sandbox. It takes its description on the
 * command line, says on stdout once that it is up or why it is not, and then answers on its socket until
 * it is told to go down. The kernel takes whatever is in the sandbox with it.
 */
import { readFileSync } from 'node:fs';
import type { LabDescription } from '../living/lab-file.ts';
import { LivingLab } from '../living/living-lab.ts';
import type { LabPlace } from '../living/place.ts';
import { removePlace } from '../living/place.ts';
import { openLedgerHold } from './ledger-hold.ts';
import { agentProgram, systemClock } from './surroundings.ts';

/** What `gracelab up` hands over, as the one argument. */
interface Order {
  readonly place: LabPlace;
  readonly description: LabDescription;
}

const say = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
// Whoever started the lab leaves as soon as it is up.
process.stdout.on('error', () => undefined);

const { place, description } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Order;

function end(status: number): void {
  removePlace(place);
  process.exit(status);
}

try {
  const lab = await LivingLab.open(description, place, {
    clock: systemClock,
    env: process.env,
    now: () => new Date(),
    monotonicNs: () => process.hrtime.bigint(),
    programs: { node: agentProgram('node'), client: agentProgram('client'), relay: agentProgram('relay') },
    openLedgerHold,
    random: Math.random,
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => void lab.down());
  void lab.ended.then(() => end(0));
  say({ up: true });
} catch (error) {
  say({ impossible: (error as Error).message });
  process.stdout.end(() => end(1));
}
