import { lastingParameters, ledgerFault } from './ledger-fault.ts';

export const ledgerFull = ledgerFault(
  {
    name: 'ledger-full',
    about:
      'the ledger can be read and not written: its filesystem is full, or its etcd has raised the alarm of its space quota',
    needs: ['ledger-access', 'space-limit'],
    parameters: lastingParameters,
  },
  (names, _parameters, { ledger }) => ledger.fill(names),
);
