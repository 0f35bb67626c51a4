export { hashToken, isToken, makeToken } from './credentials.ts';
export type { Enrolment, NewDevice, Rotation, Secrets } from './device-changes.ts';
export { DeviceService, type DeviceServiceOptions } from './device-service.ts';
