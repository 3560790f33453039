import { Association, type AssociationOptions } from './association.ts';
import type { Dial } from './channel.ts';
import type { RecoveryBehaviour } from './keeper.ts';
import type { Observer } from './observer.ts';
import type { ServerAddress } from './server-address.ts';

export interface AssociationsOptions extends Omit<AssociationOptions, 'address' | 'dial' | 'observer'> {
  /** The server that the client was made for. */
  readonly home: ServerAddress;
  /** Speaks of that one. */
  readonly observer: Observer;
  readonly dial: (host: string, port: number) => Dial;
  /** A server's name in events. */
  readonly nameOf: (host: string) => string;
}

/** All servers that the client ever had to do with: with each it keeps a client id and a session, for the day on which something moves back to it. */
export class Associations {
  readonly home: Association;
  readonly #options: AssociationsOptions;
  readonly #byAddress = new Map<string, Association>();
  #behaviour: RecoveryBehaviour = 'by-the-book';
  #over = false;

  constructor(options: AssociationsOptions) {
    this.#options = options;
    this.home = this.#add(options.home, options.observer);
  }

  get all(): readonly Association[] {
    return [...this.#byAddress.values()];
  }

  /** The one with this server, which begins now if there was none. */
  at(address: ServerAddress): Association {
    const known = this.#byAddress.get(keyOf(address));
    if (known !== undefined) return known;
    const { observer, nameOf } = this.#options;
    const association = this.#add(address, observer.at(nameOf(address.host)));
    association.keeper.behave(this.#behaviour);
    if (this.#over) association.abandon();
    else association.start();
    return association;
  }

  behave(behaviour: RecoveryBehaviour): void {
    this.#behaviour = behaviour;
    for (const { keeper } of this.all) keeper.behave(behaviour);
  }

  async leave(): Promise<void> {
    this.#over = true;
    await Promise.all(this.all.map((association) => association.leave()));
  }

  abandon(): void {
    this.#over = true;
    for (const association of this.all) association.abandon();
  }

  #add(address: ServerAddress, observer: Observer): Association {
    const dial = this.#options.dial(address.host, address.port);
    const association = new Association({ ...this.#options, address, observer, dial });
    this.#byAddress.set(keyOf(address), association);
    return association;
  }
}

const keyOf = ({ host, port }: ServerAddress): string => JSON.stringify([host, port]);
