import fc from 'fast-check';
import t from 'tap';
import { alertView } from '../../../cli/city/page-alerts.ts';

const recordOf = (eve: unknown, key = 'eth0/3') => ({
  ...{ topic: 'ids.alerts', partition: 1, offset: 9, timestamp: 0, headers: [] },
  key: Buffer.from(key),
  value: Buffer.from(typeof eve === 'string' ? eve : JSON.stringify(eve)),
});

const EVE = {
  timestamp: '2026-11-26T19:18:27.123456+0200',
  event_type: 'alert',
  src_ip: '10.0.0.1',
  src_port: 4711,
  dest_ip: '2001:db8::1',
  dest_port: 80,
  proto: 'TCP',
  app_proto: 'http',
  alert: {
    action: 'blocked',
    gid: 1,
    signature_id: 5,
    rev: 2,
    signature: 'x',
    category: 'y',
    severity: 2,
    rule_set: 'city 3',
  },
};

t.test('an EVE record is shown with few fields, and lanes of a place are one place', async (t) => {
  t.same(alertView(recordOf(EVE)), {
    ...{ topic: 'ids.alerts', partition: 1, offset: 9, time: Date.UTC(2026, 10, 26, 17, 18, 27, 123), place: 'eth0' },
    ...{ gid: 1, sid: 5, rev: 2, signature: 'x', category: 'y', severity: 2, isBlocked: true, ruleSet: 'city 3' },
    ...{ protocol: 'TCP', application: 'http', from: '10.0.0.1:4711', to: '[2001:db8::1]:80' },
  });
});

t.test('a drop without a rule, and a packet without ports', async (t) => {
  const { alert: _alert, app_proto: _app, src_port: _src, dest_port: _dest, ...rest } = EVE;
  t.match(alertView(recordOf(rest, 'gw-1')), {
    sid: 0,
    signature: '',
    place: 'gw-1',
    from: '10.0.0.1',
    application: '',
  });
});

t.test(
  'values of another kind than they should have become none of theirs, and what is no record throws',
  async (t) => {
    const odd = { ...EVE, alert: { signature_id: 'a', signature: 7, severity: null }, src_ip: {}, dest_port: '80' };
    t.match(alertView(recordOf(odd)), { sid: 0, signature: '', severity: 0, from: ':4711', to: '2001:db8::1' });
    t.equal(alertView({ ...recordOf(EVE), value: null }), null);
    t.throws(() => alertView(recordOf('{')));
    t.throws(() => alertView(recordOf({})), { code: 'VALUE_INVALID' });
  },
);

t.test(
  'whatever JSON a record holds, what is shown has the kinds that the page expects, or nothing is shown',
  async (t) => {
    let shown = 0;
    const text = fc.oneof(fc.string({ maxLength: 600 }), fc.jsonValue());
    const about = fc.dictionary(fc.constantFrom(...Object.keys(EVE.alert), 'other'), text);
    const record = fc.record({
      timestamp: fc.oneof(fc.constant(EVE.timestamp), text),
      alert: fc.oneof(about, fc.jsonValue()),
      ...{
        src_ip: text,
        src_port: fc.jsonValue(),
        dest_ip: text,
        dest_port: fc.jsonValue(),
        proto: text,
        app_proto: text,
      },
    });
    fc.assert(
      fc.property(fc.oneof(record, fc.jsonValue()), (eve) => {
        let alert: ReturnType<typeof alertView>;
        try {
          alert = alertView(recordOf(JSON.stringify(eve)));
        } catch {
          // It is counted, and passed over.
          return;
        }
        shown++;
        for (const [name, value] of Object.entries(alert ?? {})) {
          const isNumber = ['partition', 'offset', 'time', 'gid', 'sid', 'rev', 'severity'].includes(name);
          const kind = isNumber ? 'number' : name === 'isBlocked' ? 'boolean' : 'string';
          if (typeof value !== kind || (typeof value === 'string' && value.length > 510))
            throw new Error(`${name}: ${value}`);
        }
      }),
      { numRuns: 2_000 },
    );
    t.ok(shown > 100, `${shown}`);
  },
);
