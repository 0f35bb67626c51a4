/** The settings of intrusion detection: a part of the table of `settings.ts`. */
import type { Setting } from './setting.ts';

export const DETECTION_SETTINGS = {
  'ids.enabled': {
    kind: 'boolean',
    default: false,
    doc: 'Whether packets of `network.packets` are examined by rules; see docs/detection.md.',
  },
  'ids.rules': {
    kind: 'paths',
    default: [],
    doc: 'Rule files in Suricata’s language. A rule that cannot be examined is told at the start and left out.',
  },
  'ids.ruleKeys': {
    kind: 'paths',
    default: [],
    doc: 'Public keys (PEM) of those whose bundles of rules are taken (`msec ids bundle push`). Empty: nobody’s.',
  },
  'ids.signedRollBack': {
    kind: 'boolean',
    default: false,
    doc: 'Whether going back to an earlier bundle needs a signature of one of these keys, too, and not the admin token alone.',
  },
  'ids.homeNet': {
    kind: 'cidrs',
    default: [],
    doc: 'The group HOME_NET of the rules. Empty: the private networks of RFC 1918, as in Suricata’s own configuration.',
  },
  'ids.classification': {
    kind: 'path',
    default: null,
    doc: 'classification.config: names and priorities of classtypes. Unset: Suricata’s own.',
  },
  'ids.thresholds': {
    kind: 'path',
    default: null,
    doc: 'threshold.config: suppress, event_filter and rate_filter. Unset: none.',
  },
  'ids.events': {
    kind: 'boolean',
    default: true,
    doc: 'Whether flows, transactions, files and anomalies are told in `ids.events`, beside alerts.',
  },
  'ids.verdicts': {
    kind: 'boolean',
    default: true,
    doc: 'Whether `ids.verdicts` says which packets and flows the rules would block.',
  },
  'ids.midstream': {
    kind: 'boolean',
    default: false,
    doc: 'Whether TCP sessions are followed of which no handshake was seen.',
  },
  'ids.checksums': {
    kind: 'choice',
    default: 'validate',
    choices: ['validate', 'none'],
    doc: 'Whether TCP segments with a wrong checksum are in no stream. `none` where packets are captured on the machine that sends them and its network card makes the checksums.',
  },
  'ids.replay': {
    kind: 'size',
    default: '64MiB',
    min: '1MiB',
    max: '64GiB',
    doc: 'How much of each place of capture is read again at most after a restart, to know its open flows again. Flows that began before that are picked up in their middle.',
  },
  'ids.flowMemory': {
    kind: 'size',
    default: '32MiB',
    min: '1MiB',
    max: '4GiB',
    doc: 'Memory for flows, of each place of capture (1 KiB a flow). Beyond it the flow gives way that has waited longest.',
  },
  'ids.streamMemory': {
    kind: 'size',
    default: '64MiB',
    min: '1MiB',
    max: '16GiB',
    doc: 'Memory for TCP streams, of each place of capture.',
  },
  'ids.interface': {
    kind: 'name',
    default: null,
    doc: 'Network interface of this machine that is captured, with tcpdump or dumpcap, which must be permitted to. Unset: none.',
  },
  'ids.filter': {
    kind: 'text',
    default: null,
    doc: 'Capture filter (pcap-filter) of `ids.interface`, e.g. `not port 9092`. Unset: everything.',
  },
  'ids.lanes': {
    kind: 'integer',
    default: 1,
    min: 1,
    max: 256,
    doc: 'Over how many keys the flows of `ids.interface` are spread, so that several threads share them.',
  },
  'ids.gateways': {
    kind: 'names',
    default: [],
    doc: 'Devices that may publish captured packets over HTTP (POST /v1/packets), by their ids. Empty: none.',
  },
} as const satisfies Record<string, Setting>;
