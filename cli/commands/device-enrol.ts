/**
 * `msec device enrol`: a device whose keys live in a TPM. Its maker's certificate and the proof come first; only then
 * does it get a certificate of its own and a row in the registry.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MsecError, systemClock, systemRandom } from '../../engine/base/index.ts';
import { answerChallenge, deviceKeys, endorsementKey, enrolmentRequest } from '../../firmware/provision/index.ts';
import { exportPublicKey } from '../../schemas/envelope/index.ts';
import { beginEnrolment, type EnrolledKeys, EnrolmentAuthority, makersOf } from '../../services/enrolment/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { type DeviceTpm, deviceTpm, fileOfFlag } from '../device-tpm.ts';
import { pcrsOf } from '../pcr-flag.ts';
import { note, paint, print, printJson } from '../terminal.ts';
import { withAdmin } from './log-access.ts';
import { settingsOf } from './settings.ts';

export interface EnrolFlags extends CommonFlags {
  readonly type: string;
  readonly identity: string;
  readonly zone?: string;
  readonly tpm?: string;
  readonly ekCa?: string;
  readonly pcrs?: string;
  readonly days: number;
  readonly out?: string;
}

interface EnrolmentView {
  readonly deviceId: string;
  readonly secrets: { readonly token: string | null; readonly keyId: string | null };
}

const DAYS_MAX = 3650;

export async function enrolDevice(flags: EnrolFlags, id: string): Promise<number> {
  const { config } = settingsOf(flags);
  if (flags.days < 1 || flags.days > DAYS_MAX)
    throw new MsecError('CONFIG_INVALID', `--days takes 1 to ${DAYS_MAX}.`, { field: 'days' });
  const makers = flags.ekCa === undefined ? undefined : fileOfFlag(flags.ekCa, 'ek-ca');
  const tpm = await deviceTpm({
    folder: join(config.data, 'swtpm'),
    say: note,
    ...(flags.tpm === undefined ? {} : { address: flags.tpm }),
  });
  let keys: EnrolledKeys;
  try {
    keys = await provedKeys(tpm, makers, flags);
  } finally {
    await tpm.close();
  }
  const folder = join(config.data, 'enrolment');
  const authority = EnrolmentAuthority.open(folder, systemClock.now(), systemRandom);
  const request = {
    deviceId: id,
    type: flags.type,
    identity: flags.identity,
    publicKey: exportPublicKey(keys.signing).toString('base64'),
    ...(flags.zone === undefined ? {} : { timeZone: flags.zone }),
  };
  const enrolled = (await withAdmin(config, (admin) => admin.add(request), { mayMake: true })) as EnrolmentView;
  const device = { deviceId: id, key: keys.signing, days: flags.days };
  const certificate = authority.certify(device, systemClock.now(), systemRandom) + authority.certificate;
  const file = flags.out ?? join(folder, `${id.replaceAll(':', '_')}.pem`);
  writeFileSync(file, certificate, { mode: 0o644 });
  tell(flags, enrolled, keys, file);
  return 0;
}

async function provedKeys(device: DeviceTpm, named: string | undefined, flags: EnrolFlags): Promise<EnrolledKeys> {
  const makers = named ?? device.makers;
  if (makers === null)
    throw new MsecError('CONFIG_INVALID', 'Name the certificates of the TPM’s maker with --ek-ca.', { field: 'ek-ca' });
  const tpm = await device.connect();
  try {
    const keys = await deviceKeys(tpm, pcrsOf(flags.pcrs));
    const endorsement = await endorsementKey(tpm);
    const pending = beginEnrolment(enrolmentRequest(endorsement, keys), {
      makers: makersOf(makers),
      nowMs: systemClock.now(),
      random: systemRandom,
    });
    return pending.check(await answerChallenge(tpm, endorsement, keys, pending.challenge));
  } finally {
    await tpm.close();
  }
}

function tell(flags: EnrolFlags, enrolled: EnrolmentView, keys: EnrolledKeys, file: string): void {
  const { deviceId, secrets } = enrolled;
  if (flags.json) {
    printJson({ ...enrolled, certificate: file, endorsementSerial: keys.endorsementSerial });
    return;
  }
  note(
    paint(
      'green',
      `${deviceId} is enrolled: its keys live in the TPM with the endorsement certificate ${keys.endorsementSerial}.`,
      process.stderr,
    ),
  );
  note('The token is shown once and stored nowhere; the private key never leaves the TPM:');
  if (secrets.token !== null) print(`token: ${secrets.token}`);
  if (secrets.keyId !== null) print(`key id: ${secrets.keyId}`);
  print(`certificate: ${file}`);
}
