import { ask, Refused } from '../app/net.js';

/**
 * One stream of the server's events for all tabs of this browser: HTTP/1.1 gives a browser six connections to a host, and the server a
 * user eight streams. Whoever holds the lock reads it and passes on what comes; when their tab goes, the next one has the lock. A
 * browser without locks or channels reads in each tab.
 *
 * The server writes at least once a second to a page. A tab that hears nothing for `doubt` asks; with no answer by `lost` it says that there
 * is no connection, whatever the socket says: a server that is frozen, or a network that swallows, closes nothing. That is within 3 s, and
 * a slow network has 800 ms for its answer.
 * reach is told again and again.
 * @typedef {{changed: () => void, reach: (there: boolean) => void, live?: (live: boolean) => void}} Hearer
 */
const doubt = 1_500, lost = 2_300, tick = 250;

/** A stream that brings nothing while the server answers is held up on its way (a proxy that gathers): then each tab reads by itself. */
const held = 8_000, poll = 10_000;

const pause = (/** @type {number} */ ms) => new Promise((r) => setTimeout(r, ms));

/** follow hears until it is stopped. @param {Record<string, string>} headers @param {Hearer} to @returns {() => void} how to stop it */
export const follow = (headers, to) => {
  const stop = new AbortController(), over = () => stop.signal.aborted;
  const channel = 'BroadcastChannel' in self ? new BroadcastChannel('doorstep-events') : null;
  let there = true, live = false, cursor = '', soon = 0, heardAt = performance.now(), fedAt = heardAt, asking = false, ticked = heardAt, polled = heardAt;
  /** @type {AbortController | null} */
  let reading = null;

  const reaches = (/** @type {boolean} */ now) => to.reach(there = now);
  const lives = (/** @type {boolean} */ now) => { if (now !== live) to.live?.(live = now); };
  const later = () => { soon ||= window.setTimeout(() => { soon = 0; if (!over()) to.changed(); }, 100); };
  const fed = () => { heardAt = fedAt = performance.now(); lives(true); reaches(true); };

  const line = (/** @type {string} */ text) => {
    if (text.startsWith('id:')) cursor = text.slice(3).trim();
    if (!text.startsWith('event: ')) return;
    channel?.postMessage('change');
    later();
  };
  // The line is taken up where it broke, by whoever has it now.
  const read = async () => {
    reading = new AbortController();
    const mine = reading, end = () => mine.abort();
    stop.signal.addEventListener('abort', end);
    const slow = setTimeout(end, 5_000);
    try {
      const res = await fetch('/v1/events', { signal: mine.signal, cache: 'no-store', headers: { 'Doorstep-Session': 'cookie', ...headers, ...(cursor ? { 'Last-Event-ID': cursor } : {}) } });
      clearTimeout(slow);
      if (res.status === 401) await ask('GET', '/v1/me', { headers, within: 5_000 }); // renews the session
      if (!res.ok || !res.body) return;
      const reader = res.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ''; ;) {
        const { value, done } = await reader.read();
        if (done) return;
        fed();
        channel?.postMessage(cursor ? 'beat ' + cursor : 'beat');
        const lines = (rest + value).split('\n');
        rest = lines.pop() || '';
        lines.forEach(line);
      }
    } finally {
      clearTimeout(slow);
      stop.signal.removeEventListener('abort', end);
    }
  };
  const lead = async () => {
    for (let wait = 250; !over(); wait = Math.min(wait * 2, 1_000)) {
      const began = performance.now();
      await read().catch((e) => { if (e instanceof Refused && (e.status === 401 || e.status === 403)) wait = 30_000; });
      if (performance.now() - began > 3_000) wait = 250; // it had held
      if (!over()) await pause(wait);
    }
  };
  if (channel) channel.onmessage = (e) => {
    if (over()) return;
    const [what, at] = String(e.data).split(' ');
    if (what === 'change') later();
    if (what === 'beat') { cursor = at || cursor; fed(); }
  };
  if (navigator.locks && channel) {
    navigator.locks.request('doorstep-events', { signal: stop.signal }, lead).catch(() => {});
  } else lead();

  const probe = async () => {
    asking = true;
    const res = await fetch('/livez', { cache: 'no-store', signal: AbortSignal.timeout(2_000) }).catch(() => null);
    asking = false;
    if (!res?.ok || over()) return;
    heardAt = performance.now();
    reaches(true);
  };
  const timer = setInterval(() => {
    const now = performance.now(), gap = now - ticked;
    ticked = now;
    if (gap > 4 * tick) heardAt = Math.max(heardAt, now - doubt); // this page was asleep or busy, and what came waits in line
    const quiet = now - heardAt, silent = now - fedAt;
    if (quiet > doubt && !asking) probe();
    if (quiet > lost) reaches(false);
    if (silent > lost) lives(false);
    if (silent > held && there) {
      if (reading && !reading.signal.aborted) reading.abort(); // to begin anew
      if (now - polled > poll) { polled = now; to.changed(); }
    }
  }, tick);
  const off = () => { heardAt = -lost; probe(); reaches(false); };
  addEventListener('offline', off);
  return () => {
    stop.abort();
    clearInterval(timer);
    clearTimeout(soon);
    removeEventListener('offline', off);
    channel?.close();
  };
};
