/** Places on the Earth as points of the unit sphere: near is a subtraction, for a hundred thousand of them. */
export interface Place {
  /** Degrees; south and west are negative. */
  readonly latitude: number;
  readonly longitude: number;
}

const EARTH_RADIUS_M = 6_371_008.8;
const RADIANS = Math.PI / 180;

export interface SpherePoint {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

export function pointOf({ latitude, longitude }: Place): SpherePoint {
  const radius = Math.cos(latitude * RADIANS);
  return {
    x: radius * Math.cos(longitude * RADIANS),
    y: radius * Math.sin(longitude * RADIANS),
    z: Math.sin(latitude * RADIANS),
  };
}

/** Of the straight line between two points: grows with the way over the ground. */
export function chordSquared(distanceM: number): number {
  const half = Math.min(Math.PI / 2, distanceM / (2 * EARTH_RADIUS_M));
  return (2 * Math.sin(half)) ** 2;
}

export function distanceOf(squared: number): number {
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(squared) / 2));
}
