import { z } from 'zod';
import { type Fault, ORDINARY } from './fault.ts';
import { hasOneEnd, healTargets, inForce, LASTING, ONE_END } from './lasting.ts';

const lossParameters = z
  .strictObject({
    ...LASTING,
    /** Of the frames between the targets and these; left out: and everybody else. */
    from: z.array(z.string()).min(1).optional(),
    /** How many of a thousand frames are lost, as a part of one. */
    share: z.number().min(0.001).max(1).default(0.3),
  })
  .refine(hasOneEnd, ONE_END);

type LossParameters = z.output<typeof lossParameters>;

/** A bad line: TCP makes up for it, slowly. Nothing is lost for good, everything comes late and in clumps. */
export const loss: Fault<LossParameters> = {
  ...ORDINARY,
  name: 'loss',
  about: 'a share of the frames between the targets and others is lost at random, both ways',
  targets: ['node', 'store', 'client'],
  needs: ['packet-loss'],
  hits: 'network',
  from: 'optional',
  tells: 'itself',
  options: { share: 'the share that is lost, 0.001 to 1 (0.3)' },
  parameters: lossParameters,
  async inject(targets, { downMs, from, share }, surroundings) {
    const { network, tell } = surroundings;
    const names = targets.map(({ name }) => name);
    const undo = await network.lose(names, from ?? network.everybodyBut(names), share);
    tell(
      'begin',
      names,
      `${share} of the frames${from === undefined ? '' : ` between them and ${from.join(', ')}`}`,
    );
    const told = async () => `${await undo()} frames lost`;
    await inForce({ fault: 'loss', targets: names }, downMs, told, surroundings);
  },
  mend: healTargets,
};
