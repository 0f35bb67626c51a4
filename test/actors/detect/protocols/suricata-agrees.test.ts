/**
 * Generated conversations, and what Suricata 7.0.10 made of them: its records lie beside this file. Where it is installed,
 * `MSEC_SURICATA_TALKS=3000` compares as many fresh ones, and `MSEC_SURICATA_RECORD=1` writes the records anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { dhcp } from '../../../../actors/detect/protocols/dhcp/index.ts';
import { dnp3 } from '../../../../actors/detect/protocols/dnp3/index.ts';
import { dns } from '../../../../actors/detect/protocols/dns/index.ts';
import { enip } from '../../../../actors/detect/protocols/enip/index.ts';
import { ftp } from '../../../../actors/detect/protocols/ftp/index.ts';
import type { AnyProtocol } from '../../../../actors/detect/protocols/index.ts';
import { modbus } from '../../../../actors/detect/protocols/modbus/index.ts';
import { mqtt } from '../../../../actors/detect/protocols/mqtt/index.ts';
import { ntp } from '../../../../actors/detect/protocols/ntp/index.ts';
import { smtp } from '../../../../actors/detect/protocols/smtp/index.ts';
import { snmp } from '../../../../actors/detect/protocols/snmp/index.ts';
import { ssh } from '../../../../actors/detect/protocols/ssh/index.ts';
import { tftp } from '../../../../actors/detect/protocols/tftp/index.ts';
import { tls } from '../../../../actors/detect/protocols/tls/index.ts';
import { DHCP_RULES, dhcpTalk } from './dhcp-talks.ts';
import { Dice } from './dice.ts';
import { DNP3_RULES, dnp3Talk } from './dnp3-talks.ts';
import { DNS_RULES, dnsTalk } from './dns-talks.ts';
import { ENIP_RULES, enipTalk } from './enip-talks.ts';
import { FTP_RULES, ftpTalk } from './ftp-talks.ts';
import { MODBUS_RULES, modbusTalk } from './modbus-talks.ts';
import { MQTT_RULES, mqttTalk } from './mqtt-talks.ts';
import { ntpTalk } from './ntp-talks.ts';
import { smtpTalk } from './smtp-talks.ts';
import { SNMP_RULES, snmpTalk } from './snmp-talks.ts';
import { SSH_RULES, sshTalk } from './ssh-talks.ts';
import type { Part, Talk } from './suricata.ts';
import { tftpTalk } from './tftp-talks.ts';
import { TLS_RULES, tlsTalk } from './tls-talks.ts';
import { type Told, toldBy, toldBySuricata } from './told.ts';

interface Kind {
  readonly protocol: AnyProtocol;
  readonly talk: (dice: Dice) => Talk;
  readonly rules: readonly string[];
  readonly settings?: readonly string[];
  /** Of so many talks, since others show how the engine orders packets and transactions, not what a parser does. */
  readonly differing: number;
  /** What comes of a stream at once matters: nothing is kept of a message that is cut off, or lines of a reply belong to its
   * transaction only as long as that is not released. */
  readonly showsCuts?: true;
}

const KINDS: readonly Kind[] = [
  { protocol: dns, talk: dnsTalk, rules: DNS_RULES, differing: 0 },
  { protocol: mqtt, talk: mqttTalk, rules: MQTT_RULES, differing: 0.02 },
  {
    protocol: modbus,
    talk: modbusTalk,
    rules: MODBUS_RULES,
    settings: ['app-layer.protocols.modbus.enabled=yes'],
    differing: 0.005,
  },
  {
    protocol: dnp3,
    talk: dnp3Talk,
    rules: DNP3_RULES,
    settings: ['app-layer.protocols.dnp3.enabled=yes'],
    differing: 0.03,
  },
  {
    protocol: enip,
    talk: enipTalk,
    rules: ENIP_RULES,
    settings: ['app-layer.protocols.enip.enabled=yes'],
    differing: 0.005,
    showsCuts: true,
  },
  { protocol: tls, talk: tlsTalk, rules: TLS_RULES, differing: 0.015 },
  { protocol: ssh, talk: sshTalk, rules: SSH_RULES, differing: 0.005 },
  { protocol: snmp, talk: snmpTalk, rules: SNMP_RULES, differing: 0.005 },
  { protocol: dhcp, talk: dhcpTalk, rules: DHCP_RULES, differing: 0.005 },
  { protocol: ftp, talk: ftpTalk, rules: FTP_RULES, differing: 0.005, showsCuts: true },
  { protocol: smtp, talk: smtpTalk, rules: [], differing: 0.03, showsCuts: true },
  { protocol: tftp, talk: tftpTalk, rules: [], differing: 0.005 },
  { protocol: ntp, talk: ntpTalk, rules: [], differing: 0.005 },
];
const RECORDED = 80;

/** After these Suricata takes what the segment has, whatever it is: of a wrong length, and of a banner without an end. */
const CUT_COUNTS: ReadonlySet<string> = new Set(['invalid_length', 'long_banner']);

/** A parser gives objects by the age of their transaction, Suricata as each is complete. */
const comparable = ({ objects, events, alerts }: Told): Told => ({ objects: objects.toSorted(), events, alerts });

