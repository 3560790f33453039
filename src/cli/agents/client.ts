/**
 * The agent of a client container: an NFS client on this machine that does what the lab tells it on stdin and reports on stdout all
 * that happens to it. It ends when stdin does.
 */
import { z } from 'zod';
import { liveAsClient } from './client-agent/client-life.ts';
import { firstProblem } from './client-agent/commands.ts';
import { converse } from './conversation.ts';
import { systemClock } from './surroundings.ts';

const conversation = converse(process.stdin, process.stdout);

void conversation.ended.then(() => process.exit(0));
liveAsClient(conversation, {
  monotonicNs: () => process.hrtime.bigint(),
  after: systemClock.after,
  random: Math.random,
  // After the answer to the command that asks for it.
  leave: () => void setImmediate(() => process.exit(0)),
}).catch((error: Error) => {
  process.stderr.write(`${error instanceof z.ZodError ? firstProblem(error) : error.message}\n`);
  process.exit(1);
});
