import t from 'tap';
import {
  dropServiceAddress,
  type RunProgram,
  raiseServiceAddress,
  ServiceAddressError,
} from '../../../src/runtime/service-address.ts';

/** Programs that answer as they are told, and what was asked of them. */
function programs(answers: Readonly<Record<string, string | Error>>) {
  const asked: string[] = [];
  const run: RunProgram = async (argv) => {
    asked.push(argv.join(' '));
    const answer = answers[argv[0]];
    if (answer instanceof Error) throw answer;
    return { code: answer === undefined ? 0 : 2, stdout: '', stderr: answer ?? '' };
  };
  return { asked, run };
}

t.test('an address is raised first and announced once', async (t) => {
  const { asked, run } = programs({});
  const { announced } = await raiseServiceAddress('10.77.2.11', 'eth0', run);
  t.equal(await announced, null);
  t.strictSame(asked, ['ip address replace 10.77.2.11/16 dev eth0', 'arping -q -U -c 1 -I eth0 10.77.2.11']);
});

t.test('an address that was not raised is not announced', async (t) => {
  const { asked, run } = programs({ ip: 'Cannot find device "eth0"\nand more' });
  await t.rejects(
    raiseServiceAddress('10.77.2.11', 'eth0', run),
    new ServiceAddressError(
      'the service address 10.77.2.11 cannot be raised on eth0: Cannot find device "eth0"',
    ),
  );
  t.equal(asked.length, 1);
});

t.test('an announcement that fails takes nothing back', async (t) => {
  for (const arping of ['no such device', new Error('arping could not be started: ENOENT')]) {
    const { run } = programs({ arping });
    const { announced } = await raiseServiceAddress('10.77.2.11', 'eth0', run);
    t.match((await announced)?.message, /^the neighbours could not be told of 10\.77\.2\.11: /);
  }
});

t.test('what is not there need not be dropped, in whatever words the kernel says so', async (t) => {
  for (const ip of ['Error: ipv4: Address not found.', 'RTNETLINK answers: Cannot assign requested address'])
    await dropServiceAddress('10.77.2.11', 'eth0', programs({ ip }).run);
  await t.rejects(
    dropServiceAddress('10.77.2.11', 'eth0', programs({ ip: '' }).run),
    new ServiceAddressError(
      'the service address 10.77.2.11 cannot be dropped from eth0: ip ended with status 2',
    ),
  );
});
