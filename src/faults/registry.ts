/** All faults, by name. */
import { clientCrash } from './client-crash.ts';
import { clientRestart } from './client-restart.ts';
import { clockSkew } from './clock-skew.ts';
import { crash } from './crash.ts';
import { delayMessage } from './delay-message.ts';
import { dropMessage } from './drop-message.ts';
import { duplicateMessage } from './duplicate-message.ts';
import type { Fault } from './fault.ts';
import { kill } from './kill.ts';
import { ledgerFull } from './ledger-full.ts';
import { ledgerGone } from './ledger-gone.ts';
import { ledgerSlow } from './ledger-slow.ts';
import { loss } from './loss.ts';
import { parameterWords } from './parameter-words.ts';
import { partition } from './partition.ts';
import { pause } from './pause.ts';
import { powerCut } from './power-cut.ts';
import { rebootStorm } from './reboot-storm.ts';
import { reorderMessage } from './reorder-message.ts';
import { reset } from './reset.ts';
import { resetMessage } from './reset-message.ts';
import { restart } from './restart.ts';
import { slowBoot } from './slow-boot.ts';
import { stableLost } from './stable-lost.ts';
import { stableReadOnly } from './stable-read-only.ts';
import { stall } from './stall.ts';

// biome-ignore lint/suspicious/noExplicitAny: a fault takes what its own `parameters` returned, which only it can know
type AnyFault = Fault<any>;

/** In the order of the menu: lives first, then the network, then what is kept. */
const ALL: readonly AnyFault[] = [
  powerCut,
  kill,
  restart,
  pause,
  crash,
  stall,
  slowBoot,
  rebootStorm,
  clockSkew,
  clientCrash,
  clientRestart,
  partition,
  loss,
  reset,
  dropMessage,
  delayMessage,
  duplicateMessage,
  reorderMessage,
  resetMessage,
  ledgerSlow,
  ledgerGone,
  ledgerFull,
  stableLost,
  stableReadOnly,
];

/** A new fault is a file and a line in the list above. */
export const FAULTS: ReadonlyMap<string, AnyFault> = new Map(ALL.map((fault) => [fault.name, fault]));

/** Why this fault with these parameters is impossible, in one sentence; null when it is not. */
export function faultRefusal(name: string, parameters: unknown): string | null {
  const fault = FAULTS.get(name);
  if (fault === undefined) return `there is no fault "${name}"; there are ${[...FAULTS.keys()].join(', ')}`;
  const checked = fault.parameters.safeParse(parameters, { error: parameterWords(fault.parameters) });
  if (checked.success) return null;
  return `the fault "${name}" cannot be done like that: ${checked.error.issues[0]?.message ?? 'wrong parameters'}`;
}