const fileOf = (name: string): URL => new URL(`./${name}-records.ndjson`, import.meta.url);

interface RecordedTalk extends Told {
  readonly transport: 'tcp' | 'udp';
  readonly serverPort: number;
  readonly parts: readonly (readonly [0 | 1, string])[];
}

function recorded(name: string): { readonly talk: Talk; readonly told: Told }[] {
  const lines = readFileSync(fileOf(name), 'utf8').trimEnd().split('\n');
  const records = lines.map((line) => JSON.parse(line) as RecordedTalk);
  return records.map(({ transport, serverPort, parts, ...told }) => ({
    talk: { transport, serverPort, parts: parts.map(([way, hex]): Part => [way, Buffer.from(hex, 'hex')]) },
    told,
  }));
}

const isSame = (one: Told, other: Told): boolean =>
  JSON.stringify(comparable(one)) === JSON.stringify(comparable(other));

function generated(kind: Kind, count: number, seed: number): { readonly talk: Talk; readonly told: Told }[] {
  const talks = Array.from({ length: count }, (_, index) => kind.talk(new Dice(seed * 1_000_003 + index)));
  const told = toldBySuricata(kind.protocol.name, talks, kind.rules, kind.settings);
  return talks.map((talk, index) => ({ talk, told: comparable(told[index]!) }));
}

function record(kind: Kind): void {
  const agreeing = generated(kind, RECORDED, 1).filter(({ talk, told }) =>
    isSame(toldBy(kind.protocol, talk, kind.rules), told),
  );
  const lines = agreeing.map(({ talk, told }) => {
    const parts = talk.parts.map(([way, bytes]) => [way, Buffer.from(bytes).toString('hex')]);
    return JSON.stringify({ ...talk, parts, ...told });
  });
  writeFileSync(fileOf(kind.protocol.name), `${lines.join('\n')}\n`);
}

for (const kind of KINDS.filter(({ protocol: { name } }) => (process.env.MSEC_SURICATA_ONLY ?? name) === name)) {
  const { protocol, rules } = kind;
  if (process.env.MSEC_SURICATA_RECORD === '1') record(kind);

  t.test(`${protocol.name}: objects, events and rules are those of Suricata`, async (t) => {
    const all = recorded(protocol.name);
    t.ok(all.length > RECORDED * 0.9);
    const hits = rules.map((_, index) => all.reduce((sum, { told }) => sum + told.alerts[index]!, 0));
    t.ok(
      rules.length === 0 || hits.filter((count) => count > 0).length > rules.length * 0.7,
      `rules that hold: ${hits.join(' ')}`,
    );
    for (const [index, { talk, told }] of all.entries())
      t.same(comparable(toldBy(protocol, talk, rules)), comparable(told), `talk ${index}`);
  });

  const fresh = Number(process.env.MSEC_SURICATA_TALKS ?? 0);
  if (fresh > 0)
    t.test(`${protocol.name}: ${fresh} fresh conversations`, async (t) => {
      const seed = Number(process.env.MSEC_SURICATA_SEED ?? 2);
      const differing = generated(kind, fresh, seed).filter(
        ({ talk, told }) => !isSame(toldBy(protocol, talk, rules), told),
      );
      t.comment(`${differing.length} of ${fresh} differ`);
      for (const { talk, told } of differing.slice(0, 3)) {
        t.comment(JSON.stringify(talk.parts.map(([way, bytes]) => [way, Buffer.from(bytes).toString('hex')])));
        t.comment(`${JSON.stringify(told)}\n${JSON.stringify(comparable(toldBy(protocol, talk, rules)))}`);
      }
      t.ok(differing.length <= fresh * kind.differing, `${differing.length} of ${fresh} differ`);
    });

  if (kind.showsCuts !== true)
    t.test(`${protocol.name}: where a stream is cut makes no difference`, async () => {
      fc.assert(
        fc.property(fc.nat(), fc.integer({ min: 1, max: 40 }), (seed, most) => {
          const talk = kind.talk(new Dice(seed));
          const dice = new Dice(seed + 1);
          const whole = toldBy(protocol, talk, rules);
          fc.pre(!whole.events.some((event) => CUT_COUNTS.has(event)));
          return isSame(
            toldBy(protocol, talk, rules, () => 1 + dice.below(most)),
            whole,
          );
        }),
        { numRuns: 150 },
      );
    });

  t.test(`${protocol.name}: no bytes make it throw`, async () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(fc.tuple(fc.nat(1), fc.uint8Array({ maxLength: 300 })), { maxLength: 4 }),
        (seed, extra) => {
          const talk = kind.talk(new Dice(seed));
          const dice = new Dice(seed + 2);
          const parts = talk.parts.map(([way, bytes]): Part => [way, dice.spoil(bytes, 0.5)]);
          toldBy(
            protocol,
            { ...talk, parts: [...parts, ...extra.map(([way, bytes]): Part => [way === 0 ? 0 : 1, bytes])] },
            rules,
          );
          return true;
        },
      ),
      { numRuns: 300 },
    );
  });
}
