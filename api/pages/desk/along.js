import { render } from 'preact';
import { html } from '../app/html.js';
import { SosBanner, watchAlarms } from './sos.js';
import { change, get } from './state.js';
import { follow } from './stream.js';

/**
 * What the board and the import have of the desk: its alarm over the page, and on the board the one stream of all tabs. session.js says
 * who is signed in; what comes is told as events of the page: doorstep-change, doorstep-live and doorstep-reach.
 */
const box = /** @type {HTMLElement} */ (document.getElementById('along'));

/** @type {(() => void)[]} */
let off = [];

const tell = (/** @type {string} */ what, /** @type {any} */ detail = null) => dispatchEvent(new CustomEvent('doorstep-' + what, { detail }));

const begin = () => {
  if (off.length) return;
  render(html`<${SosBanner} />`, box);
  off.push(watchAlarms(), () => { render(null, box); change({ alarms: [] }); });
  get('/v1/centres?limit=100').then(({ items }) => change({ centres: items }), () => {}); // whose zones the times are in
  if (box.dataset.events === undefined) return;
  let was = true;
  off.push(follow({ 'Doorstep-Client': 'doorstep-board/1' }, { changed: () => tell('change'), live: (live) => tell('live', live),
    reach: (there) => { if (there !== was) tell('reach', was = there); } }));
};
const end = () => { off.forEach((f) => f()); off = []; };

addEventListener('doorstep-in', begin);
addEventListener('doorstep-out', end);
if (document.documentElement.dataset.in) begin();
