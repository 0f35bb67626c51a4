/**
 * The page: one stream of events in, the views out. What is shown is always either live or marked as old: when the
 * connection is gone, or statuses stop coming, the page says so and fades what it shows.
 */
import { chartView } from './chart.js';
import { detectionView } from './detection.js';
import { byId, setHidden, setText } from './dom.js';
import { figuresView } from './figures.js';
import { duration, plural } from './format.js';
import { healthView } from './health.js';
import { lettersView } from './letters.js';
import { operatorView } from './operator.js';
import { readingsView } from './readings.js';
import { reputationView } from './reputation.js';
import { topologyView } from './topology.js';
import { trustView } from './trust.js';

const STALE_MS = 3_500;

const views = {
  figures: figuresView(byId('figures')),
  topology: topologyView(byId('flow')),
  readings: readingsView(),
  chart: chartView(),
  letters: lettersView(),
  health: healthView(),
  trust: trustView(),
  detection: detectionView(),
  reputation: reputationView(),
};
operatorView();

let topics = null;
let status = null;
let heardAt = 0;
let isOpen = false;
let isLeaving = false;

function takeStatus(next) {
  status = next;
  heardAt = performance.now();
  if (topics !== null && next.flow !== undefined) {
    views.figures.update(next, topics);
    views.topology.update(next);
    views.readings.tick(next, topics);
    views.chart.tick(next, topics);
    views.letters.tick(next);
    views.health.tick(next);
    views.detection.tick();
    views.reputation.tick();
  }
  renderState();
}

function takeSnapshot(snapshot) {
  isLeaving = false;
  if (snapshot.topology === undefined) return takeStatus(snapshot);
  topics = snapshot.topics;
  views.topology.show(snapshot.topology);
  views.readings.show(snapshot.kinds, snapshot.readings);
  views.chart.show(snapshot.kinds, snapshot.windows);
  views.letters.show(snapshot.letters);
  void views.trust.ask();
  views.detection.show(snapshot.hasDetection === true);
  views.reputation.show(snapshot.hasReputation === true);
  takeStatus(snapshot.status);
}

function stateNow() {
  if (!isOpen) return isLeaving ? ['gone', 'Stopped'] : ['gone', heardAt === 0 ? 'Connecting' : 'Disconnected'];
  if (status === null || status.state === 'starting') return ['waiting', 'Starting'];
  if (performance.now() - heardAt > STALE_MS) return ['stale', 'No news'];
  if (status.state !== 'running') return ['waiting', status.state === 'draining' ? 'Draining' : 'Stopped'];
  const halted = status.tasks.filter((task) => task.state !== 'running' && task.state !== 'elsewhere');
  if (halted.length > 0) return ['stale', `${plural(halted.length, 'task')} not running`];
  return ['live', 'Live'];
}

function renderState() {
  const [state, text] = stateNow();
  const box = byId('state');
  if (box.dataset.state !== state) box.dataset.state = state;
  setText(byId('state-text'), text);
  document.body.classList.toggle('old', state === 'gone' || text === 'No news');
  document.title = state === 'live' ? 'msec' : `${text} · msec`;
  setText(byId('version'), status?.version ?? '');
  setText(
    byId('uptime'),
    status?.startedAt === undefined || !isOpen ? '' : `up ${duration((status.now ?? Date.now()) - status.startedAt)}`,
  );
  const notice = byId('notice');
  const paused = status?.tasks?.find((task) => task.pausedBecause !== null);
  const words =
    state === 'gone' && heardAt !== 0
      ? `${isLeaving ? 'msec has stopped.' : 'The connection is lost.'} What you see is ${duration(performance.now() - heardAt)} old. This page connects again by itself.`
      : text === 'No news'
        ? `Connected, but nothing new for ${duration(performance.now() - heardAt)}.`
        : (status?.feedFailure ??
          (paused === undefined ? '' : `Task ${paused.task} is paused: ${paused.pausedBecause}`));
  setText(notice, words);
  setHidden(notice, words === '');
}

function connect() {
  const source = new EventSource('/events');
  const on = (event, take) =>
    source.addEventListener(event, ({ data }) => {
      take(JSON.parse(data));
    });
  source.addEventListener('open', () => {
    isOpen = true;
    renderState();
  });
  source.addEventListener('error', () => {
    isOpen = false;
    renderState();
    // The browser gives up for good on some errors (a refused connection in the middle of a restart): then anew.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 1_000);
  });
  on('snapshot', takeSnapshot);
  on('status', takeStatus);
  on('readings', (readings) => views.readings.add(readings));
  on('letters', (letters) => views.letters.add(letters));
  on('windows', (windows) => views.chart.arrived(windows));
  on('trust', () => void views.trust.ask());
  on('alerts', () => views.detection.ask());
  on('bye', () => {
    isLeaving = true;
  });
}

const THEMES = ['auto', 'light', 'dark'];
function applyTheme(theme) {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  byId('theme').title = `Colours: ${theme}`;
  views.chart.restyle();
  views.reputation.restyle();
}
byId('theme').addEventListener('click', () => {
  const isDark =
    getComputedStyle(document.documentElement).colorScheme === 'dark' ||
    (document.documentElement.dataset.theme === undefined && matchMedia('(prefers-color-scheme: dark)').matches);
  const next = isDark ? 'light' : 'dark';
  localStorage.setItem('msec-theme', next);
  applyTheme(next);
});
const kept = localStorage.getItem('msec-theme');
applyTheme(THEMES.includes(kept) ? kept : 'auto');

setInterval(renderState, 500);
connect();
