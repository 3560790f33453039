/** The agents of real containers, on simulated machines: the same lives, with a machine that is not there. */
import { join } from 'node:path';
import { z } from 'zod';
import type { ProtocolStep } from '../../core/protocol-steps.ts';
import { skewed } from '../../sim/chance.ts';
import type { SimMachine } from '../../sim/machine/machine.ts';
import type { Agents } from '../../sim/simulate.ts';
import { liveAsClient } from '../agents/client-agent/client-life.ts';
import { firstProblem } from '../agents/client-agent/commands.ts';
import { CONTROL_FILES } from '../agents/control-directory.ts';
import type { ArmableSteps, Armed } from '../agents/node-agent/armed-steps.ts';
import { liveAsNode } from '../agents/node-agent/node-life.ts';
import { operatorAt } from '../operator/desk.ts';

/** A node that could not start, or a mistake of ours. */
const FAILED_EXIT = 1;

/** A program cannot be stopped in the middle of a turn here, but nothing that it does from then on has any effect. */
class HaltingSteps implements ArmableSteps {
  readonly #machine: SimMachine;
  readonly #stamp: () => number;
  #armed: Armed | null = null;
  #left = 0;

  constructor(machine: SimMachine, stamp: () => number) {
    this.#machine = machine;
    this.#stamp = stamp;
  }

  arm(armed: Armed | null): void {
    this.#armed = armed;
    this.#left = armed?.nth ?? 0;
  }

  at(step: ProtocolStep): void {
    if (this.#armed?.step !== step) return;
    this.#left -= 1;
    if (this.#left > 0) return;
    const { stallMs } = this.#armed;
    this.#armed = null;
    this.#machine.conversation.send({ reached: step, t: this.#stamp() });
    this.#machine.halt(stallMs);
  }
}

/** Deaths are found by grants as ever; where nobody asks for anything, a little later than on real nodes, and for a quarter of the cost. */
const BEACON_POLL_MS = 20;

/** The word that a life is over comes late now and then, as from a power switch that has to be asked again. */
const LATE_WORD_MS = 800;

function askingLate({ conversation, random, after }: SimMachine): Pick<SimMachine['conversation'], 'ask'> {
  return {
    async ask(question) {
      const answer = await conversation.ask(question);
      await new Promise<void>((resolve) => void after(skewed(random, 0, LATE_WORD_MS), resolve));
      return answer;
    },
  };
}

function liveNode(machine: SimMachine): void {
  const { conversation } = machine;
  const configuration = conversation.configuration.then((lab) => ({ beaconPollMs: BEACON_POLL_MS, ...lab }));
  liveAsNode(
    { ...conversation, ...askingLate(machine), configuration },
    {
      monotonicNs: machine.monotonicNs,
      after: machine.after,
      random: machine.randomBytes,
      run: machine.run,
      listen: machine.listen,
      dialBack: machine.dialBack,
      openSteps: (stamp) => new HaltingSteps(machine, stamp),
      locks: machine.locks,
      handleKey: machine.handleKey,
      openEstates: machine.openEstates,
      openFilesystem: machine.openFilesystem,
      openStore: machine.openStore,
      onDefect: (error) => machine.end(FAILED_EXIT, (error as Error).stack ?? String(error)),
      end: machine.end,
    },
  ).catch((error: Error) => machine.end(FAILED_EXIT, error.message));
}

function liveClient(machine: SimMachine): void {
  liveAsClient(machine.conversation, {
    monotonicNs: machine.monotonicNs,
    after: machine.after,
    random: machine.random,
    dial: machine.dial,
    // After the answer to the command that asks for it.
    leave: () => void machine.after(0, () => machine.end(0)),
  }).catch((error: Error) =>
    machine.end(FAILED_EXIT, error instanceof z.ZodError ? firstProblem(error) : error.message),
  );
}

export const SIMULATED_AGENTS: Agents = {
  node: liveNode,
  client: liveClient,
  async openOperator({ directory, store }, { world, clock, fencer }) {
    return operatorAt({
      store: world.ledger(store.kind === 'sqlite' ? store.path : store.prefix).open(clock),
      clock,
      fencer,
      mutants: world.mutants,
      beaconLit: (slot) => {
        const beacon = world.kernel.file(join(directory, '.gracelab', CONTROL_FILES.beacon));
        return beacon.locks.find(null, { start: slot, end: slot + 1n }, 'write') !== null;
      },
    });
  },
};
