/**
 * Where devices are, for a picture: each by itself where there is room, many in one place as a cluster that says how many of
 * each state, so that the picture stays as small as a screen is. Degrees of WGS 84; east may be beyond 180, where the
 * devices lie on both sides of the date line.
 */
export interface MapPlace {
  readonly latitude: number;
  readonly longitude: number;
}

export interface MapBounds {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

export interface Located<S extends string> extends MapPlace {
  readonly device: string;
  readonly state: S;
}

export interface MapCluster<S extends string> extends MapPlace {
  readonly count: number;
  readonly states: Readonly<Partial<Record<S, number>>>;
  readonly bounds: MapBounds;
  /** Of those that no closer look would tell apart, the first; else none. */
  readonly devices: readonly Pick<Located<S>, 'device' | 'state'>[];
}

export interface MapView<S extends string> {
  readonly bounds: MapBounds;
  readonly points: readonly Located<S>[];
  readonly clusters: readonly MapCluster<S>[];
}

/** Two marks of a screen in one cell would lie over each other; a picture is about twice as wide as it is high. */
const COLUMNS = 24;
const ROWS = 12;
/** A single device, or many in one place, are seen with some way around them: about 100 m. */
const SPAN_MIN = 0.001;
/** No closer look would tell these apart. */
const ONE_PLACE = 0.4 * SPAN_MIN;
const MARGIN = 0.06;
const DEVICES_SHOWN = 100;

/** Null where nobody has a place. `within` looks closer at a part. */
export function mapOf<S extends string>(all: readonly Located<S>[], within: MapBounds | null): MapView<S> | null {
  if (all.length === 0) return null;
  const shift = isAcross(all) ? 360 : 0;
  const moved =
    shift === 0 ? all : all.map((one) => (one.longitude < 0 ? { ...one, longitude: one.longitude + 360 } : one));
  const bounds = widened(within ?? boundsOf(moved));
  const cells = new Map<number, Located<S>[]>();
  const [width, height] = [(bounds.east - bounds.west) / COLUMNS, (bounds.north - bounds.south) / ROWS];
  for (const one of moved) {
    const { latitude, longitude } = one;
    if (longitude < bounds.west || longitude > bounds.east || latitude < bounds.south || latitude > bounds.north)
      continue;
    // A pole is the picture's edge.
    const column = Math.min(COLUMNS - 1, Math.floor((longitude - bounds.west) / width));
    const row = Math.min(ROWS - 1, Math.floor((latitude - bounds.south) / height));
    const cell = cells.get(row * COLUMNS + column);
    if (cell === undefined) cells.set(row * COLUMNS + column, [one]);
    else cell.push(one);
  }
  const points: Located<S>[] = [];
  const clusters: MapCluster<S>[] = [];
  for (const { members } of groups([...cells.values()], width, height)) {
    if (members.length === 1) points.push(members[0]!);
    else clusters.push(clusterOf(members));
  }
  return { bounds, points, clusters };
}

interface Group<S extends string> extends MapPlace {
  readonly members: readonly Located<S>[];
}

/** What lies on both sides of a cell's edge belongs together: marks keep a cell's width apart. */
function groups<S extends string>(
  cells: readonly (readonly Located<S>[])[],
  width: number,
  height: number,
): Group<S>[] {
  const all: Group<S>[] = [];
  for (const members of [...cells].sort((a, b) => b.length - a.length)) {
    const { latitude, longitude } = middleOf(members);
    const at = all.findIndex(
      (group) => Math.hypot((group.longitude - longitude) / width, (group.latitude - latitude) / height) < 1,
    );
    if (at < 0) all.push({ members, latitude, longitude });
    else {
      const joined = [...all[at]!.members, ...members];
      all[at] = { members: joined, ...middleOf(joined) };
    }
  }
  return all;
}

function middleOf(all: readonly MapPlace[]): MapPlace {
  let [latitude, longitude] = [0, 0];
  for (const one of all) {
    latitude += one.latitude / all.length;
    longitude += one.longitude / all.length;
  }
  return { latitude, longitude };
}

function clusterOf<S extends string>(cell: readonly Located<S>[]): MapCluster<S> {
  const states: Partial<Record<S, number>> = {};
  for (const one of cell) states[one.state] = (states[one.state] ?? 0) + 1;
  const bounds = boundsOf(cell);
  const isOnePlace = Math.max(bounds.east - bounds.west, bounds.north - bounds.south) < ONE_PLACE;
  const devices = isOnePlace ? cell.slice(0, DEVICES_SHOWN).map(({ device, state }) => ({ device, state })) : [];
  return { ...middleOf(cell), count: cell.length, states, bounds, devices };
}

function boundsOf(all: readonly MapPlace[]): MapBounds {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { latitude, longitude } of all) {
    [west, east] = [Math.min(west, longitude), Math.max(east, longitude)];
    [south, north] = [Math.min(south, latitude), Math.max(north, latitude)];
  }
  return { west, south, east, north };
}

/** Whether they span less of the earth across the date line than across Greenwich. */
function isAcross(all: readonly MapPlace[]): boolean {
  const { west, east } = boundsOf(all);
  if (east - west <= 180) return false;
  const moved = all.map(({ latitude, longitude }) => ({
    latitude,
    longitude: longitude < 0 ? longitude + 360 : longitude,
  }));
  const other = boundsOf(moved);
  return other.east - other.west < east - west;
}

function widened({ west, south, east, north }: MapBounds): MapBounds {
  const around = (low: number, high: number, most: number): [number, number] => {
    const span = Math.max(high - low, SPAN_MIN);
    const middle = (low + high) / 2;
    const half = (span / 2) * (1 + 2 * MARGIN);
    return [Math.max(middle - half, -most), Math.min(middle + half, most)];
  };
  const [left, right] = around(west, east, 540);
  const [bottom, top] = around(south, north, 90);
  return { west: left, south: bottom, east: right, north: top };
}
