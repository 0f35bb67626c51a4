import t from 'tap';
import { unsignedFrom } from '../../../bridges/intake/index.ts';

void t.test('without a network nothing may come unsigned, from loopback neither', async (t) => {
  const isAllowed = unsignedFrom([]);
  for (const address of ['127.0.0.1', '::1', '10.0.0.1', undefined]) t.equal(isAllowed(address), false);
});

void t.test(
  'networks and single addresses of both families count, also where IPv4 arrives on an IPv6 socket',
  async (t) => {
    const isAllowed = unsignedFrom(['10.1.0.0/16', 'fd00:1::/32', '192.0.2.7']);
    for (const address of ['10.1.255.3', '::ffff:10.1.0.1', '::FFFF:192.0.2.7', 'fd00:1::5', '192.0.2.7']) {
      t.equal(isAllowed(address), true, address);
    }
    for (const address of ['10.2.0.1', '::ffff:10.2.0.1', 'fd00:2::1', '192.0.2.8', '', 'nonsense', undefined]) {
      t.equal(isAllowed(address), false, String(address));
    }
  },
);

void t.test('what is no network is refused by name', async (t) => {
  for (const cidr of [
    '',
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0/8',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'host',
    '10.0.0.0/-1',
  ]) {
    t.throws(() => unsignedFrom([cidr]), { code: 'CONFIG_INVALID', field: 'unsigned-from' }, cidr);
  }
});
