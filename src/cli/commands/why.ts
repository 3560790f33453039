import { Command } from 'commander';
import { systemClock } from '../agents/surroundings.ts';
import type { Frame } from '../frame.ts';
import { type ForeignLedger, openForeignLedger } from '../ledger/foreign-ledger.ts';
import type { GraceObservation } from '../ledger/grace-facts.ts';
import {
  type LedgerOptions,
  type PlaceOfLedger,
  placeOfLedger,
  withLedgerOptions,
} from '../ledger/place-of-ledger.ts';
import { askLab } from '../living/control.ts';
import { explainGrace, type GraceExplanation } from '../living/why-grace.ts';

/** `gracelab why`: why the lock domain is, or is not, in grace. */
export function why(frame: Frame): Command {
  return withLedgerOptions(new Command('why'))
    .description(
      'why the cluster is (still) in grace: who has not acknowledged, who has not reclaimed, when it ends, what you can do',
    )
    .option('--json', 'print one JSON document')
    .action(async (options: LedgerOptions & { json?: true }) => {
      const explanations = await explain(placeOfLedger(options, frame), frame);
      const { terminal } = frame;
      terminal.result(
        options.json
          ? JSON.stringify(asDocument(explanations), null, 2)
          : explanations.map(asText).join('\n\n'),
      );
    });
}

async function explain(place: PlaceOfLedger, frame: Frame): Promise<GraceExplanation[]> {
  if (place.kind === 'foreign')
    return [explainGrace({ ...(await observeForeign(place.foreign, frame)), advice: place.advice })];
  const { domain, advice } = place;
  const observed = await askLab<readonly GraceObservation[]>(place.place, { command: 'why', domain });
  return observed.map((observation) => explainGrace({ ...observation, advice: advice(observation.domain) }));
}

/** Without a lab there is nobody to ask what the nodes say. */
async function observeForeign(foreign: ForeignLedger, { env }: Frame): Promise<GraceObservation> {
  const nothing = {
    domain: null,
    statuses: {},
    absent: { down: [], paused: [], silent: [], stores: [], booting: {} },
    times: null,
  };
  await using desk = await openForeignLedger(foreign, { clock: systemClock, env });
  return { ...nothing, sight: await desk.look(), storeProblem: null };
}

/** One domain or several, a script finds the same keys. */
const asDocument = (domains: readonly GraceExplanation[]): object => ({
  inGrace: domains.some((domain) => domain.inGrace === true),
  sentences: domains.flatMap(({ sentences }) => sentences),
  remedies: domains.flatMap(({ remedies }) => remedies),
  domains,
});

function asText({ sentences, remedies }: GraceExplanation): string {
  if (remedies.length === 0) return sentences.join('\n');
  return [...sentences, '', 'What you can do:', ...remedies.map((remedy) => `  ${remedy}`)].join('\n');
}
