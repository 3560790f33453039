import { lastingParameters, ledgerFault } from './ledger-fault.ts';

export const ledgerGone = ledgerFault(
  {
    name: 'ledger-gone',
    about:
      'nobody reaches the ledger: its file is away, or all nodes are cut off from its etcd; it comes back as it was',
    needs: ['ledger-access'],
    parameters: lastingParameters,
  },
  (names, _parameters, { ledger }) => ledger.lose(names),
);
