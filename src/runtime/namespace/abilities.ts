/**
 * What this machine lets the namespace runtime do, found out by doing it: a sandbox is made, a bridge and a
 * veth pair are made in it, and all of it is gone when the trial ends. Settings of the system are looked at only to
 * say what to do when a trial has failed.
 */
import { readFileSync } from 'node:fs';
import { ABILITIES, type Ability, isAbility, type Offer } from '../abilities.ts';
import { lossRules } from './packet-loss.ts';
import { cutRules } from './partitions.ts';
import { redirectRules, resetRules } from './port-rules.ts';
import { needsUserNamespace, sandboxFlags } from './sandbox.ts';
import { type Environment, type Outcome, run } from './tools.ts';

/** One thing that the runtime uses, and what to do when it is not there. */
export interface NamespaceAbility {
  readonly name: string;
  /** What of the lab needs it. */
  readonly about: string;
  /** Without a required one there is no lab; an optional one opens a part of it. */
  readonly need: 'required' | 'optional';
  readonly present: boolean;
  /** What was found, or why it does not work. */
  readonly detail: string;
  /** One sentence; null when the ability is there. */
  readonly remedy: string | null;
}

interface Trial {
  readonly name: string;
  readonly about: string;
  readonly argv: readonly string[];
  readonly works: string;
  /** What to do, from what the trial complained of. */
  readonly remedy: (complaint: string) => string;
}

const inPackage = (name: string) => () => `install it, on Debian with: apt-get install ${name}`;

/** Each program the runtime starts, asked for something that only the right version can do. */
const PROGRAMS: readonly Trial[] = [
  { argv: ['unshare', '--kill-child=KILL', '--version'], package: 'util-linux', about: 'new namespaces' },
  { argv: ['nsenter', '--version'], package: 'util-linux', about: 'programs inside a container' },
  {
    argv: ['setpriv', '--pdeathsig', 'KILL', 'true'],
    package: 'util-linux',
    about: 'nothing outlives the lab',
  },
  { argv: ['mount', '--version'], package: 'mount', about: 'what a container sees of the filesystem' },
  { argv: ['hostname', '--version'], package: 'hostname', about: 'host names of the containers' },
  { argv: ['chroot', '--version'], package: 'coreutils', about: 'the root directory of the containers' },
  { argv: ['ip', '-Version'], package: 'iproute2', about: 'bridge, links and addresses' },
].map(({ argv, package: debianPackage, about }) => ({
  name: argv[0] ?? '',
  about,
  argv,
  works: 'works',
  remedy: inPackage(debianPackage),
}));

/** A system setting that forbids namespaces to an ordinary user while it has this value. */
const FORBIDDING = [
  {
    path: 'kernel/unprivileged_userns_clone',
    value: '0',
    remedy: 'run as root, or allow it with: sysctl -w kernel.unprivileged_userns_clone=1',
  },
  {
    path: 'kernel/apparmor_restrict_unprivileged_userns',
    value: '1',
    remedy: 'run as root, or allow it with: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
  },
  {
    path: 'user/max_user_namespaces',
    value: '0',
    remedy: 'run as root, or allow it with: sysctl -w user.max_user_namespaces=15000',
  },
];

function namespaceRemedy(userNamespace: boolean) {
  return (complaint: string): string => {
    if (/mount \/proc|proc.*(not permitted|denied)/i.test(complaint) && !/uid_map|gid_map/.test(complaint)) {
      return 'this looks like a container that hides parts of /proc; start it with: --security-opt systempaths=unconfined';
    }
    const forbidding = FORBIDDING.find(({ path, value }) => settingOf(path) === value);
    if (userNamespace && forbidding !== undefined) return forbidding.remedy;
    return userNamespace
      ? 'run as root, or outside of the container or sandbox that forbids user namespaces'
      : 'run outside of the container that forbids it, or start that one with: --privileged';
  };
}

function settingOf(path: string): string | null {
  try {
    return readFileSync(`/proc/sys/${path}`, 'utf8').trim();
  } catch {
    return null;
  }
}

/** Makes each kind of mount and interface that a lab is made of. */
const TRIAL_SCRIPT = [
  'mount -n -t tmpfs trial /mnt 2>/dev/null || mount -n -t tmpfs trial /dev/shm',
  'ip link add trial-bridge type bridge',
  'ip link add trial-a type veth peer name trial-b',
  'ip link set trial-a master trial-bridge',
].join(' && ');

function sandboxTrials(userNamespace: boolean): Trial[] {
  const how = userNamespace ? 'as an ordinary user' : 'as root';
  const enter = ['unshare', ...sandboxFlags(userNamespace), '--'];
  return [
    {
      name: 'namespaces',
      about: 'the sandbox and its containers',
      argv: [...enter, 'true'],
      works: `works ${how}`,
      remedy: namespaceRemedy(userNamespace),
    },
    {
      name: 'bridge and veth',
      about: 'the network of the containers',
      argv: [...enter, 'sh', '-c', TRIAL_SCRIPT],
      works: `works ${how}`,
      remedy: (complaint) =>
        /not supported|unknown device/i.test(complaint)
          ? 'load the kernel modules with: modprobe -a bridge veth'
          : namespaceRemedy(userNamespace)(complaint),
    },
  ];
}

const nftTrial = (rules: string): string => `nft -f - <<'RULES'\n${rules}RULES\n`;

