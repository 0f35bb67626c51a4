/** How TCP streams are followed; the defaults are those of Suricata's own configuration. */
const STREAM_POLICIES = ['bsd', 'windows', 'old-linux', 'linux', 'solaris', 'macos', 'first', 'last', 'vista'] as const;
export type StreamPolicy = (typeof STREAM_POLICIES)[number];

export interface StreamOptions {
  /** Sessions of which no handshake was seen are followed, too. */
  readonly midstream: boolean;
  /** Only one side of sessions is seen. */
  readonly asyncOneside: boolean;
  /** Bytes of each direction that are put together; 0: all. */
  readonly depthBytes: number;
  /** Of all streams together. */
  readonly memoryBytes: number;
  /** Bytes that rules wait for, by direction. */
  readonly chunkBytes: readonly [number, number];
  /** The target of a direction is whom its packets go to, by the version of IP. */
  readonly policy4: StreamPolicy;
  readonly policy6: StreamPolicy;
  /** What comes again is compared with what came before, whether rules ask for that or not. */
  readonly comparesOverlaps: boolean;
}

export const STREAM_DEFAULTS: StreamOptions = {
  midstream: false,
  asyncOneside: false,
  depthBytes: 1024 * 1024,
  memoryBytes: 256 * 1024 * 1024,
  chunkBytes: [2560, 2560],
  policy4: 'windows',
  policy6: 'bsd',
  comparesOverlaps: false,
};
