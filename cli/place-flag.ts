/** `--at LATITUDE,LONGITUDE`, as maps show it and people copy it. */
import type { DevicePlace } from '../schemas/device/index.ts';
import { UsageError } from './terminal.ts';

export const AT_FLAG = [
  '--at <place>',
  'where it stands: latitude,longitude in degrees, e.g. 40.4168,-3.7038',
] as const;

const NUMBER = String.raw`[+-]?\d{1,3}(?:\.\d{1,12})?`;
const PLACE = new RegExp(`^(${NUMBER})\\s*,\\s*(${NUMBER})$`);

export function placeOf(text: string | undefined): DevicePlace | undefined {
  if (text === undefined) return undefined;
  const found = PLACE.exec(text.trim());
  const [latitude, longitude] = [Number(found?.[1]), Number(found?.[2])];
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180))
    throw new UsageError(`--at takes a latitude from -90 to 90 and a longitude from -180 to 180, not "${text}"`);
  return { latitude, longitude };
}

/** 40.4168° N, 3.7038° W */
export function placeText({ latitude, longitude }: DevicePlace): string {
  const side = (degrees: number, plus: string, minus: string) => `${Math.abs(degrees)}° ${degrees < 0 ? minus : plus}`;
  return `${side(latitude, 'N', 'S')}, ${side(longitude, 'E', 'W')}`;
}
