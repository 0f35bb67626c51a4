/** Changes of devices and resends, as the admin API and the commands ask for them: checked JSON in, plain JSON out. */
import type { DeviceAdmin, Place } from '../../console/index.ts';
import { type Log, MsecError, resendLetter } from '../../engine/index.ts';
import { checkPlace, type DeviceKey, KEY_MODES_DEFAULT, type KeyMode } from '../../schemas/device/index.ts';
import type { FrameTypes } from '../../schemas/index.ts';
import type { HeldFrames } from '../../services/attestation/index.ts';
import type { DeviceService, Enrolment, NewDevice } from '../../services/devices/index.ts';
import { nearMiss } from '../near-miss.ts';

const LETTERS = '.dlq';

export interface DeviceAdminOptions {
  readonly devices: DeviceService;
  readonly held: HeldFrames;
  readonly log: Log;
  /** What a device may send, by name. */
  readonly types: FrameTypes;
}

export function deviceAdmin({ devices, held, log, types }: DeviceAdminOptions): DeviceAdmin {
  let turn: Promise<unknown> = Promise.resolve();
  return {
    async list(after, limit) {
      // One more tells whether there is more.
      const found = await devices.page(after, limit + 1);
      const page = found.slice(0, limit);
      const next = found.length > limit ? page.at(-1)!.deviceId : null;
      return { devices: page.map(publicRecord), next, total: devices.size };
    },
    add: async (request) => enrolmentView(await devices.add(withKnownType(newDevice(request), types))),
    change: async (action, device) => {
      // What ends a doubt about a key ends it about the token, too.
      if (action === 'rotate') return enrolmentView(await devices.rotate(device, { credential: true }));
      return publicRecord(await devices[action](device));
    },
    renew: async (device, request) =>
      enrolmentView(await devices.rotate(device, { ...renewal(request), keepsSessionKeys: true })),
    place: async (device, request) => {
      const { place } = (request ?? {}) as { readonly place?: unknown };
      return publicRecord(await devices.place(device, place === null ? null : checkPlace(place)));
    },
    decide: async (decision, device, request) => {
      await devices.known(device);
      return held.decide({ device, decision, ...decider(request) });
    },
    resend: (place) => {
      // One after another: the check that a letter has not gone yet and the sending must not overlap.
      const sending = turn.then(() => resend(log, place));
      turn = sending.catch(() => undefined);
      return sending;
    },
  };
}

async function resend(log: Log, { topic, partition, offset }: Place) {
  if (!topic.endsWith(LETTERS)) {
    throw new MsecError('REQUEST_INVALID', `${topic} holds no dead letters: their topics end in ${LETTERS}.`, {
      field: 'topic',
    });
  }
  const reader = log.openReader();
  try {
    const isSent = await resendLetter(log, reader, { topic: topic.slice(0, -LETTERS.length), partition, offset });
    return { topic, partition, offset, isSent };
  } finally {
    await reader.close();
  }
}

function decider(request: unknown): { readonly by: string; readonly why: string } {
  const { by, why } = (request ?? {}) as { readonly by?: unknown; readonly why?: unknown };
  for (const [field, value] of [
    ['by', by],
    ['why', why],
  ] as const)
    if (typeof value !== 'string' || value === '' || value.length > 500)
      throw new MsecError('REQUEST_INVALID', `${field} must be text of at most 500 characters`, { field });
  // The audit tells the two apart by this.
  if (by === 'policy') throw new MsecError('REQUEST_INVALID', 'by must not be policy', { field: 'by' });
  return { by: by as string, why: why as string };
}

type Record_ = Enrolment['record'];

/** Everything but hashes: nobody needs them outside. */
function publicRecord({
  deviceId,
  type,
  state,
  identity,
  timeZone,
  keys,
  credentialHash,
  attestationKey,
  place,
  batch,
  createdAtMs,
  resetCount,
  revision,
}: Record_) {
  return {
    deviceId,
    type,
    state,
    identity,
    timeZone,
    keys: keys.map(keyView),
    hasCredential: credentialHash !== null,
    hasAttestationKey: attestationKey !== undefined,
    ...(place === undefined ? {} : { place }),
    ...(batch === undefined ? {} : { batch }),
    createdAt: new Date(createdAtMs).toISOString(),
    resetCount,
    revision,
  };
}

