/** SNMP, DHCP, NTP, FTP, SMTP and TFTP from the packet to the alert: recognised by their ports, asked by their keywords. */
import t from 'tap';
import { alertsIn, Scene } from '../sensor/scene.ts';

const latin1 = (hex: string): string => Buffer.from(hex, 'hex').toString('latin1');

t.test('rules about SNMP, by name and by keyword', async (t) => {
  const get = latin1('301902010104067075626c6963a00c020203e80201000201003000');
  const found = alertsIn(new Scene(161).datagram(0, get).datagram(1, get), [
    'alert snmp any any -> any any (msg:"any";)',
    'alert snmp any any -> any any (snmp.community; content:"public"; snmp.pdu_type:get_request;)',
    'alert udp any any -> any 161 (snmp.version:2; flow:to_server;)',
    'alert snmp any any -> any any (snmp.community; content:"private";)',
  ]);
  t.same(found, ['1> 2<', '1> 2<', '1>', '']);
});

t.test('rules about NTP, and what is none', async (t) => {
  const request = latin1(`23${'00'.repeat(47)}`);
  const scene = new Scene(123)
    .datagram(0, request)
    .datagram(1, latin1(`24${'00'.repeat(47)}`))
    .datagram(0, 'no');
  const found = alertsIn(scene, [
    'alert ntp any any -> any any (msg:"any";)',
    'alert udp any any -> any any (app-layer-protocol:ntp;)',
  ]);
  t.match(found[0], /^1> 2</);
  t.match(found[1], /^1>/);
  t.same(alertsIn(new Scene(123).datagram(0, 'what is this'), ['alert ntp any any -> any any (msg:"any";)']), ['']);
});

t.test('a lease that is too long', async (t) => {
  const head = `02010600${'00000001'}${'00'.repeat(20)}aabbccddeeff${'00'.repeat(202)}63825363`;
  const ack = latin1(`${head}3501053304000151800c056d65746572ff`);
  const scene = new Scene(67).datagram(0, ack).datagram(1, ack);
  const found = alertsIn(scene, [
    'alert dhcp any any -> any any (dhcp.leasetime:>86000; flow:to_server;)',
    'alert dhcp any any -> any any (dhcp.leasetime:<86400;)',
  ]);
  t.match(found[0], /^1>/);
  t.equal(found[1], '');
});

t.test('what rules of Suricata 8 ask of FTP', async (t) => {
  const scene = new Scene(21)
    .handshake()
    .say(1, '220 (vsFTPd 3.0.3)\r\n')
    .say(0, 'USER anonymous\r\n')
    .say(1, '331 Please specify the password.\r\n')
    .say(0, 'PASV\r\n')
    .say(1, '227 Entering Passive Mode (10,2,0,0,156,64).\r\n')
    .say(0, 'PORT 10,1,0,0,4,1\r\n')
    .say(1, '500 no\r\n')
    .segment(0, 17, 0, 0);
  const asked = [
    'ftp.command; content:"USER"; bsize:4;',
    'ftp.command_data; content:"anonymous"; bsize:9;',
    'ftp.reply; content:"specify the password";',
    'ftp.completion_code; content:"227"; bsize:3;',
    'ftp.dynamic_port:40000;',
    'ftp.dynamic_port:1025; ftp.mode:active;',
    'ftp.mode:passive;',
    'ftp.reply_received:yes; ftp.completion_code; content:"500";',
    'content:"vsFTPd"; flow:to_client;',
    'ftp.command; content:"QUIT";',
    'ftp.dynamic_port:<1024;',
  ];
  const found = alertsIn(
    scene,
    asked.map((options) => `alert ftp any any -> any any (${options})`),
  );
  for (const [i, options] of asked.entries()) t.equal(found[i] !== '', i < asked.length - 2, options);
});

