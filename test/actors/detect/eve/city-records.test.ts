/** Every EVE record of generated conversations of SNMP, DHCP, NTP, FTP, SMTP, TFTP and DNP3 beside those of Suricata 7.0.10. */
import t from 'tap';
import { needs } from '../../../support/needs.ts';
import { pcapOf } from '../captures.ts';
import { DHCP_RULES, dhcpTalk } from '../protocols/dhcp-talks.ts';
import { Dice } from '../protocols/dice.ts';
import { DNP3_RULES, dnp3Talk } from '../protocols/dnp3-talks.ts';
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
  readonly alsoTold?: string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  snmp: { talk: snmpTalk, rules: SNMP_RULES },
  dhcp: { talk: dhcpTalk, rules: DHCP_RULES },
  ntp: { talk: ntpTalk, rules: ['flow:to_server;'] },
  ftp: { talk: ftpTalk, rules: ['flow:to_client;'] },
  smtp: { talk: smtpTalk, rules: SMTP_RULES },
  dnp3: { talk: dnp3Talk, rules: [...DNP3_RULES, 'app-layer-event:dnp3.unknown_object;'], alsoTold: 'dnp3' },
  tftp: { talk: tftpTalk, rules: ['content:"octet";'] },
};

for (const [name, { talk, rules, alsoTold }] of Object.entries(KINDS))
  t.test(`records of ${name} are those of Suricata`, async (t) => {
    if (!needs(t, 'suricata')) return;
    const talks = Array.from({ length: TALKS }, (_, i) => talk(new Dice(5_000 + i)));
    const scene = {
      capture: pcapOf(packetsOf(talks), { isBig: false, isNano: false }),
      rules: `${rulesOf(name, rules).join('\n')}\n`,
      midstream: false,
      ...(alsoTold === undefined ? {} : { alsoTold }),
    };
    const theirs = suricataRecords(scene);
    t.ok(theirs.filter(({ event_type: type }) => type === (name === 'ntp' ? 'alert' : name)).length > TALKS / 4);
    t.same(
      differences(ourRecords(scene), theirs).map((one) => tell(one).join(' · ')),
      [],
    );
  });
