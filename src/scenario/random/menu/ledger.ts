/** What befalls the ledger, wherever it is kept. */
import { BOOT_MS, type FaultChoice, phrase, withEtcd } from './choice.ts';

const LONGEST_MEMBER_OUTAGE_MS = 3000;
/** With a majority gone the ledger stops answering: long enough to be noticed, short of what makes every node give up. */
const LONGEST_OUTAGE_MS = 2500;
const MOST_DELAY_MS = 300;

const members = (
  name: string,
  weight: number,
  mostMs: number,
  selections: readonly string[],
): FaultChoice => ({
  name,
  hits: 'ledger',
  weight,
  endsLife: false,
  needs: [],
  possible: withEtcd,
  breakage(_targets, { draw }) {
    const how = draw.one(['kill', 'power-cut', 'pause']);
    const ms = draw.between(50, mostMs);
    return { steps: [{ fault: phrase(how, [draw.one(selections)], ms) }], lastsMs: ms + BOOT_MS };
  },
});

const whole = (name: 'ledger-gone' | 'ledger-full'): FaultChoice => ({
  name,
  hits: 'ledger',
  weight: 1,
  endsLife: false,
  needs: name === 'ledger-full' ? ['ledger-access', 'space-limit'] : ['ledger-access'],
  breakage(_targets, { draw }) {
    const ms = draw.between(50, LONGEST_OUTAGE_MS);
    return { steps: [{ fault: phrase(name, ['ledger'], ms) }], lastsMs: ms };
  },
});

const slow: FaultChoice = {
  name: 'ledger-slow',
  hits: 'ledger',
  weight: 1,
  endsLife: false,
  needs: ['ledger-access'],
  breakage(_targets, { draw }) {
    const ms = draw.between(300, LONGEST_MEMBER_OUTAGE_MS);
    const delayMs = draw.between(10, MOST_DELAY_MS);
    return { steps: [{ fault: phrase('ledger-slow', ['ledger'], ms), with: { delayMs } }], lastsMs: ms };
  },
};

export const LEDGER: readonly FaultChoice[] = [
  members('store-member', 2, LONGEST_MEMBER_OUTAGE_MS, ['e1', 'e2', 'e3']),
  members('store-majority', 1, LONGEST_OUTAGE_MS, ['e1 e2', 'e2 e3', 'e1 e3', 'e1 e2 e3']),
  slow,
  whole('ledger-gone'),
  whole('ledger-full'),
];