t.test('rules about TFTP, and what is none', async (t) => {
  const rules = [
    'alert tftp any any -> any any (msg:"any";)',
    'alert udp any any -> any any (app-layer-protocol:tftp;)',
  ];
  const read = new Scene(69).datagram(0, '\0\x01pxelinux.0\0octet\0').datagram(0, '\0\x01menu\0octet\0');
  const found = alertsIn(read, rules);
  t.match(found[0], /^1>/);
  t.match(found[1], /^1>/);
  t.same(alertsIn(new Scene(69).datagram(0, 'what is this'), rules), ['', '']);
});

/** A mail with an attachment, between a greeting and a farewell. */
const mailScene = (mail: readonly string[]): Scene =>
  new Scene(25)
    .handshake()
    .say(1, '220 mx.test ESMTP\r\n')
    .say(0, 'EHLO client.test\r\n')
    .say(1, '250 mx.test\r\n')
    .say(0, 'MAIL FROM:<a@b.test> SIZE=100\r\n')
    .say(1, '250 ok\r\n')
    .say(0, 'RCPT TO:<c@d.test>\r\n')
    .say(1, '250 ok\r\n')
    .say(0, 'RCPT TO:<e@f.test>\r\n')
    .say(1, '250 ok\r\n')
    .say(0, 'DATA\r\n')
    .say(1, '354 go\r\n')
    .say(0, [...mail, '.', ''].join('\r\n'))
    .say(1, '250 queued\r\n')
    .say(0, 'QUIT\r\n')
    .say(1, '221 bye\r\n')
    .segment(0, 17, 0, 0);

const MAIL = [
  ...['Received: from x by y', 'Received: from y by z', 'From: A <a@b.test>', 'To: c@d.test, e@f.test', 'Cc: g@h.test'],
  ...['Subject: Your invoice', 'Date: Mon, 1 Jan 2024', 'Message-ID: <1@b.test>', 'X-Mailer: mutt'],
  ...['Content-Type: multipart/mixed; boundary="b"', '', '--b', 'Content-Type: text/plain', ''],
  ...['see http://Evil.test/Run.exe now', '--b', 'Content-Type: application/zip; name="invoice.zip"'],
  ...['Content-Transfer-Encoding: base64', '', Buffer.from('PK the secret plan').toString('base64'), '--b--', ''],
];

t.test('what rules ask of mail, those of Suricata 8 as well', async (t) => {
  const asked = [
    'smtp.helo; content:"client.test"; bsize:11;',
    'smtp.mail_from; content:"<a@b.test>"; bsize:10;',
    'smtp.rcpt_to; content:"<e@f.test>";',
    'email.from; content:"A <a@b.test>"; bsize:12;',
    'email.to; content:"e@f.test"; endswith;',
    'email.cc; content:"g@h.test";',
    'email.subject; content:"Your invoice"; bsize:12;',
    'email.date; content:"Mon"; startswith;',
    'email.message_id; content:"<1@b.test>";',
    'email.x_mailer; content:"mutt";',
    'email.received; content:"from y by z";',
    'email.url; content:"evil.test/run.exe"; bsize:17;',
    'file.data; content:"PK"; startswith; content:"secret"; bsize:18;',
    'file.name; content:"invoice.zip";',
    'filename:"invoice"; fileext:"zip"; filesize:18;',
    'file.data; content:"Run.exe";',
    'email.subject; content:"your";',
    'app-layer-event:smtp.mime_parse_failed;',
  ];
  const found = alertsIn(
    mailScene(MAIL),
    asked.map((options) => `alert smtp any any -> any any (${options})`),
  );
  for (const [i, options] of asked.entries()) t.equal(found[i] !== '', i < asked.length - 3, options);
});

t.test('a file of a mail is looked at over any TCP protocol, and by its digest', async (t) => {
  const rules = [
    'alert tcp any any -> any any (file.data; content:"secret plan"; flow:to_server;)',
    'alert tcp any any -> any 25 (filesize:>10;)',
    'alert http any any -> any any (file.data; content:"secret plan";)',
  ];
  const found = alertsIn(mailScene(MAIL), rules);
  t.not(found[0], '');
  t.not(found[1], '');
  t.equal(found[2], '');
});
