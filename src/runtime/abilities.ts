/** What a runtime may be able to do to its containers beyond booting and ending them. Faults name what they need; a runtime announces what it offers. */

export const ABILITIES = {
  'named-steps': 'the program in a node can be stopped at a named step of the protocol',
  partitions: 'containers that do not hear each other',
  'packet-loss': 'frames that are lost at random',
  'connection-reset': 'connections that end with a TCP reset',
  relay: 'a relay that sees the requests and replies of a node',
  'clock-offset': 'a container whose monotonic clock is ahead of the others',
  'stable-storage': "a container's own storage can be emptied and made read-only",
  'ledger-access': "the lab gets at the ledger's file, or at its members",
  'space-limit': 'the filesystem of a ledger can be made full',
  'second-process': 'a second process of a node, beside the one that lives',
  gate: 'programs in a node that are not NFS clients get at the export',
} as const;

export type Ability = keyof typeof ABILITIES;
const ABILITY_NAMES = Object.keys(ABILITIES) as readonly Ability[];
export const isAbility = (name: string): name is Ability =>
  (ABILITY_NAMES as readonly string[]).includes(name);

/** What is missing, and what to do about it in half a sentence. */
export interface MissingAbility {
  readonly ability: Ability;
  readonly remedy: string;
}

/** What one runtime offers on this machine. */
export interface Offer {
  /** For messages: `the namespace runtime`. */
  readonly runtime: string;
  readonly missing: readonly MissingAbility[];
}

/** Why what is needed cannot be had, in one sentence; null when it can. @param whom who needs it, like `"loss n1 for 1s"` */
export function abilityRefusal(whom: string, needs: readonly Ability[], offer: Offer): string | null {
  const missing = offer.missing.find(({ ability }) => needs.includes(ability));
  if (missing === undefined) return null;
  const { ability, remedy } = missing;
  return `${whom} needs what ${offer.runtime} does not offer here: ${ability} (${ABILITIES[ability]}); ${remedy}`;
}
