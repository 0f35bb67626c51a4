/** The rules about packets of TCP or UDP in one direction, by what is looked for with the server's port. */
import { PROTOCOL_TCP } from '../packet/index.ts';
import type { Direction } from '../protocols/index.ts';
import type { Rule } from '../rules/rule.ts';
import { fieldsOf } from './condition-values.ts';
import { asksStream, isOfPayload, type PacketGroup } from './packet-group.ts';
import { COST, type GroupedRule, NO_GROUP, PortGroups } from './port-groups.ts';
import { PACKET_BUFFERS } from './rule-type.ts';
import type { Signature } from './signature.ts';

/** Bits of what a rule has looked for: the stream is kept for it, it is searched, and one for each header. */
const STREAM = 1;
const SEARCHED = 2;
const HEADERS: ReadonlyMap<string, number> = new Map([...PACKET_BUFFERS].map((buffer, place) => [buffer, 4 << place]));

/** Suricata's own configuration. */
const GROUPS_MAX = [40, 20] as const;
const WELL_KNOWN_TCP = new Set([53, 80, 139, 443, 445, 1433, 3306, 3389, 6666, 6667, 8080]);
const WELL_KNOWN_UDP = new Set([53, 135, 5060]);

export class PortedGroup {
  readonly #all: PacketGroup;
  readonly #strayed: readonly Signature[];
  readonly #ports: PortGroups;
  /** There are few: what is looked for is mostly the same. */
  readonly #byFeatures = new Map<number, PacketGroup>();

  constructor(
    all: PacketGroup,
    signatures: readonly Signature[],
    strayed: readonly Signature[],
    protocol: number,
    direction: Direction,
  ) {
    this.#all = all;
    this.#strayed = strayed;
    const wellKnown = protocol === PROTOCOL_TCP ? WELL_KNOWN_TCP : WELL_KNOWN_UDP;
    const rules = signatures.map((signature) => groupedRule(signature, direction));
    this.#ports = new PortGroups(rules, wellKnown, GROUPS_MAX[direction]);
  }

  of(port: number): PacketGroup {
    const features = this.#ports.featuresOf(port);
    return this.#byFeatures.get(features) ?? this.#with(features);
  }

  #with(features: number): PacketGroup {
    const strayed = features === NO_GROUP ? [] : this.#strayed.filter((one) => (features & headerBit(one)) !== 0);
    const isSearched = features !== NO_GROUP && (features & SEARCHED) !== 0;
    const group = {
      ...this.#all,
      always: [...this.#all.always, ...strayed.map(({ order }) => order)].sort((a, b) => a - b),
      ofStream: isSearched ? this.#all.ofStream : null,
      needsStream: features !== NO_GROUP && (features & STREAM) !== 0,
    };
    this.#byFeatures.set(features, group);
    return group;
  }
}

function groupedRule(signature: Signature, direction: Direction): GroupedRule {
  const { fast } = signature;
  let features = asksStream(signature) ? STREAM | (fast?.buffer.buffer === 'payload' ? SEARCHED : 0) : 0;
  features |= headerBit(signature);
  return { pieces: portsOf(signature, direction), features, cost: costOf(signature) };
}

const headerBit = ({ fast }: Signature): number => (fast === null ? 0 : (HEADERS.get(fast.buffer.buffer) ?? 0));

/** Of the server, as the rule names them. */
function portsOf({ rule, isSwapped }: Signature, direction: Direction): Rule['sourcePorts']['pieces'] {
  const isDestination = (direction === 0) !== isSwapped;
  return (isDestination ? rule.destinationPorts : rule.sourcePorts).pieces;
}

function costOf(signature: Signature): number {
  const [first] = portsOf(signature, (signature.directions & 1) !== 0 ? 0 : 1);
  if (isAny(first)) return COST.none;
  const { payload, fast, rule } = signature;
  if (payload !== null && fast === null) return COST.unsearched;
  if (fast?.isNegated === true) return COST.negated;
  if (isOfPayload(signature) && fast!.bytes.length === 1) return COST.byte;
  return asksSyn(rule) ? COST.syn : COST.none;
}

const isAny = (range: readonly [number, number] | undefined): boolean => range?.[0] === 0 && range[1] === 65_535;

/** It asks for SYN and nothing else. */
const asksSyn = ({ conditions }: Rule): boolean =>
  conditions.some((condition) => {
    if (condition.keyword !== 'tcp.flags') return false;
    const { flags, how } = fieldsOf(condition);
    return String(flags) === 'S' && how !== '!';
  });

/** Of SYNs to certain ports, without a direction: not asked of answers. */
export const isSynScan = (signature: Signature): boolean =>
  signature.directions === 3 && asksSyn(signature.rule) && !isAny(portsOf(signature, 0)[0]);
