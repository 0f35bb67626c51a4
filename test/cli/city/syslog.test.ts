import t from 'tap';
import { Violations } from '../../../cli/city/syslog.ts';
import { ByteWriter } from '../../../engine/base/index.ts';
import { type Attestation, encodeAttestation } from '../../../schemas/index.ts';

const TRUSTED: Attestation = {
  ...{
    device: 'roof-7',
    state: 'trusted',
    since: 1000,
    reason: 'proven',
    says: '',
    log: '',
    entry: 0,
    pcr: -1,
    path: '',
  },
  ...{ firmware: '2.1', provenAt: 1000, trustedUntil: 2000, failures: 0, transitions: 1, history: [] },
};
const QUARANTINED: Attestation = {
  ...TRUSTED,
  ...{
    state: 'quarantined',
    since: 5000,
    reason: 'file-changed',
    says: 'IMA entry 4, /bin/x: never so',
    transitions: 3,
  },
  ...{ log: 'ima', entry: 4, pcr: 10, path: '/bin/x' },
};

const record = (attestation: Attestation) => {
  const writer = new ByteWriter(64);
  encodeAttestation(writer, 1, attestation);
  return { timestampMs: 0, key: attestation.device, value: writer.take() };
};

void t.test('a loss of trust is told with its place, once, however often the record comes', async (t) => {
  const violations = new Violations();
  t.same(violations.messageOf(record(QUARANTINED)), {
    severity: 3,
    atMs: 5000,
    id: 'quarantined',
    data: { device: 'roof-7', reason: 'file-changed', log: 'ima', entry: '4', pcr: '10', path: '/bin/x' },
    text: 'roof-7 is quarantined: IMA entry 4, /bin/x: never so',
  });
  t.equal(violations.messageOf(record({ ...QUARANTINED, failures: 9 })), undefined);
  t.equal(violations.messageOf(record({ ...QUARANTINED, transitions: 4, state: 'revoked' }))?.severity, 1);
});

void t.test('a new device and its first proof are no news; to be trusted again is', async (t) => {
  const violations = new Violations();
  t.equal(violations.messageOf(record({ ...TRUSTED, state: 'unknown', transitions: 0 })), undefined);
  t.equal(violations.messageOf(record(TRUSTED)), undefined);
  const history = [{ at: 900, state: 'suspect', reason: 'evidence-missing', says: '' }] as const;
  const again = violations.messageOf(record({ ...TRUSTED, transitions: 3, history }));
  t.match(again, {
    severity: 5,
    id: 'trusted',
    text: 'roof-7 is trusted: proven',
    data: { device: 'roof-7', reason: 'proven' },
  });
  const after = new Violations().messageOf(record({ ...TRUSTED, transitions: 3, history, provenAt: 7000 }));
  t.equal(after, undefined, 'not again with each restart');
  t.equal(violations.messageOf({ timestampMs: 0, key: 'roof-7', value: null }), undefined);
});
