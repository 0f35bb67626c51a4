/**
 * `msec device enrol` and `renew`: a device whose keys live in a TPM. Its maker's certificate and the proof come first; only
 * then it gets a certificate of its own, and a row in the registry or a new key in the one that it has.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceAdmin } from '../../console/index.ts';
import { MsecError, systemClock, systemRandom } from '../../engine/base/index.ts';
import { type DeviceKeys, deviceKeys, keepSigningKey, renewedSigningKey } from '../../firmware/provision/index.ts';
import type { Tpm } from '../../firmware/tpm/index.ts';
import { type EnrolledKeys, EnrolmentAuthority } from '../../services/enrolment/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { fileOfFlag, tpmOfFlags } from '../device-tpm.ts';
import { pcrsOf } from '../pcr-flag.ts';
import { placeOf } from '../place-flag.ts';
import { note, paint, print, printJson } from '../terminal.ts';
import { certificateOf, type KeyedRow, keyedRow, provedKeys } from '../tpm-enrolment.ts';
import { withAdmin } from './log-access.ts';
import { settingsOf } from './settings.ts';

export interface RenewFlags extends CommonFlags {
  readonly tpm?: string;
  readonly ekCa?: string;
  readonly pcrs?: string;
  readonly days: number;
  readonly out?: string;
}

export interface EnrolFlags extends RenewFlags {
  readonly type: string;
  readonly identity: string;
  readonly zone?: string;
  readonly at?: string;
  readonly batch?: string;
}

interface EnrolmentView {
  readonly deviceId: string;
  readonly secrets: { readonly token: string | null; readonly keyId: string | null };
}

const DAYS_MAX = 3650;

export function enrolDevice(flags: EnrolFlags, id: string): Promise<number> {
  const row = {
    deviceId: id,
    type: flags.type,
    identity: flags.identity,
    ...(flags.zone === undefined ? {} : { timeZone: flags.zone }),
    ...(flags.at === undefined ? {} : { place: placeOf(flags.at) }),
    ...(flags.batch === undefined ? {} : { batch: flags.batch }),
  };
  return withProvedKeys(flags, id, 'is enrolled', async (_tpm, keys, prove) => ({
    proved: await prove(keys),
    change: (admin, keyed) => admin.add({ ...row, ...keyed }),
    keep: async () => undefined,
  }));
}

/** The old key signs until the registry has taken the new one. */
export function renewDevice(flags: RenewFlags, id: string): Promise<number> {
  return withProvedKeys(flags, id, 'has a new signing key', async (tpm, keys, prove) => {
    const renewed = await renewedSigningKey(tpm, keys);
    return {
      proved: await prove(renewed),
      change: (admin, { publicKey, notAfterMs }) => admin.renew(id, { publicKey, notAfterMs }),
      keep: async () => void (await keepSigningKey(tpm, renewed)),
    };
  });
}

interface Proved {
  readonly proved: EnrolledKeys;
  /** Of the registry. */
  change(admin: DeviceAdmin, keyed: KeyedRow): Promise<unknown>;
  /** What the TPM does once the registry has the key. */
  keep(): Promise<void>;
}

async function withProvedKeys(
  flags: RenewFlags,
  id: string,
  done: string,
  run: (tpm: Tpm, keys: DeviceKeys, prove: (keys: DeviceKeys) => Promise<EnrolledKeys>) => Promise<Proved>,
): Promise<number> {
  const { config } = settingsOf(flags);
  if (flags.days < 1 || flags.days > DAYS_MAX)
    throw new MsecError('CONFIG_INVALID', `--days takes 1 to ${DAYS_MAX}.`, { field: 'days' });
  const named = flags.ekCa === undefined ? undefined : fileOfFlag(flags.ekCa, 'ek-ca');
  const device = await tpmOfFlags(flags, config.data);
  try {
    const makers = named ?? device.makers;
    if (makers === null)
      throw new MsecError('CONFIG_INVALID', 'Name the certificates of the TPM’s maker with --ek-ca.', {
        field: 'ek-ca',
      });
    const tpm = await device.connect();
    try {
      const keys = await deviceKeys(tpm, pcrsOf(flags.pcrs));
      const { proved, change, keep } = await run(tpm, keys, (given) => provedKeys(tpm, given, makers));
      const authority = EnrolmentAuthority.open(join(config.data, 'enrolment'), systemClock.now(), systemRandom);
      const keyed = keyedRow(proved, keys, flags.days);
      const changed = await withAdmin(config, (admin) => change(admin, keyed), { mayMake: true });
      await keep();
      const certificate = certificateOf(authority, id, proved, flags.days);
      const file = flags.out ?? join(config.data, 'enrolment', `${id.replaceAll(':', '_')}.pem`);
      writeFileSync(file, certificate, { mode: 0o644 });
      tell(flags, changed as EnrolmentView, done, proved, file);
      return 0;
    } finally {
      await tpm.close();
    }
  } finally {
    await device.close();
  }
}

function tell(flags: CommonFlags, view: EnrolmentView, done: string, keys: EnrolledKeys, file: string): void {
  const { deviceId, secrets } = view;
  if (flags.json) {
    printJson({ ...view, certificate: file, endorsementSerial: keys.endorsementSerial });
    return;
  }
  const where = `its keys live in the TPM with the endorsement certificate ${keys.endorsementSerial}`;
  note(paint('green', `${deviceId} ${done}: ${where}.`, process.stderr));
  if (secrets.token !== null) {
    note('The token is shown once and stored nowhere; the private key never leaves the TPM:');
    print(`token: ${secrets.token}`);
  }
  if (secrets.keyId !== null) print(`key id: ${secrets.keyId}`);
  print(`certificate: ${file}`);
}
