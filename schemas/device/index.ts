export {
  checkDeviceRecord,
  DEVICE_KEYS_MAX,
  type DeviceKey,
  type DeviceRecord,
  type DeviceState,
  decodeDeviceRecord,
  encodeDeviceRecord,
  IDENTITY_CHARS_MAX,
  isTimeZone,
  type KeyState,
} from './device-record.ts';
