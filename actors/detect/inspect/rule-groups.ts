/** Which rules are asked about a packet: by direction and protocol, in the order of the rules. */
import type { Direction } from '../protocols/index.ts';
import { isInDirection, type Signature } from './signature.ts';
import type { Situation } from './situation.ts';

const NONE: readonly Signature[] = [];

export class RuleGroups {
  readonly addressRules: readonly Signature[];
  /** By direction and protocol number. */
  readonly #packet: readonly [Map<number, readonly Signature[]>, Map<number, readonly Signature[]>] = [
    new Map(),
    new Map(),
  ];
  readonly #transaction: readonly [Map<string, readonly Signature[]>, Map<string, readonly Signature[]>] = [
    new Map(),
    new Map(),
  ];
  readonly #signatures: readonly Signature[];

  constructor(signatures: readonly Signature[]) {
    this.#signatures = signatures;
    this.addressRules = signatures.filter(({ type }) => type === 'ip_only');
  }

  packetRules({ packet, direction }: Situation): readonly Signature[] {
    const { protocol } = packet;
    const groups = this.#packet[direction];
    let group = groups.get(protocol);
    if (group === undefined) {
      group = this.#signatures.filter(
        (signature) =>
          signature.type !== 'ip_only' &&
          signature.type !== 'app_tx' &&
          isInDirection(signature, direction) &&
          (signature.header.protocols?.includes(protocol) ?? true),
      );
      groups.set(protocol, group);
    }
    return group;
  }

  transactionRules(protocol: string, direction: Direction): readonly Signature[] {
    const groups = this.#transaction[direction];
    let group = groups.get(protocol);
    if (group === undefined) {
      group = this.#signatures.filter(({ engines }) => (engines.get(protocol)?.[direction].length ?? 0) > 0);
      groups.set(protocol, group.length === 0 ? NONE : group);
    }
    return group;
  }
}