/** What parts of the lab need, each tried by doing it in a sandbox. */
const IN_SANDBOX: readonly (Omit<Trial, 'name' | 'about' | 'argv'> & {
  readonly name: Ability;
  readonly script: string;
})[] = [
  {
    name: 'partitions',
    script: nftTrial(cutRules([{ from: 'trial-a', to: 'trial-b' }])),
    works: 'works, by nftables on the bridge',
    remedy: nftRemedy('a kernel with CONFIG_NF_TABLES_BRIDGE', 'nf_tables'),
  },
  {
    name: 'packet-loss',
    script: nftTrial(lossRules('trial', ['trial-a'], ['trial-b'], 0.5)),
    works: 'works, by nftables on the bridge',
    remedy: nftRemedy('a kernel with CONFIG_NFT_NUMGEN', 'nft_numgen'),
  },
  {
    name: 'connection-reset',
    script: nftTrial(resetRules([2049])),
    works: 'works, by nftables in the container',
    remedy: nftRemedy('a kernel with CONFIG_NFT_REJECT_IPV4', 'nft_reject_ipv4'),
  },
  {
    name: 'relay',
    script: nftTrial(redirectRules(2049, 20490)),
    works: 'works, by nftables in the container',
    remedy: nftRemedy('a kernel with CONFIG_NFT_NAT', 'nft_nat'),
  },
  {
    name: 'clock-offset',
    script: 'unshare --time --monotonic=1 true',
    works: 'works, by time namespaces',
    remedy: () => 'use a kernel with CONFIG_TIME_NS (Linux 5.6 or newer) and util-linux 2.36 or newer',
  },
  {
    name: 'space-limit',
    script: 'mount -n -t tmpfs -o size=1m trial /mnt && mount -n -i -o remount,size=4096 trial /mnt',
    works: 'works, on a tmpfs',
    remedy: () => 'leave the fault ledger-full out',
  },
  {
    name: 'gate',
    // What a node does: it opens the device, and mounts what stands behind it (src/gate/device.ts).
    script:
      'exec 3<>/dev/fuse && mount -n -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0,allow_other trial /mnt',
    works: 'works, by FUSE',
    remedy: fuseRemedy,
  },
];

/** An ordinary user can as well, where the device lets everybody open it. */
function fuseRemedy(complaint: string): string {
  return /permission denied/i.test(complaint)
    ? 'run as root, or let everybody use the device with: chmod 666 /dev/fuse'
    : 'use a kernel with CONFIG_FUSE_FS; if it has modules, load it with: modprobe fuse';
}

function nftRemedy(kernel: string, module: string) {
  return (complaint: string): string =>
    /not found/.test(complaint)
      ? inPackage('nftables')()
      : `use nftables 1.0 or newer and ${kernel}; if it has modules, load them with: modprobe ${module}`;
}

function optionalTrials(userNamespace: boolean): Trial[] {
  const enter = ['unshare', ...sandboxFlags(userNamespace), '--', 'sh', '-c'];
  return [
    ...IN_SANDBOX.map(({ script, ...trial }) => ({
      ...trial,
      about: ABILITIES[trial.name],
      argv: [...enter, script],
    })),
    {
      name: 'arping',
      about: 'service addresses that move to another node',
      // The other program of this name has other options.
      argv: ['sh', '-c', 'arping -V | grep iputils || { echo "not the one of iputils" >&2; exit 1; }'],
      works: 'works',
      remedy: inPackage('iputils-arping'),
    },
  ];
}

async function attempt(
  trial: Trial,
  env: Environment,
  need: NamespaceAbility['need'],
): Promise<NamespaceAbility> {
  const { name, about, argv, works, remedy } = trial;
  let outcome: Outcome;
  try {
    outcome = await run(argv, { env });
  } catch {
    return { name, about, need, present: false, detail: 'not installed', remedy: remedy('') };
  }
  const present = outcome.code === 0;
  const complaint = outcome.stderr.trim().split('\n')[0] ?? '';
  const detail = present ? works : complaint || `ended with status ${outcome.code}`;
  return { name, about, need, present, detail, remedy: present ? null : remedy(complaint) };
}

/** Tries everything: first the programs, then, if they are there, what they must be allowed to do. Takes about 50 ms. */
async function requiredAbilities(env: Environment, userNamespace: boolean): Promise<NamespaceAbility[]> {
  const programs = await Promise.all(PROGRAMS.map((trial) => attempt(trial, env, 'required')));
  if (programs.some(({ present }) => !present)) return programs;
  const tried: NamespaceAbility[] = [];
  for (const trial of sandboxTrials(userNamespace)) tried.push(await attempt(trial, env, 'required'));
  return [...programs, ...tried];
}

/** What the runtime needs, and, if that is all there, what parts of it need besides. */
export async function namespaceAbilities(
  env: Environment,
  userNamespace: boolean = needsUserNamespace(),
): Promise<NamespaceAbility[]> {
  const required = await requiredAbilities(env, userNamespace);
  if (required.some(({ present }) => !present)) return required;
  const optional = optionalTrials(userNamespace).map((trial) => attempt(trial, env, 'optional'));
  return [...required, ...(await Promise.all(optional))];
}

/** What of the abilities that faults need this machine's namespaces offer. Takes about 100 ms. */
export async function namespaceOffer(env: Environment): Promise<Offer> {
  const abilities = await namespaceAbilities(env);
  const missing = abilities.flatMap(({ name, present, remedy, detail }) =>
    present || !isAbility(name) ? [] : [{ ability: name, remedy: remedy ?? detail }],
  );
  return { runtime: 'the namespace runtime', missing };
}

/** Why this machine cannot have a sandbox and what to do about it, in one sentence; null when it can. */
export async function sandboxRefusal(
  env: Environment,
  userNamespace: boolean = needsUserNamespace(),
): Promise<string | null> {
  const missing = (await requiredAbilities(env, userNamespace)).find(({ present }) => !present);
  if (missing === undefined) return null;
  return `this machine cannot run a lab: ${missing.name} (${missing.about}): ${missing.detail}; ${missing.remedy}`;
}
