import { useEffect, useState } from 'preact/hooks';
import * as db from './db.js';
import { html } from './html.js';
import { place } from './moves.js';
import { Field } from './parts.js';
import { end, helpers, message, raise, safe } from './sos.js';
import { change, reload, say, useNow } from './state.js';
import { clock } from './when.js';

/** Sos is the alarm: whom to call first, then who was rung and who answers. */
export const Sos = () => {
  const s = useNow();
  const [armed, arm] = useState(false), [code, setCode] = useState(''), [wrong, setWrong] = useState(''), [busy, setBusy] = useState(false);
  const saySafe = async (/** @type {Event} */ e) => {
    e.preventDefault();
    setBusy(true);
    setWrong(await safe(code));
    setCode('');
    setBusy(false);
  };
  useEffect(() => { if (s.sos && !s.sos.place) place(8_000).then((at) => { if (at.lat !== undefined && s.sos) { s.sos.place = at; change({ sos: { ...s.sos } }); } }); }, [!!s.sos]);
  const number = s.sos?.view?.emergency_number || s.me?.help?.emergency_number || '112';
  const x = s.sos, v = x?.view;
  const said = !x ? '' : v?.status === 'resolved' ? say('sos.resolved') : x.safe ? say('sos.safe.said') : v?.status === 'acknowledged' ? v.owner ? say('rung.by', { who: v.owner.name }) : say('sos.answered') : x.sent ? say(v?.reached ? 'sos.ringing' : 'sos.sent') : say('sos.unsent');
  const fire = () => { if (armed) raise(); arm(!armed); };
  return html`<main id="screen" tabindex="-1" class="sosscreen stack"><header class="top"><a class="btn plain small" href="#/">‹ ${say('back')}</a><h1 class="title">${say('sos')}</h1></header>
    ${x && html`<section class=${'card stack ' + (v?.status === 'resolved' || x.safe ? '' : v?.status === 'acknowledged' ? 'good' : 'danger')} role="status" aria-live="assertive"><b class="big">${said}</b>
      <p class="dense">${say('sos.since', { at: clock(x.at + s.skew) })}${x.place ? ' · ' + say('sos.place', { m: x.place.accuracy_m }) : ' · ' + say('sos.noplace')}</p>
      ${v?.advice && !x.safe && html`<p>${v.advice}</p>`}</section>`}
    ${x?.sent && !x.safe && v?.status !== 'resolved' && html`<details class="card"><summary>${say('sos.safe')}</summary><form class="stack" onSubmit=${saySafe}><p class="dense">${say('sos.safe.why')}</p>
      <${Field} id="safecode" label=${say('timer.code.label')} value=${code} set=${setCode} more=${{ type: 'password', autocomplete: 'off', maxLength: 32 }} />
      <p role="alert" class="wrong">${wrong}</p><button class="btn wide" disabled=${busy}>${say(busy ? 'busy' : 'sos.safe.go')}</button></form></details>`}
    ${(!x || x.safe) && html`<button class="sos huge" onClick=${fire}>${armed ? say('sos.again') : say('sos.raise')}</button><p class="quiet">${say('sos.why')}</p>`}
    <a class="btn danger wide tall" href=${'tel:' + number}>☎ ${say('sos.number', { n: number })}</a>
    ${helpers().map((h) => html`<div key=${h.phone} class="helper"><a class="btn" href=${'tel:' + h.phone}><span>☎ ${h.name}<br /><span class="label">${say('role.' + h.role)}</span></span></a>
      <a class="btn" href=${'sms:' + h.phone + '?body=' + encodeURIComponent(message(say('sos.sms')))}>${say('sms')}</a></div>`)}
    ${!helpers().length && html`<p class="quiet">${say('sos.nobody')}</p>`}
    ${v?.status === 'resolved' && html`<button class="btn wide" onClick=${async () => { await end(); location.hash = '#/'; }}>${say('sos.close')}</button>`}
    <label class="row"><input type="checkbox" checked=${!!s.settings.discreet} onChange=${async (/** @type {any} */ e) => { await db.set('settings', { ...s.settings, discreet: e.target.checked }); await reload(); }} /> ${say('sos.discreet')}</label>
    <p class="dense quiet">${say('sos.disclaimer')}</p></main>`;
};
