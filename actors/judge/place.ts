/**
 * Puts what a device measured in one window to where it stands: into the cell in which it is judged, and as a witness into
 * those cells whose devices it may be a neighbour of. Cells are as wide as two radii, so that there are three of these at most.
 */
import type { ActorContext, ActorTask, RecordOf, ValuesDeclaration } from '../../engine/index.ts';
import { jsonCodec, values } from '../../engine/index.ts';
import type { DevicePlace } from '../../schemas/device/index.ts';
import type { DeviceTopics, JudgeTopics, Observation } from '../../schemas/topics/index.ts';

export interface PlaceOptions {
  /** How far a neighbour may be, in metres. */
  readonly radius: number;
}

type Inputs = Pick<JudgeTopics, 'devices'> & Pick<DeviceTopics, 'aggregates'>;
type Outputs = Pick<JudgeTopics, 'observations'>;

export const placeState: { readonly places: ValuesDeclaration<DevicePlace> } = { places: values(jsonCodec()) };

export type PlaceContext = ActorContext<Inputs, Outputs, typeof placeState>;

/** Of a degree of latitude. */
export const DEGREE_METRES = 111_320;

const encoder = new TextEncoder();

export class PlaceTask implements ActorTask<Inputs> {
  readonly #context: PlaceContext;
  readonly #radius: number;

  constructor(context: PlaceContext, { radius }: PlaceOptions) {
    this.#context = context;
    this.#radius = radius;
  }

  process(record: RecordOf<Inputs>): void {
    const { places } = this.#context.state;
    if (record.input === 'devices') {
      const { place, state } = record.value;
      if (place !== undefined && state === 'active') places.set(record.keyId, place);
      else places.delete(record.keyId);
      return;
    }
    const { device, type, windowStart, windowEnd, count, measures } = record.value;
    const place = places.get(record.keyId) ?? null;
    const observation = {
      ...{ device, type, place, windowStart, windowEnd, count },
      measures: measures.map(({ name, unit, count, mean }) => ({ name, unit, count, mean })),
    };
    const own = place === null ? `device ${device}` : cellOf(place, this.#radius);
    this.#emit(own, { ...observation, isWitness: false }, record.timestamp);
    if (place === null) return;
    for (const cell of cellsAround(place, this.#radius))
      if (cell !== own) this.#emit(cell, { ...observation, isWitness: true }, record.timestamp);
  }

  #emit(cell: string, observation: Observation, timestamp: number): void {
    this.#context.out.observations.emitKeyed(encoder.encode(cell), observation, timestamp);
  }
}

export function cellOf({ latitude, longitude }: DevicePlace, radius: number): string {
  const size = (2 * radius) / DEGREE_METRES;
  const row = Math.floor(latitude / size);
  return `cell ${row} ${Math.floor(longitude / columnWidth(row, size))}`;
}

/** A degree of longitude is the shorter, the nearer the pole; of a row all cells are of one width. */
function columnWidth(row: number, size: number): number {
  const nearerToPole = Math.max(Math.abs(row * size), Math.abs((row + 1) * size));
  return size / Math.max(Math.cos((Math.min(nearerToPole, 89) * Math.PI) / 180), 1e-3);
}

const STEPS = [-1, 0, 1] as const;

/** Those that a neighbour within the radius may stand in. */
export function cellsAround({ latitude, longitude }: DevicePlace, radius: number): ReadonlySet<string> {
  const cells = new Set<string>();
  const north = radius / DEGREE_METRES;
  const east = north / Math.max(Math.cos((Math.min(Math.abs(latitude) + north, 89) * Math.PI) / 180), 1e-3);
  for (const up of STEPS)
    for (const right of STEPS)
      cells.add(cellOf({ latitude: latitude + up * north, longitude: longitude + right * east }, radius));
  return cells;
}

/** In metres, on a plane that touches the earth at one of them: good for neighbours. */
export function distance(a: DevicePlace, b: DevicePlace): number {
  const north = (a.latitude - b.latitude) * DEGREE_METRES;
  const east = (a.longitude - b.longitude) * DEGREE_METRES * Math.cos((a.latitude * Math.PI) / 180);
  return Math.hypot(north, east);
}
