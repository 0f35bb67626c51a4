/**
 * How one provider may stand after its interactions and an operator's commands. Written from the rules of docs/trust.md, apart
 * from the actor. In which order the two came to the actor no log tells, so every order is followed; what was decided, refused
 * and published must be what one and the same of them gives.
 */
import type { JudgedStep } from './expected-scores.ts';

export interface StandingTerms {
  readonly below: number;
  readonly ratersMin: number;
  readonly forMs: number;
  readonly strikes: number;
}

export interface Stand {
  readonly standing: string;
  readonly since: number;
  readonly until: number | null;
  readonly blacklistings: number;
  /** null: the actor's own words. */
  readonly says: string | null;
}

export interface OrderedCommand {
  readonly id: string;
  readonly action: string;
  readonly by: string;
  readonly why: string;
  readonly at: number;
}

export interface FoundDecision extends OrderedCommand {
  readonly before: Stand;
  readonly after: Stand;
}

export interface FoundStanding {
  /** In their order. */
  readonly decisions: readonly FoundDecision[];
  /** Commands that went to the dead letters. */
  readonly refused: number;
  /** null where nothing is told of the provider. */
  readonly last: Stand | null;
}

interface World {
  readonly stand: Stand;
  /** Interactions when it came to stand so, and now; none: nobody knows the provider. */
  readonly from: number;
  readonly interactions: number;
  readonly decided: number;
  readonly refused: number;
}

const isSame = (must: Stand, is: Stand): boolean =>
  must.standing === is.standing &&
  must.since === is.since &&
  must.until === is.until &&
  must.blacklistings === is.blacklistings &&
  (must.says === null || must.says === is.says);

const isOut = ({ standing }: Stand): boolean => standing === 'blacklisted' || standing === 'permanent';

/** '' where it can be. `steps`: those of its partition; `name`: `trustee service`. */
export function wrongStanding(
  name: string,
  steps: readonly JudgedStep[],
  commands: readonly OrderedCommand[],
  terms: StandingTerms,
  found: FoundStanding,
): string {
  const normal = { standing: 'normal', since: 0, until: null, blacklistings: 0, says: '' };
  const start: World = { stand: normal, from: 0, interactions: 0, decided: 0, refused: 0 };
  /** By how many commands were done. */
  let worlds: World[][] = [[start], ...commands.map(() => [])];
  const follow = (): void => {
    for (let j = 0; j < commands.length; j++) {
      const after = worlds[j]!.flatMap((world) => ordered(world, commands[j]!, found.decisions));
      worlds[j + 1] = distinct([...worlds[j + 1]!, ...after]);
    }
  };
  follow();
  for (const step of steps) {
    const isOwn = step.provider === name;
    if (!isOwn && step.advancedTo === null) continue;
    const gone = step.forgotten.get(name) ?? [];
    worlds = worlds.map((some) =>
      some.map((world) => gone.reduce(lost, passed(isOwn ? judged(world, step, terms) : world, step))),
    );
    follow();
  }
  const last = worlds[commands.length]!;
  const { decisions, refused } = found;
  const isRight = last.some(
    (world) =>
      world.decided === decisions.length &&
      world.refused === refused &&
      (isUnknown(world) ? found.last === null : found.last !== null && isSame(world.stand, found.last)),
  );
  if (isRight) return '';
  return `${name} stands as ${JSON.stringify(found)}, could as ${JSON.stringify(last)} after ${JSON.stringify(commands)}`;
}

/** Nothing is known of it, and it stands as everybody does. */
const isUnknown = ({ interactions, stand }: World): boolean => interactions === 0 && stand.standing === 'normal';

/** A pair of so many interactions is forgotten. */
const lost = (world: World, count: number): World => ({
  ...world,
  interactions: world.interactions - count,
  from: Math.max(0, world.from - count),
});

function judged(world: World, { receivedMs, known }: JudgedStep, terms: StandingTerms): World {
  const { trust, smallMean, raters, interactions } = known!;
  const { stand } = world;
  const now = { ...world, interactions };
  if (isOut(stand)) return now;
  const isBad = smallMean < terms.below && (stand.standing === 'reintegrated' || trust < terms.below);
  if (!isBad || raters < terms.ratersMin || interactions - world.from < terms.ratersMin) return now;
  const blacklistings = stand.blacklistings + 1;
  const isForGood = blacklistings >= terms.strikes;
  const until = isForGood ? null : receivedMs + terms.forMs * 2 ** (blacklistings - 1);
  const standing = isForGood ? 'permanent' : 'blacklisted';
  return { ...now, from: interactions, stand: { standing, since: receivedMs, until, blacklistings, says: null } };
}

function passed(world: World, { advancedTo }: JudgedStep): World {
  const { until, blacklistings } = world.stand;
  if (until === null || advancedTo === null || until > advancedTo) return world;
  const stand = { standing: 'reintegrated', since: until, until: null, blacklistings, says: null };
  return { ...world, from: world.interactions, stand };
}

/** None where the world is not one that can have been. */
function ordered(world: World, command: OrderedCommand, decisions: readonly FoundDecision[]): World[] {
  const { stand, interactions, decided } = world;
  const { id, action, by, why, at } = command;
  if (decisions.slice(0, decided).some((one) => one.id === id)) return [world];
  const isUnchanged = action === 'ban' ? stand.standing === 'permanent' : !isOut(stand);
  if (isUnknown(world) || isUnchanged) return [{ ...world, refused: world.refused + 1 }];
  const word = action === 'ban' ? 'banned' : action === 'grant' ? 'appeal granted' : 'appeal refused';
  const says = `${word} by ${by}: ${why}`;
  const blacklistings = stand.blacklistings + (action === 'ban' ? 1 : 0);
  const standing = action === 'ban' ? 'permanent' : 'reintegrated';
  const after = action === 'refuse' ? { ...stand, says } : { standing, since: at, until: null, blacklistings, says };
  const decision = decisions[decided];
  const isTold =
    decision !== undefined &&
    decision.id === id &&
    decision.action === action &&
    decision.by === by &&
    decision.why === why &&
    decision.at === at &&
    isSame(stand, decision.before) &&
    isSame(after, decision.after);
  if (!isTold) return [];
  return [{ ...world, stand: after, from: action === 'refuse' ? world.from : interactions, decided: decided + 1 }];
}

function distinct(worlds: readonly World[]): World[] {
  return [...new Map(worlds.map((world) => [JSON.stringify(world), world])).values()];
}
