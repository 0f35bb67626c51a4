export {
  checkDeviceRecord,
  checkPlace,
  DEVICE_KEYS_MAX,
  type DeviceKey,
  type DevicePlace,
  type DeviceRecord,
  type DeviceState,
  decodeDeviceRecord,
  encodeDeviceRecord,
  IDENTITY_CHARS_MAX,
  isTimeZone,
  KEY_MODES,
  KEY_MODES_DEFAULT,
  type KeyMode,
  type KeyState,
} from './device-record.ts';
export { type DeviceFactsRecord, packDevice, packedCredential, unpackDevice } from './packed-device.ts';
