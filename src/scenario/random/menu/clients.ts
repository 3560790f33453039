/** What befalls clients. */
import { BOOT_MS, downMs, type FaultChoice, phrase } from './choice.ts';

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

export const CLIENTS: readonly FaultChoice[] = [client('client-crash'), client('client-restart')];
