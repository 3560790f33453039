/** What befalls clients. */
import { BOOT_MS, downMs, type FaultChoice, phrase, shortMs } from './choice.ts';

const client = (name: 'client-crash' | 'client-restart'): FaultChoice => ({
  name,
  hits: 'clients',
  weight: 1,
  endsLife: false,
  needs: [],
  breakage(targets, { draw }) {
    const ms = downMs(draw);
    return { steps: [{ fault: phrase(name, targets, ms) }], lastsMs: ms + BOOT_MS };
  },
});

/**
 * Row 18, edge condition 2: after a restart of its server the client makes a session, and neither reclaims nor completes, so grace runs to its
 * deadline without it. At the next restart it claims by the book what it has lost by then.
 */
const halfRecovered: FaultChoice = {
  name: 'half-recovered',
  hits: 'clients',
  weight: 1,
  endsLife: false,
  needs: [],
  alone: true,
  breakage([name = ''], { draw, nodeOf, shape }) {
    const node = nodeOf(name);
    const again = () => ({ fault: phrase(draw.one(['power-cut', 'kill']), [node], shortMs(draw)) });
    return {
      steps: [
        { recovery: `${name} confirm-only` },
        again(),
        { wait: 'lift', within: '20s' },
        { recovery: `${name} by-the-book` },
        again(),
      ],
      lastsMs: 2 * BOOT_MS + shape.graceMs,
    };
  },
};

export const CLIENTS: readonly FaultChoice[] = [
  client('client-crash'),
  client('client-restart'),
  halfRecovered,
];
