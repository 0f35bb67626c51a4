/** How a party stands for a service, and what operators have decided of it; an operator answers its appeal, or bans it. */
import { byId, element, reconcile, setHidden, setText } from './dom.js';
import { ago, isoTime } from './format.js';
import { asOperator, decide, isOperator, onOperator } from './operator.js';

const WORDS = {
  normal: 'stands as everybody does',
  reintegrated: 'is reintegrated',
  blacklisted: 'is blacklisted',
  permanent: 'is blacklisted for good',
};
const DECIDED = { grant: 'appeal granted', refuse: 'appeal refused', ban: 'banned' };

export function standingView(changed) {
  const [says, acts, grant, refuse, ban, trouble, list] = [
    'standing-says',
    'standing-acts',
    'standing-grant',
    'standing-refuse',
    'standing-ban',
    'standing-trouble',
    'standing-decisions',
  ].map(byId);
  let shown = null;

  const order = (action, title, button) => () => {
    const { service, party } = shown;
    void decide({
      ...{ title, button },
      says: `${party} ${WORDS[standingOf(shown)]} for ${service}. Your name and your reason go into trust.decisions, which is kept for ever.`,
      run: async ({ by, why }) => {
        const path = `/api/reputation/${encodeURIComponent(service)}/${encodeURIComponent(party)}/standing`;
        const answer = await asOperator(path, { method: 'POST', body: { action, by, why } });
        const done = answer.after === null ? 'It is ordered; the engine has not done it yet.' : 'It is done.';
        setText(trouble, done);
        setHidden(trouble, false);
        changed();
      },
    });
  };
  grant.addEventListener('click', order('grant', 'Grant the appeal?', 'Grant it'));
  refuse.addEventListener('click', order('refuse', 'Refuse the appeal?', 'Refuse it'));
  ban.addEventListener('click', order('ban', 'Blacklist it for good?', 'Ban it'));

  const render = () => {
    if (shown === null) return;
    const { stands, decisions, standing } = shown;
    const now = standingOf(shown);
    const isOut = now === 'blacklisted' || now === 'permanent';
    const until = stands?.until ? `, until ${isoTime(stands.until)}` : '';
    setText(
      says,
      stands === null
        ? ''
        : `It ${WORDS[now]} since ${isoTime(stands.since)}${until}${stands.says === '' ? '' : `: ${stands.says}`}`,
    );
    setHidden(says, stands === null);
    setHidden(acts, standing === null || !isOperator());
    setHidden(grant, !isOut);
    setHidden(refuse, !isOut);
    setHidden(ban, now === 'permanent');
    setHidden(byId('standing-decisions-title'), decisions.length === 0);
    reconcile(
      list,
      decisions,
      ({ id }) => id,
      ({ at }) => element('li', {}, element('time', { class: 'muted', title: isoTime(at) }), element('span')),
      (row, { at, action, by, why }) => {
        setText(row.firstElementChild, ago(Date.now() - at));
        setText(row.lastElementChild, `${DECIDED[action]} by ${by}: ${why}`);
      },
    );
  };
  onOperator(render);
  return {
    show(found) {
      if (found.party !== shown?.party || found.service !== shown?.service) setHidden(trouble, true);
      shown = found;
      render();
    },
  };
}

/** A device that is not trusted is out as well, and no appeal changes that. */
const standingOf = ({ stands }) => stands?.standing ?? 'normal';
