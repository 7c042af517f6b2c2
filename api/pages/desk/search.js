import { html } from '../app/html.js';
import { get, takesCalls, useLoad } from './state.js';
import { Empty, Failed, Waiting } from './ui.js';
import { say } from './words.js';

let soon = 0;

/** searched puts what is looked for into the address; at once where it was sent. @param {string} words @param {boolean} now */
export const searched = (words, now) => {
  clearTimeout(soon);
  const go = () => {
    const to = '#/desk' + (words.trim() ? '?q=' + encodeURIComponent(words.trim()) : '');
    if (location.hash.startsWith('#/desk')) history.replaceState(null, '', to);
    else history.pushState(null, '', to);
    dispatchEvent(new HashChangeEvent('hashchange'));
  };
  if (now) go();
  else soon = window.setTimeout(go, 250);
};

/** sought is what somebody sent: one household that alone is found is opened. @param {string} words */
export const sought = (words) => {
  searched(words, true);
  if (words.trim()) get(`/v1/customers?limit=2&q=${encodeURIComponent(words.trim())}`).then(({ items }) => { if (items.length === 1) location.hash = '#/household/' + items[0].id; }, () => {});
};

/** isPhone reports whether words can be a telephone number. @param {string} words */
export const isPhone = (words) => /^[+\d][\d\s().-]{5,}$/.test(words.trim());

/** Search lists the households that words find. @param {{words: string}} p */
export const Search = ({ words }) => {
  const found = useLoad(async () => (words ? get(`/v1/customers?limit=20&q=${encodeURIComponent(words)}`) : get('/v1/customers?limit=12')), [words]);
  const rows = /** @type {import('api').components['schemas']['Customer'][] | undefined} */ (found.data?.items);
  const make = '#/new' + (isPhone(words) ? '?phone=' + encodeURIComponent(words) : '');
  return html`<div class="spread head"><h1 class="title">${words ? say('search.found', { words }) : say('search.latest')}</h1>
    ${takesCalls() && html`<div class="row acts"><a class="btn small" href=${make.replace('#/new', '#/end')}>${say('end.title')}</a><a class="btn small primary" href=${make}>${say('new.title')} <kbd>n</kbd></a></div>`}</div>
    <${Failed} error=${found.error} again=${found.reload} />
    ${!rows ? !found.error && html`<${Waiting} />` : rows.length === 0 ? html`<${Empty} words=${say('search.none', { words })} />`
      : html`<ul class="rows">${rows.map((c) => html`<li key=${c.id}><a href=${'#/household/' + c.id}><b>${c.name}</b>
        <span class="quiet">${[c.sites[0]?.address, c.sites[0]?.postal_code].filter(Boolean).join(' ')}</span>
        <span class="number">${c.contacts.flatMap((k) => k.phones)[0] || ''}</span>
        ${c.may_be_known && html`<span class="pill warn">△ ${say('known.checked')}</span>`}</a></li>`)}</ul>`}`;
};
