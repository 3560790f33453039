/**
 * Fences a node that is a virtual machine of QEMU, over a QMP socket that is kept for the fencer alone (QEMU serves one
 * client per monitor; a second one is accepted and gets no answer).
 *
 * **What ends the life?** `system_reset` only asks for a reset: its reply comes before anything has happened. QEMU's
 * main loop then stops all processors, lets the devices finish what they have begun, puts everything into its state
 * after power-on, and *then* sends RESET. From that event on no instruction of the old life is executed: the processors start over at the
 * firmware, and the kernel, its processes and its locks are not there any more, whatever bytes are left in the memory. A
 * machine that is paused is reset as well, and stays paused.
 *
 * `quit` ends QEMU itself. SHUTDOWN announces it; the processors are stopped before the monitor is closed, so the
 * life is over when SHUTDOWN was seen *and* the connection has ended. The same happens after a reset of a machine that
 * was started with `-no-reboot`.
 *
 * **Which life?** QEMU has no number for it either. `lookup` says which incarnation the machine's guest goes by now: a
 * later one than the named is left alone. A reset by the guest itself that is heard of before ours was sent has ended the named
 * life, which was in the ledger before anybody asked; then ours is not sent. Between the two there is the time that one line
 * takes on a local socket. Had the guest started over just then, it starts over again: a start is lost and nothing else.
 *
 * A machine that has been, or is being, handed over to another host (live migration) does not run here alone: `failed`.
 */
import type { Clock } from '../../core/clock.ts';
import type { FenceOutcome, Fencer } from '../../core/fencer.ts';
import type { NodeId } from '../../core/ids.ts';
import { FenceAttempt, failed, GONE } from '../fence-attempt.ts';
import { Qmp } from './qmp.ts';

/** What is known of a node's machine at this moment. */
export interface Machine {
  /** A monitor that nobody else is connected to: `-qmp unix:PATH,server=on,wait=off`. */
  readonly qmpSocket: string;
  /**
   * Which the guest last said it is; null: it never did. Said by the node itself, whose boot makes sure that the
   * life before it is over.
   */
  readonly incarnation: number | null;
  /** False once its QEMU process was seen to end, by whoever started it. True when nobody watches it. */
  readonly running: boolean;
}

export interface VmFencerOptions {
  readonly clock: Clock;
  readonly limitMs?: number;
  /** `reset`: the guest boots again. `quit`: the machine is gone until somebody starts it. */
  readonly ending?: 'reset' | 'quit';
}

const COMMANDS = { reset: 'system_reset', quit: 'quit' } as const;
/** Run states in which the guest runs, or is about to, somewhere else. */
const ELSEWHERE = ['postmigrate', 'finish-migrate', 'inmigrate', 'colo'];

export function vmFencer(
  lookup: (node: NodeId) => Machine | undefined,
  { clock, limitMs = 10_000, ending = 'reset' }: VmFencerOptions,
): Fencer {
  return {
    fence: async ({ node, incarnation }) => {
      const machine = lookup(node);
      if (machine === undefined)
        return failed(`no virtual machine is known for ${node}; ask a fencer that knows that node`);
      if (isOver(machine, incarnation)) return GONE;
      const { qmpSocket } = machine;
      return await FenceAttempt.run(
        {
          clock,
          limitMs,
          waitingFor: `an answer on the QMP socket ${qmpSocket}; see whether another client is connected to it`,
        },
        async (attempt) => {
          try {
            return await endLife(attempt, qmpSocket, COMMANDS[ending]);
          } catch (error) {
            // QEMU itself may have ended under the conversation, or before it.
            if (lookup(node)?.running === false) return GONE;
            return failed(
              `the machine of ${node} could not be reset: ${(error as Error).message}; end its QEMU process`,
            );
          }
        },
      );
    },
  };
}

const isOver = ({ running, incarnation }: Machine, named: number): boolean =>
  !running || (incarnation !== null && incarnation > named);

async function endLife(attempt: FenceAttempt, socket: string, command: string): Promise<FenceOutcome> {
  const reset = Promise.withResolvers<void>();
  let startedOver = false;
  let shutDown = false;
  const qmp = await Qmp.connect(socket, attempt.timeUp, ({ event }) => {
    if (event === 'SHUTDOWN') shutDown = true;
    if (event !== 'RESET') return;
    startedOver = true;
    reset.resolve();
  });
  try {
    const { status } = (await qmp.execute('query-status')) as { status?: string };
    if (status === undefined || ELSEWHERE.includes(status))
      return failed(`the machine is being migrated (${status}); fence it on the host that it runs on now`);
    if (!startedOver) {
      attempt.waitingFor = `the machine to carry out ${command}; see whether its QEMU process hangs`;
      // A closed connection is heard of before the reply that it made impossible.
      await Promise.race([reset.promise, qmp.closedByPeer, carriedOut(qmp, command)]);
    }
    if (startedOver || shutDown) return GONE;
    throw new Error(`its QMP socket ${socket} was closed before it was reset`);
  } finally {
    qmp.close();
  }
}

/** A good reply comes before anything has happened, so it is no reason to go on. @throws when there is a bad one, or none. */
async function carriedOut(qmp: Qmp, command: string): Promise<never> {
  await qmp.execute(command);
  return await new Promise<never>(() => undefined);
}