function keyView({ keyId, publicKey, state, modes = KEY_MODES_DEFAULT, notBeforeMs, notAfterMs }: DeviceKey) {
  return {
    ...{ keyId, publicKey, state, modes },
    ...(notBeforeMs === undefined ? {} : { notBefore: new Date(notBeforeMs).toISOString() }),
    ...(notAfterMs === undefined ? {} : { notAfter: new Date(notAfterMs).toISOString() }),
  };
}

function enrolmentView({ record, secrets }: Enrolment) {
  return { ...publicRecord(record), secrets };
}

function withKnownType(device: NewDevice, types: FrameTypes): NewDevice {
  const type = types.byName(device.type);
  if (type !== null) {
    const { identity } = type;
    if (identity === null || new RegExp(identity.pattern).test(device.identity)) return device;
    throw new MsecError('DEVICE_INVALID', `the identity of ${device.type} ${identity.says}`, { field: 'identity' });
  }
  const known = types.all.map(({ name }) => name);
  const meant = nearMiss(device.type, known);
  throw new MsecError(
    'REQUEST_INVALID',
    `there is no frame type ${device.type}${meant === undefined ? '' : `, did you mean ${meant}?`} (known: ${known.join(', ')})`,
    { field: 'type' },
  );
}

function renewal(request: unknown): { readonly publicKey: Uint8Array; readonly notAfterMs?: number } {
  const { publicKey, notAfterMs } = (request ?? {}) as { readonly publicKey?: unknown; readonly notAfterMs?: unknown };
  if (typeof publicKey !== 'string' || publicKey === '')
    throw new MsecError('REQUEST_INVALID', 'publicKey must be text', { field: 'publicKey' });
  return {
    publicKey: Buffer.from(publicKey, 'base64'),
    // What it may be the device's record says.
    ...(notAfterMs === undefined ? {} : { notAfterMs: notAfterMs as number }),
  };
}

const FIELDS = new Set([
  'deviceId',
  'type',
  'identity',
  'timeZone',
  'publicKey',
  'sessionKey',
  'attestationKey',
  'place',
  'batch',
  'modes',
  'notBeforeMs',
  'notAfterMs',
  'credential',
]);

/** REQUEST_INVALID names the field; what a record may hold the service checks. */
function newDevice(request: unknown): NewDevice {
  const refuse = (field: string, says: string): never => {
    throw new MsecError('REQUEST_INVALID', `${field} ${says}`, { field });
  };
  if (typeof request !== 'object' || request === null || Array.isArray(request))
    return refuse('body', 'must be an object');
  const fields = request as Readonly<Record<string, unknown>>;
  for (const field of Object.keys(fields)) if (!FIELDS.has(field)) refuse(field, 'is not a field of a device');
  const text = (field: string): string => {
    const value = fields[field];
    return typeof value === 'string' && value !== '' ? value : refuse(field, 'must be text');
  };
  const { publicKey, sessionKey, attestationKey, modes, notBeforeMs, notAfterMs, credential, timeZone, place, batch } =
    fields;
  if (credential !== undefined && typeof credential !== 'boolean') refuse('credential', 'must be true or false');
  return {
    deviceId: text('deviceId'),
    type: text('type'),
    identity: text('identity'),
    ...(timeZone === undefined ? {} : { timeZone: text('timeZone') }),
    ...(publicKey === undefined ? {} : { publicKey: Buffer.from(text('publicKey'), 'base64') }),
    ...(sessionKey === undefined ? {} : { sessionKey: Buffer.from(text('sessionKey'), 'base64') }),
    ...(attestationKey === undefined ? {} : { attestationKey: Buffer.from(text('attestationKey'), 'base64') }),
    ...(place === undefined ? {} : { place: checkPlace(place) }),
    ...(batch === undefined ? {} : { batch: text('batch') }),
    // What they may be the device's record says.
    ...(modes === undefined ? {} : { modes: modes as readonly KeyMode[] }),
    ...(notBeforeMs === undefined ? {} : { notBeforeMs: notBeforeMs as number }),
    ...(notAfterMs === undefined ? {} : { notAfterMs: notAfterMs as number }),
    ...(credential === undefined ? {} : { credential: credential as boolean }),
  };
}
