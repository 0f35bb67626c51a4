/** Every EVE record of generated conversations of SNMP, DHCP, NTP, FTP, SMTP and TFTP beside those of Suricata 7.0.10. */
import t from 'tap';
import { needs } from '../../../support/needs.ts';
import { pcapOf } from '../captures.ts';
import { DHCP_RULES, dhcpTalk } from '../protocols/dhcp-talks.ts';
import { Dice } from '../protocols/dice.ts';
import { ftpTalk } from '../protocols/ftp-talks.ts';
import { ntpTalk } from '../protocols/ntp-talks.ts';
import { SMTP_RULES, smtpTalk } from '../protocols/smtp-talks.ts';
import { SNMP_RULES, snmpTalk } from '../protocols/snmp-talks.ts';
import { packetsOf, type Talk } from '../protocols/suricata.ts';
import { tftpTalk } from '../protocols/tftp-talks.ts';
import { rulesOf } from '../protocols/told.ts';
import { differences, ourRecords, suricataRecords, tell } from './beside-suricata.ts';

t.setTimeout(590_000);

const TALKS = 200;

interface Kind {
  readonly talk: (dice: Dice) => Talk;
  readonly rules: readonly string[];
}

const KINDS: Readonly<Record<string, Kind>> = {
  snmp: { talk: snmpTalk, rules: SNMP_RULES },
  dhcp: { talk: dhcpTalk, rules: DHCP_RULES },
  ntp: { talk: ntpTalk, rules: ['flow:to_server;'] },
  ftp: { talk: ftpTalk, rules: ['flow:to_client;'] },
  smtp: { talk: smtpTalk, rules: SMTP_RULES },
  tftp: { talk: tftpTalk, rules: ['content:"octet";'] },
};

for (const [name, { talk, rules }] of Object.entries(KINDS))
  t.test(`records of ${name} are those of Suricata`, async (t) => {
    if (!needs(t, 'suricata')) return;
    const talks = Array.from({ length: TALKS }, (_, i) => talk(new Dice(5_000 + i)));
    const scene = {
      capture: pcapOf(packetsOf(talks), { isBig: false, isNano: false }),
      rules: `${rulesOf(name, rules).join('\n')}\n`,
      midstream: false,
    };
    const theirs = suricataRecords(scene);
    t.ok(theirs.filter(({ event_type: type }) => type === (name === 'ntp' ? 'alert' : name)).length > TALKS / 4);
    t.same(
      differences(ourRecords(scene), theirs).map((one) => tell(one).join(' · ')),
      [],
    );
  });
