/**
 * What the kernel of one container does to the segments of a TCP port: rules of nftables in the container's own network namespace, with
 * which they go. What a container says to itself is left alone, since a relay beside init speaks to the server there.
 */
import type { Container, PortRules } from '../runtime.ts';
import { packetsIn } from './nft.ts';

const RESET_TABLE = 'gracelab-reset';
const RELAY_TABLE = 'gracelab-relay';

/** The text for `nft -f` after which whoever sends to or from one of the ports gets a reset. */
export function resetRules(ports: readonly number[]): string {
  const any = `{ ${ports.join(', ')} }`;
  return [
    `table ip ${RESET_TABLE} {`,
    '  counter answered {}',
    '  chain in {',
    '    type filter hook input priority -1; policy accept;',
    `    iifname != "lo" tcp dport ${any} counter name answered reject with tcp reset`,
    '  }',
    '  chain out {',
    '    type filter hook output priority -1; policy accept;',
    // Not our own answers to the rule above.
    `    oifname != "lo" tcp flags & rst == 0 tcp sport ${any} counter name answered reject with tcp reset`,
    '  }',
    '}',
    '',
  ].join('\n');
}

/**
 * The same, after which connections to the port reach the other one, at the address that they were for. A connection from before is not
 * translated any more and still comes to the old port: it gets a reset.
 */
export function redirectRules(port: number, to: number): string {
  return [
    `table ip ${RELAY_TABLE} {`,
    '  chain before {',
    '    type nat hook prerouting priority dstnat; policy accept;',
    `    iifname != "lo" tcp dport ${port} dnat to :${to}`,
    '  }',
    '  chain in {',
    '    type filter hook input priority 0; policy accept;',
    `    iifname != "lo" tcp dport ${port} reject with tcp reset`,
    '  }',
    '}',
    '',
  ].join('\n');
}

type Exec = Container['exec'];

async function nft(exec: Exec, argv: readonly string[], input?: string): Promise<string> {
  const outcome = await exec(['nft', ...argv], input === undefined ? {} : { input });
  if (outcome.code !== 0)
    throw new Error(`nft failed in the container: ${outcome.stderr.trim().split('\n')[0] ?? ''}`);
  return outcome.stdout;
}

/** @param lifeNow not the same for two lives: rules end with the one that they were made in */
export function portRules(exec: Exec, lifeNow: () => unknown): PortRules {
  return {
    async reset(ports) {
      const life = lifeNow();
      await nft(exec, ['-f', '-'], resetRules(ports));
      return async () => {
        if (lifeNow() !== life) return 0;
        const answered = packetsIn(await nft(exec, ['-j', 'list', 'counters', 'table', 'ip', RESET_TABLE]));
        await nft(exec, ['delete', 'table', 'ip', RESET_TABLE]);
        return answered;
      };
    },
    async redirect(port, to) {
      const life = lifeNow();
      await nft(exec, ['-f', '-'], redirectRules(port, to));
      return async () => {
        if (lifeNow() === life) await nft(exec, ['delete', 'table', 'ip', RELAY_TABLE]);
      };
    },
  };
}
