import { useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { get, send } from './state.js';
import { Failed, useMove } from './ui.js';
import { say } from './words.js';

/** @typedef {import('api').components['schemas']} Schemas */

/** sendLink lets the system deliver a job's link, and gives how. @param {string} job @param {string} id @returns {Promise<string>} */
export const sendLink = async (job, id) => {
  const sent = /** @type {Schemas['SentLink']} */ (await send('POST', `/v1/jobs/${job}/link/send`, undefined, id));
  return say('link.sent', { how: sent.sent_by.map((by) => say('link.by.' + by)).join(', ') });
};

/**
 * Link is delivered by the system, or read by a member of staff who sends it: what comes through a link that staff have read
 * needs the household's own word (docs/product.md section 5), so delivering stands first.
 * @param {{job: {id: string}, home: Schemas['Customer']}} p
 */
export const Link = ({ job, home }) => {
  const [said, setSaid] = useState(''), [text, setText] = useState(''), [url, setURL] = useState('');
  const deliver = useMove(async (id) => setSaid(await sendLink(job.id, id)));
  const read = useMove(async () => {
    const link = /** @type {Schemas['ShareLink']} */ (await get(`/v1/jobs/${job.id}/link`));
    setText(link.text);
    setURL(link.share_url);
  });
  const phone = home.contacts.flatMap((k) => k.phones)[0];
  return html`<div class="card stack link"><div class="row"><button class="btn small primary" disabled=${deliver.busy} onClick=${deliver.go}>${say('link.send')}</button>
      ${!url && html`<button class="btn small" disabled=${read.busy} onClick=${read.go}>${say('link.read')}</button>`}</div>
    <p role="status">${said}</p><${Failed} error=${deliver.error || read.error} />
    ${!url && html`<p class="quiet dense">${say('link.why')}</p>`}
    ${url && html`<p class="dense wrap">${text}</p><div class="row"><button class="btn small" onClick=${() => navigator.clipboard.writeText(text).then(() => setSaid(say('link.copied'))).catch(() => setSaid(say('link.nocopy')))}>${say('link.copy')}</button>
      ${phone && html`<a class="btn small" target="_blank" rel="noreferrer noopener" href=${`https://wa.me/${phone.replace(/\D/g, '')}?text=${encodeURIComponent(text)}`}>${say('link.whatsapp')}</a>`}</div>`}</div>`;
};
